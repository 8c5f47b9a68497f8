// What the jobs of one app need of the machine, by where its database is: a file that they share with the app, or a server that
// lets them in.
import { dirname } from 'node:path';
import { shellWord } from '../../lib/base/shell-word.ts';
import type { FileApp, GuardedApp, PostgresApp } from '../../lib/config/config.ts';
import { addressIn } from '../../lib/config/sections/postgres-target.ts';
import { userGroup } from './accounts.ts';
import type { Documents, DropIn } from './drop-in.ts';
import type { Problems } from './problems.ts';
import { databaseGroup, requireWritable } from './reach.ts';
import {
  checkPrivate,
  deltaCredentials,
  readSecretFile,
  serveCredentials,
  serverCredentials,
  shipCredentials,
} from './secret-files.ts';
import { shipCommand } from './wanted.ts';

/** Of its drop-in what is its own; `writes` and `credentials` beside those of the store. */
type AppParts = Pick<
  DropIn,
  | 'group'
  | 'writes'
  | 'credentials'
  | 'documents'
  | 'isStandby'
  | 'isMaintained'
  | 'everyMs'
  | 'delta'
  | 'serve'
  | 'server'
>;

interface Machine {
  readonly root: string;
  readonly user: string;
}

/** Undefined where something is in the way without which nothing more can be said; everything that is, is noted. */
export function appParts(machine: Machine, app: GuardedApp, problems: Problems): AppParts | undefined {
  return app.engine === 'sqlite' ? ofFile(machine, app, problems) : ofServer(machine, app, problems);
}

function ofFile({ root, user }: Machine, app: FileApp, problems: Problems): AppParts | undefined {
  const group = databaseGroup({ root, user, app }, problems);
  if (group === undefined) return undefined;
  const writes = [dirname(app.database)];
  const serving = serveCredentials(root, app);
  for (const { path } of [...deltaCredentials(root, app), ...serving]) checkPrivate(root, path, problems);
  return {
    ...{ group, writes, credentials: [] },
    documents: documentsOf(app, { root, group, user }, problems),
    isStandby: app.standby !== undefined,
    isMaintained: app.maintain !== undefined,
    everyMs: app.everyMs,
    delta: app.delta && deltaCredentials(root, app),
    serve: app.serve && { writes, credentials: serving },
    server: undefined,
  };
}

/** What its documents need. Notes a directory that the jobs could not write, and a secret that others may read. */
function documentsOf(
  { export: made, import: read }: FileApp,
  { root, group, user }: { root: string; group: string; user: string },
  problems: Problems,
): Documents | undefined {
  if (made === undefined) return undefined;
  const mirror = read?.database === undefined ? [] : [dirname(read.database)];
  const writes = [made.directory, ...mirror];
  for (const path of writes) requireWritable({ root, group, user }, path, problems);
  const credentials = shipCredentials(root, made.ship);
  for (const { path } of credentials) checkPrivate(root, path, problems);
  return { writes, command: made.ship === undefined ? undefined : shipCommand, credentials };
}

/** No file is shared with the app: the jobs keep the group that they have. */
function ofServer({ root, user }: Machine, app: PostgresApp, problems: Problems): AppParts | undefined {
  const credentials = serverCredentials(root, app);
  const url = credentials.find(({ name }) => name.endsWith('-url'));
  if (app.urlFile !== undefined && url === undefined) {
    problems.add(
      `${app.urlFile} is not there, which holds the address of its database`,
      `sudo install -m 600 /dev/stdin ${shellWord(app.urlFile)}, and type it there`,
    );
    return undefined;
  }
  for (const { path } of credentials) checkPrivate(root, path, problems);
  const socket = problems.attempt(() => socketOf(root, app, url?.path));
  return {
    group: userGroup(root, user) ?? user,
    ...{ writes: [], credentials, documents: undefined, isStandby: false, isMaintained: false },
    everyMs: app.everyMs,
    ...{ delta: undefined, serve: undefined, server: { socket: socket ?? undefined } },
  };
}

/** The directory with the socket of the server; null for one that is asked over the network. Throws OpsError for no address. */
function socketOf(root: string, app: PostgresApp, file: string | undefined): string | null {
  const { host } = file === undefined ? app.readTarget() : addressIn(readSecretFile(root, file), file);
  return host.startsWith('/') ? host : null;
}
