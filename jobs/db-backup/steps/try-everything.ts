// Tries everything a backup needs, without making one.
import { OpsError } from '../../../lib/base/errors.ts';
import type { Finding } from '../../../lib/base/finding.ts';
import { formatBytes } from '../../../lib/base/format.ts';
import { formatTable } from '../../../lib/base/table.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import { writeFileAtomically } from '../../../lib/files/durable.ts';
import { digestFile } from '../../../lib/files/hash-file.ts';
import { freeBytes, spaceCommand } from '../../../lib/files/space.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { Outcome, View } from '../../../lib/run/job.ts';
import { trialName } from '../../../lib/run/run-scratch.ts';
import type { StoreTrial } from '../../../lib/store/store.ts';
import { localCopies } from '../../steps/back-up-app.ts';
import { nothingAccepted } from '../../steps/judge.ts';
import { spaceNeeded } from '../../steps/snapshot.ts';

/** What was tried, and how it went. */
export interface Trials {
  checks: StoreTrial[];
}

/** Tries it for these apps; `dryRun` only looks, and puts nothing into the store. */
export async function tryEverything(
  context: JobContext,
  apps: readonly GuardedApp[],
  { dryRun }: { dryRun: boolean },
): Promise<Outcome<Trials>> {
  const checks: StoreTrial[] = [
    { name: 'configuration', ok: true, detail: context.config.source, hint: undefined },
    await tried('store', () => probeStore(context, dryRun)),
    ...(await context.examineStore()),
    await tried('state', () => probeScratch(context)),
    await tried('clock', () => probeClock(context)),
  ];
  for (const each of apps) {
    checks.push(await tried(`${each.name}: database`, () => probeDatabase(context, each, dryRun)));
    checks.push(await tried(`${each.name}: space`, () => probeSpace(context, each)));
    if (each.formats.includes('pages'))
      checks.push(await tried(`${each.name}: space for pages`, () => probePagesSpace(context, each)));
    checks.push(await tried(`${each.name}: lock`, () => probeLock(context, each)));
  }
  return { result: { checks }, findings: checks.flatMap(findingOf) };
}

/** What a person reads of the trials. */
export function trialsText({ checks }: Trials, view: View): string[] {
  return [
    ...formatTable(
      checks.map(({ name, ok, detail }) => [ok ? 'ok' : 'FAILED', name, detail]),
      view,
    ),
    ...[...new Set(checks.map(({ hint }) => hint))].flatMap((hint) => {
      const of = checks.filter((check) => check.hint === hint).map(({ name }) => name);
      return hint === undefined ? [] : [`hint for ${of.join(', ')}: ${hint}`];
    }),
  ];
}

function findingOf({ name, ok, detail, hint }: StoreTrial): Finding[] {
  return ok ? [] : [{ subject: name, severity: 'critical', message: detail, hint }];
}

async function tried(name: string, probe: () => Promise<string>): Promise<StoreTrial> {
  try {
    return { name, ok: true, detail: await probe(), hint: undefined };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return { name, ok: false, detail: error.message, hint: error.hint };
  }
}

/** Puts a small object, reads it back and removes it: a store that only lists is no store. */
async function probeStore(context: JobContext, dryRun: boolean): Promise<string> {
  const store = await context.openStore();
  if (dryRun) return `${store.description}: there`;
  const scratch = await context.scratch(store.stagingDirectory);
  const name = trialName(context.runId);
  await using note = await context.noteElsewhere({ object: name });
  void note;
  try {
    await writeFileAtomically(scratch.file('probe'), 'this file may be removed\n');
    await store.put(name, await digestFile(scratch.file('probe')));
    try {
      await store.read(name);
    } catch (error) {
      await store.remove(name).catch(() => undefined); // why it cannot be read is the news
      throw error;
    }
    await store.remove(name);
    return `${store.description}: can be written, read and cleaned`;
  } finally {
    await scratch.remove();
  }
}

async function probeScratch(context: JobContext): Promise<string> {
  const scratch = await context.scratch();
  await scratch.remove();
  return `${context.config.stateDirectory}: can be written`;
}

async function probeClock(context: JobContext): Promise<string> {
  const state = await context.clockState();
  if (state !== 'unsynchronised')
    return state === 'synchronised' ? 'synchronised' : 'no time service to ask; taken as it is';
  throw new OpsError('unavailable', 'not synchronised: backups are made, but nothing is pruned', {
    hint: 'timedatectl status; where there is no time service, set clock = "trusted"',
  });
}

/** A look does not meet the locks of the app, nor what side files must be made to read: a copy begins by reading. */
async function probeDatabase(context: JobContext, app: GuardedApp, dryRun: boolean): Promise<string> {
  const { clock, signal } = context;
  const source = context.source(app);
  const look = await source.look();
  const wait = (ms: number) => context.wait(ms, signal);
  await source.begin(look, { now: clock.now(), wait, signal, makeNothing: dryRun });
  const { path, sizeBytes, remarks } = look;
  return `${path}: ${[formatBytes(sizeBytes), ...remarks].join(', ')}`;
}

async function probeSpace(context: JobContext, app: GuardedApp): Promise<string> {
  const store = await context.openStore();
  const copies = localCopies(store, app, {
    label: undefined,
    acceptance: nothingAccepted,
    refreshLatest: true,
    formats: app.formats,
    storesUnchanged: true,
  });
  const needed = spaceNeeded(await context.source(app).look(), copies);
  const directory = store.stagingDirectory ?? context.config.stateDirectory;
  return requireFree(directory, needed, `needs ${formatBytes(needed)}`);
}

/**
 * What a full needs in the state directory: its objects until they are stored, twice where they are sealed, and the copy that is
 * kept. Pages that do not compress at all are the worst.
 */
async function probePagesSpace({ config, source }: JobContext, app: GuardedApp): Promise<string> {
  const { sizeBytes } = await source(app).look();
  const copies = (config.encryption === undefined ? 1 : 2) + (app.pages.keepsFull ? 1 : 0);
  const kept = app.pages.keepsFull
    ? `, ${formatBytes(sizeBytes)} of it for good`
    : ', and nothing of it for good';
  const what = `a full needs up to ${formatBytes(copies * sizeBytes)}${kept}`;
  return requireFree(config.stateDirectory, copies * sizeBytes, what);
}

/** Throws OpsError `io` where less is free; what is said to be needed, and what is free. */
async function requireFree(directory: string, neededBytes: number, what: string): Promise<string> {
  const free = await freeBytes(directory);
  if (free === undefined || free >= neededBytes)
    return `${what}, ${free === undefined ? 'unknown' : formatBytes(free)} free in ${directory}`;
  throw new OpsError('io', `${what}, only ${formatBytes(free)} free in ${directory}`, {
    hint: `free some space: ${spaceCommand(directory)}`,
  });
}

async function probeLock(context: JobContext, app: GuardedApp): Promise<string> {
  const lock = await context.lock(app, 'db-backup test');
  await lock.release();
  return lock.path;
}
