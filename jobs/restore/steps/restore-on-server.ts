// A restore of a PostgreSQL database: fetched and proven here, restored into a new database beside the live one, and that given its name.
import { open } from 'node:fs/promises';
import type { Manifest } from '../../../lib/backup/manifest.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { Finding } from '../../../lib/base/finding.ts';
import { shellWord } from '../../../lib/base/shell-word.ts';
import type { PostgresApp } from '../../../lib/config/config.ts';
import { placeOf } from '../../../lib/health/postgres-target.ts';
import { lookAtDatabases } from '../../../lib/postgres/swap/look.ts';
import { missingRoles } from '../../../lib/postgres/swap/missing-roles.ts';
import type { Place } from '../../../lib/postgres/swap/place.ts';
import { type PreparedDatabase, prepareNew } from '../../../lib/postgres/swap/prepare-new.ts';
import { requireReplaceable, requireUnused, sessionsWords } from '../../../lib/postgres/swap/readiness.ts';
import { settle } from '../../../lib/postgres/swap/settle.ts';
import { placeNew, requireFree, swap } from '../../../lib/postgres/swap/swap.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { damageIn } from '../../../lib/source/source.ts';
import { atServer, rolesIn } from '../../steps/server-place.ts';
import { type Choice, withSoundBackup } from './next-sound.ts';
import { planOnServer } from './plan-on-server.ts';
import { type Replaced, startAndProbe, whileStopped } from './replace-database.ts';
import { choose, requireConsent, restored, type Restored, type RestoreOrder } from './restored.ts';
import { settleServer } from './settle-server.ts';
import { stageBackup, type Staged } from './stage-backup.ts';
import { swapBack } from './undo-on-server.ts';

/** What came of it, and what is to be said of it beside that. */
export interface RestoredOnServer {
  result: Restored;
  findings: Finding[];
}

/** Replaces the live database. Throws OpsError; then what was in place still is, unless it says otherwise. */
export async function restoreOnServer(
  context: JobContext,
  app: PostgresApp,
  options: RestoreOrder,
): Promise<RestoredOnServer> {
  await using lock = await context.lock(app, 'restore run');
  void lock;
  const settled = await settleServer(context, app);
  const chosen = () => choose(context, app, options);
  const { result, passedOver } = await withSoundBackup(context, options, chosen, (choice) =>
    restoreChosen(context, app, options, choice),
  );
  return { result: { ...result, settled, passedOver }, findings: [] };
}

/** `--to`: a new database on the same server. The live one, its lock and its services are not touched. */
export async function restoreToServer(
  context: JobContext,
  app: PostgresApp,
  options: RestoreOrder,
  database: string,
): Promise<RestoredOnServer> {
  const act = 'restore to';
  await atServer(context, app, { act, database, work: requireFree });
  const chosen = () => choose(context, app, options);
  const { result, passedOver } = await withSoundBackup(context, options, chosen, (choice) =>
    withStaged(context, app, { choice, options }, (staged, path) =>
      atServer(context, app, {
        act,
        database,
        work: async (place) => {
          await using ready = await prepare(context, place, { choice, path });
          const problems = problemsOf(context, app, ready, staged.manifest);
          await placeNew(place, ready);
          return { target: placeOf(place.target), proof: staged.proof, problems, backup: choice.entry.name };
        },
      }),
    ),
  );
  const { target, proof, problems, backup } = result;
  context.noteLeft(`${target} is complete`);
  return {
    result: { ...restored(app, target, backup, proof, []), replaced: undefined, passedOver },
    findings: problems.map((message) => ({ subject: app.name, severity: 'warning', message })),
  };
}

async function restoreChosen(
  context: JobContext,
  app: PostgresApp,
  options: RestoreOrder,
  choice: Choice,
): Promise<Omit<Restored, 'passedOver'>> {
  const act = 'restore';
  // What would be refused at the end is refused before anything is fetched.
  await atServer(context, app, {
    act,
    work: (place) => requireReady(context, place, app, choice.entry.manifest),
  });
  if (!options.yes)
    await requireConsent(context, app, (await planOnServer(context, { app, ...choice, to: undefined })).plan);
  return withStaged(context, app, { choice, options }, (staged, path) =>
    atServer(context, app, {
      act,
      work: async (place) => {
        await requireReady(context, place, app, staged.manifest);
        await using ready = await prepare(context, place, { choice, path });
        requireAsPromised(context, app, {
          choice,
          problems: problemsOf(context, app, ready, staged.manifest),
        });
        return await replaceBy(context, app, { place, ready, staged, backup: choice.entry.name });
      },
    }),
  );
}

async function replaceBy(
  context: JobContext,
  app: PostgresApp,
  {
    place,
    ready,
    staged: { proof },
    backup,
  }: { place: Place; ready: PreparedDatabase; staged: Staged; backup: string },
): Promise<Omit<Restored, 'passedOver'>> {
  const target = placeOf(place.target);
  const swapped = await whileStopped(context, app, {
    work: () =>
      swap(place, ready, { replacedBy: backup, others: context.services(app).isNone ? 'refuse' : 'end' }),
    settle: () => settleQuietly(context, place),
  });
  if (swapped.ended.length > 0)
    context.log.warn(`${app.name}: ${sessionsWords(swapped.ended)} connected, and ended`);
  for (const difference of swapped.differences)
    context.log.info(`${app.name}: kept as it was, and not as in the backup: ${difference}`);
  const replaced: Replaced = {
    undo: swapped.undo,
    previous: swapped.undo === undefined ? 'none' : 'whole',
    notCarried: swapped.notCarried,
    ...(await startAndProbe(context, app)),
  };
  context.noteLeft(`${backup} is in place at ${target}`);
  const outcome = { ...restored(app, target, backup, proof, []), replaced };
  if (replaced.health === 'unwell' && swapped.undo !== undefined) {
    context.log.error(`${app.name}: the app is not well with ${backup}: ${replaced.detail}`);
    return { ...outcome, isInPlace: false, wentBack: await swapBack(context, app, place, swapped.undo) };
  }
  await swapped.keep();
  context.signal.throwIfAborted();
  return outcome;
}

/** Fetched and proven, in scratch that goes again. */
async function withStaged<T>(
  context: JobContext,
  app: PostgresApp,
  { choice, options }: { choice: Choice; options: RestoreOrder },
  work: (staged: Staged, path: string) => Promise<T>,
): Promise<T> {
  await using scratch = await context.scratch();
  const path = scratch.file('backup.dump');
  return await work(await stageBackup(context, app, choice, { database: path, path }, options), path);
}

async function prepare(
  { progress }: JobContext,
  place: Place,
  { choice: { entry }, path }: { choice: Choice; path: string },
): Promise<PreparedDatabase> {
  const file = await open(path, 'r');
  progress.start('restoring beside the live database', 0);
  try {
    const { size } = await file.stat();
    const archive = { fd: file.fd, sizeBytes: size, called: entry.name };
    return await prepareNew(place, archive, { onBeat: () => progress.update(0) });
  } finally {
    progress.end();
    await file.close();
  }
}

async function requireReady(
  context: JobContext,
  place: Place,
  app: PostgresApp,
  manifest: Manifest | undefined,
): Promise<void> {
  await requireReplaceable(place);
  const { live } = await place.ask((session) => lookAtDatabases(session, place.name));
  if (live !== undefined && context.services(app).isNone)
    await requireUnused(place, [live], {
      connected: `stop the app first, or name what stops it: services in [apps.${app.name}]`,
    });
  const missing = await missingRoles(place, rolesIn(manifest));
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(', ');
  throw new OpsError('refused', `cannot ${place.act}: the server has no role ${names}, of whom it is`, {
    hint: `read this, and let a superuser run it: ${missing.flatMap(({ sql }) => sql).join(' ')}`,
  });
}

/** Where what came out of the archive on this server is not what its manifest says. */
function problemsOf(
  context: JobContext,
  app: PostgresApp,
  { measurement: { facts, integrity } }: PreparedDatabase,
  manifest: Manifest | undefined,
): string[] {
  const known = manifest?.integrity.findings ?? [];
  const findings = (integrity.findings ?? []).filter((finding) => !known.includes(finding));
  const differs = manifest === undefined ? [] : context.source(app).compare(manifest, facts);
  return [...new Set([...damageIn(integrity), ...findings, ...differs])];
}

function requireAsPromised(
  { log }: JobContext,
  app: PostgresApp,
  { choice, problems }: { choice: Choice; problems: readonly string[] },
): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  const { name } = choice.entry;
  for (const problem of problems) log.error(`${name}: ${problem}`);
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  throw new OpsError(
    'refused',
    `cannot restore ${name}: what comes out of it on this server is not what it was: ${first}${more}`,
    {
      hint: `nothing was replaced; to look at what comes out of it: restore run ${shellWord(name)} --app ${app.name} --to ${app.name.toLowerCase().replace(/[^a-z0-9]/g, '_')}_look`,
    },
  );
}

/** One transaction changes the names: the old database is in place, whole. What was made ready goes with its disposal. */
async function settleQuietly({ log, noteLeft }: JobContext, place: Place): Promise<void> {
  try {
    await settle(place);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    log.error(`what the restore left could not be settled: ${error.message}`);
    noteLeft(`restore status says which database is in place at ${placeOf(place.target)}`);
  }
}
