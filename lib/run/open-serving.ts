// A database that is served to its readers: what notes its changes, put there and taken away, and what is read of it.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { OpsError } from '../base/errors.ts';
import type { FileApp } from '../config/config.ts';
import type { ServeConfig } from '../config/pull-config.ts';
import type { Serving } from '../delta/serving.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { createDirectories } from '../files/make-directories.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { ifPathThere } from '../files/if-there.ts';
import { inStateDirectory } from '../files/state-directory.ts';
import { type Installed, installCapture, planCapture, uninstallCapture } from '../sqlite/capture/install.ts';
import { type CaptureOptions, openCapture, type OpenCapture } from '../sqlite/capture/open.ts';
import { openServing } from '../sqlite/serving/serving.ts';

export type ServedApp = FileApp & { readonly serve: ServeConfig };

export interface ServedDatabase {
  install(): Promise<Installed>;
  /** What that would put there. */
  plan(): Promise<Installed>;
  /** Throws OpsError `refused` where a sender needs it as well. */
  uninstall(): Promise<{ readonly dropped: readonly string[] }>;
  /** Nothing is opened before it is asked. */
  open(): Serving;
  /** Ours alone, for answers that are made before they are sent. */
  spoolDirectory(): Promise<string>;
  /** What signs its tokens: the same after a restart. */
  tokenSecret(): Promise<Uint8Array>;
}

/** So long a lock of the app is waited for. */
const busyMs = 5000;
const secretBytes = 32;

export function servedDatabase(
  app: ServedApp,
  { stateDirectory, clock }: { stateDirectory: string; clock: Clock },
): ServedDatabase {
  const { database, delta, serve } = app;
  // Where a sender has them as well, the triggers are those that it wants: two that differ would take turns.
  const collection = delta ?? { tables: serve.tables, without: serve.without };
  const directory = join(stateDirectory, 'serve', app.name);
  const made = () => inStateDirectory(`write ${directory}`, () => createDirectories(directory, 0o700));
  requireTriggers(app);
  return {
    install: () => installCapture(database, collection),
    plan: () => planCapture(database, collection),
    async uninstall() {
      if (delta === undefined) return uninstallCapture(database);
      throw new OpsError(
        'refused',
        `cannot take the triggers of ${app.name} away: its changes are pushed as well`,
        {
          hint: `delta-push uninstall --app ${app.name}, if nobody needs them any more`,
        },
      );
    },
    open: () =>
      openServing({
        path: database,
        openCapture: ({ path, file }) => openWatching(app, path, { file, collection }),
        hasSender: delta !== undefined,
        tables: serve.tables,
        without: serve.without,
        keptMs: serve.keptMs,
        rowsMax: serve.logRowsMax,
        busyMs,
        clock,
      }),
    async spoolDirectory() {
      await made();
      const path = join(directory, 'answers');
      mkdirSync(path, { recursive: true, mode: 0o700 });
      return path;
    },
    async tokenSecret() {
      await made();
      const path = join(directory, 'token-secret');
      return inStateDirectory(`read ${path}`, async () => {
        const there = await ifPathThere(readSmallFile(path, { sizeBytesMax: secretBytes, follow: false }));
        if (there?.bytes.length === secretBytes) return there.bytes;
        const secret = randomBytes(secretBytes);
        await writeFileAtomically(path, secret, { mode: 0o600, toOwner: true });
        return secret;
      });
    },
  };
}

/** Nothing is ever dropped for being too much here: serving prunes by itself. */
function openWatching(
  { name }: ServedApp,
  path: string,
  of: Pick<CaptureOptions, 'file' | 'collection'>,
): OpenCapture {
  try {
    return openCapture(path, { ...of, shadow: undefined, logRowsMax: Infinity, busyMs });
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind !== 'missing') throw error;
    const hint = `delta-serve install --app ${name} puts them there; with --dry-run it shows them first`;
    throw new OpsError('missing', error.message, { hint });
  }
}

function requireTriggers({ name, delta }: ServedApp): void {
  if (delta?.capture !== 'diff') return;
  throw new OpsError(
    'config',
    `cannot serve ${name}: apps.${name}.delta has capture = "diff", which notes no changes`,
    {
      hint: `leave it out, or give ${name} no serve`,
    },
  );
}
