// db-backup test: tries everything a backup needs, without making one.
import { OpsError } from '../../lib/base/errors.ts';
import { formatBytes, formatTable } from '../../lib/base/format.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { writeFileAtomically } from '../../lib/files/durable.ts';
import { digestFile } from '../../lib/files/hash-file.ts';
import { freeBytes } from '../../lib/files/space.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import type { StoreCheck } from '../../lib/store/store.ts';
import { localCopies } from './steps/back-up-app.ts';
import { selectedApps } from '../steps/each-app.ts';
import { spaceNeeded } from '../steps/snapshot.ts';

export const run: CommandRun = async (context, input) => {
  const checks: StoreCheck[] = [
    { name: 'configuration', ok: true, detail: context.config.source, hint: undefined },
    await check('store', () => probeStore(context, input.dryRun)),
    ...(await examineStore(context)),
    await check('state', () => probeScratch(context)),
    await check('clock', () => probeClock(context)),
  ];
  for (const app of selectedApps(context, input)) {
    checks.push(await check(`${app.name}: database`, () => probeDatabase(context, app)));
    checks.push(await check(`${app.name}: space`, () => probeSpace(context, app)));
    checks.push(await check(`${app.name}: lock`, () => probeLock(context, app)));
  }
  return {
    result: { checks },
    lines: [
      ...formatTable(checks.map(({ name, ok, detail }) => [ok ? 'ok' : 'FAILED', name, detail])),
      ...checks.flatMap(({ name, hint }) => (hint === undefined ? [] : [`hint for ${name}: ${hint}`])),
    ],
    badNews: checks.some(({ ok }) => !ok),
  };
};

async function check(name: string, probe: () => Promise<string>): Promise<StoreCheck> {
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
  const name = `holdfast-test-${context.runId}.tmp`;
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

/** What the store itself can say; nothing where it cannot be opened, which was told already. */
async function examineStore(context: JobContext): Promise<StoreCheck[]> {
  const store = await context.openStore().catch(() => undefined);
  return store === undefined ? [] : store.examine();
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

async function probeDatabase(context: JobContext, app: GuardedApp): Promise<string> {
  const { path, sizeBytes, remarks } = await context.source(app).look();
  return `${path}: ${[formatBytes(sizeBytes), ...remarks].join(', ')}`;
}

async function probeSpace(context: JobContext, app: GuardedApp): Promise<string> {
  const store = await context.openStore();
  const copies = localCopies(store, app, { label: undefined, acceptShrink: false, refreshLatest: true });
  const needed = spaceNeeded(await context.source(app).look(), copies);
  const directory = store.stagingDirectory ?? context.config.stateDirectory;
  const free = await freeBytes(directory);
  if (free === undefined || free >= needed) {
    return `needs ${formatBytes(needed)}, ${free === undefined ? 'unknown' : formatBytes(free)} free in ${directory}`;
  }
  throw new OpsError('io', `needs ${formatBytes(needed)}, only ${formatBytes(free)} free in ${directory}`, {
    hint: `free some space: df -h ${directory}`,
  });
}

async function probeLock(context: JobContext, app: GuardedApp): Promise<string> {
  const lock = await context.lock(app, 'db-backup test');
  await lock.release();
  return lock.path;
}
