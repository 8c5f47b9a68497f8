// What is found after a kill, beyond the states that the fault table goes through.
import { link, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { Recovery } from '../../../lib/placement/recovery.ts';
import {
  describeInterrupted,
  listUndoSets,
  makeStaging,
  readIntent,
  removeLeftStaging,
  settleInterrupted,
  writeIntent,
} from '../../support/by-path.ts';
import {
  inodesOf,
  makeCrashedSet,
  makeDatabase,
  namesBeside,
  readRows,
  rowsOf,
} from '../../support/database-sets.ts';
import { type Place, type Scenario, makePlace, runHere, traceScenario } from '../../support/fault-table.ts';
import { placeOnce } from '../../support/placements.ts';
import { recordingLog } from '../../support/recording-log.ts';

const clock = { now: () => new Date('2026-11-20T02:05:13Z'), monotonicMs: () => 0 };
const scenario: Scenario = {
  prepare: async (target) => makeDatabase(target, 'old', 10),
  action: 'place',
  old: rowsOf('old', 10),
  new: rowsOf('new', 50),
};

/** A placement killed right before or after a step: unless told, the one that puts the new database in place. */
async function interruptedAt(
  kind: 'kill-before' | 'kill-after',
  step = 'rename new.db',
  from = scenario,
): Promise<Place> {
  const operations = await traceScenario(from);
  const found = operations.find(({ name, file }) => `${name} ${file}`.startsWith(step));
  if (found === undefined) throw new Error(`there is no step ${step}`);
  const place = await makePlace(from);
  await runHere(place, 'place', found.number, kind);
  return place;
}

const undoing: Scenario = {
  prepare: async (target) => {
    makeDatabase(target, 'old', 10);
    await placeOnce(target, join(dirname(target), '..', 'source.db'), { clock, log: recordingLog() });
  },
  action: 'undo',
  old: rowsOf('new', 50),
  new: rowsOf('old', 10),
};

const crashed: Scenario = {
  ...scenario,
  prepare: (target) => makeCrashedSet(target, 'wal'),
  old: rowsOf('old', 600),
};

/** Settles without services; what was found, and what lay beside the database while the services were to be started. */
async function settle(target: string): Promise<{ recovery: Recovery | undefined; meanwhile: string[] }> {
  let meanwhile: string[] | undefined;
  const recovery = await settleInterrupted(target, { clock, log: recordingLog() }, async () => {
    meanwhile = await namesBeside(target);
  });
  if (meanwhile === undefined) throw new Error('the services were not started');
  return { recovery, meanwhile };
}

/** The app comes back before anybody recovers, writes, and leaves: the -wal is gone then, its content is not. */
function useMeanwhile(target: string): void {
  const app = new Database(target);
  app.exec("insert into entries (note) values ('written meanwhile')");
  app.close();
}

test('without an intent there is nothing to tell or to settle, but services may be stopped all the same', async () => {
  await using place = await makePlace(scenario);
  expect(await describeInterrupted(place.target)).toBeUndefined();
  expect(await settle(place.target)).toEqual({ recovery: undefined, meanwhile: [] });
});

test('before the exchange the old database is in place, and rolling back leaves nothing but it', async () => {
  await using place = await interruptedAt('kill-before');
  expect(await describeInterrupted(place.target)).toMatchObject({
    phase: 'placing',
    inPlace: 'old',
    intent: { app: 'ctv', backup: 'backups/ctv/new.db', services: 'flaskapp.service' },
  });
  expect(await listUndoSets(place.target)).toMatchObject([{ usable: false }]);
  const { recovery, meanwhile } = await settle(place.target);
  expect(recovery).toMatchObject({ outcome: 'rolled-back' });
  expect(recovery).not.toHaveProperty('keptUndo');
  expect(meanwhile).toEqual(['.app.db.restore.json']);
  expect(await namesBeside(place.target)).toEqual([]);
});

test('after the exchange the new database is in place, whatever the intent says', async () => {
  await using place = await interruptedAt('kill-after');
  expect((await readIntent(place.target))?.phase).toBe('placing');
  expect(await describeInterrupted(place.target)).toMatchObject({ phase: 'placed', inPlace: 'new' });
  const { recovery, meanwhile } = await settle(place.target);
  expect(recovery).toMatchObject({ outcome: 'rolled-forward' });
  expect(meanwhile).toContain('.app.db.restore.json');
  expect(await namesBeside(place.target)).toMatchObject([expect.stringMatching(/^app\.db\.undo-/)]);
});

test.each([
  ['before', 'kill-before'],
  ['after', 'kill-after'],
] as const)(
  'services that do not start %s the exchange leave the intent for the next try',
  async (_, kind) => {
    await using place = await interruptedAt(kind);
    const context = { clock, log: recordingLog() };
    const stays = settleInterrupted(place.target, context, () =>
      Promise.reject(new Error('it does not start')),
    );
    await expect(stays).rejects.toThrow('it does not start');
    expect(await describeInterrupted(place.target)).toMatchObject({
      inPlace: kind === 'kill-before' ? 'old' : 'new',
    });
    const outcome = kind === 'kill-before' ? 'rolled-back' : 'rolled-forward';
    expect((await settle(place.target)).recovery).toMatchObject({ outcome });
    expect(await describeInterrupted(place.target)).toBeUndefined();
  },
);

test.each([
  ['a restore', 'place'],
  ['an undo', 'undo'],
] as const)('%s that is killed between the placement and its keeping is finished', async (_, action) => {
  await using place = await makePlace(action === 'place' ? scenario : undoing);
  const operations = (await traceScenario(action === 'place' ? scenario : undoing)).map(
    ({ name, file }) => `${name} ${file}`,
  );
  const placed = operations.lastIndexOf('rename intent.json');
  await runHere(place, action, placed + 1, 'kill-after');
  expect(await describeInterrupted(place.target)).toMatchObject({
    inPlace: 'new',
    intent: { phase: 'placed' },
  });
  expect((await settle(place.target)).recovery).toMatchObject({ outcome: 'rolled-forward' });
  expect((await namesBeside(place.target)).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('the device number may be another one after a reboot', async () => {
  await using place = await interruptedAt('kill-after');
  const intent = await readIntent(place.target);
  if (intent === undefined) throw new Error('no intent');
  await writeIntent(place.target, { ...intent, new: { ...intent.new, device: intent.new.device + 1n } });
  expect(await describeInterrupted(place.target)).toMatchObject({ inPlace: 'new' });
});

test.each<[string, (target: string) => Promise<unknown>]>([
  [
    'replaced by somebody',
    async (target) => {
      makeDatabase(`${target}.theirs`, 'theirs', 1);
      await rename(`${target}.theirs`, target);
    },
  ],
  ['removed by somebody', (target) => rm(target)],
])('a database %s since is left alone, everything is kept, and the intent set aside', async (_, meddle) => {
  await using place = await interruptedAt('kill-before');
  const before = await namesBeside(place.target);
  await meddle(place.target);
  const log = recordingLog();
  const recovery = await settleInterrupted(place.target, { clock, log }, async () => {});
  const keptIntent = join(dirname(place.target), '.app.db.restore.json.abandoned-20261120T020513Z');
  expect(recovery).toMatchObject({ outcome: 'abandoned', keptIntent });
  expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
  await removeLeftStaging(place.target, recordingLog());
  expect(await readFile(keptIntent, 'utf8')).toContain('holdfast-restore-intent');
  const after = (await namesBeside(place.target)).map((name) =>
    name.replace('.abandoned-20261120T020513Z', ''),
  );
  expect(after).toEqual(before);
  await placeOnce(place.target, place.source, { clock, log });
  expect(await readRows(place.target)).toEqual(rowsOf('new', 50));
});

test('nobody recovers from under a process that is still at it', async () => {
  await using place = await interruptedAt('kill-before');
  const intent = await readIntent(place.target);
  if (intent === undefined) throw new Error('no intent');
  const parent = { ...intent.startedBy, pid: process.ppid, startTicks: 0 };
  await writeIntent(place.target, { ...intent, startedBy: parent });
  await expect(settle(place.target)).rejects.toMatchObject({
    kind: 'busy',
    message: `cannot recover ${place.target}: process ${process.ppid} is still replacing it`,
  });
});

test('an unsettled placement refuses the next one', async () => {
  await using place = await interruptedAt('kill-before');
  await expect(placeOnce(place.target, place.source, { clock, log: recordingLog() })).rejects.toMatchObject({
    kind: 'refused',
    message: `cannot place a database at ${place.target}: an earlier restore was interrupted`,
  });
});

test.each([
  ['cut short', '{"format": "holdfast-restore-int', 'it is not JSON, or it is cut short'],
  ['of something else', '{"format": "other"}', 'it is no holdfast-restore-intent'],
  [
    'from the future',
    '{"format": "holdfast-restore-intent", "version": 2}',
    'it was made by a newer Holdfast (format 2, this one reads up to 1)',
  ],
])('an intent %s stops everything rather than being guessed at', async (_, text, cause) => {
  await using place = await makePlace(scenario);
  const path = join(dirname(place.target), '.app.db.restore.json');
  await writeFile(path, text);
  const wrong = { kind: 'damaged', message: `cannot use ${path}: ${cause}` };
  await expect(describeInterrupted(place.target)).rejects.toMatchObject(wrong);
  await expect(settle(place.target)).rejects.toMatchObject(wrong);
  await expect(removeLeftStaging(place.target, recordingLog())).rejects.toMatchObject(wrong);
});

test.each([
  ['staging', '../../etc'],
  ['undo', '.'],
])('an intent whose %s leads elsewhere is damaged', async (key, name) => {
  await using place = await interruptedAt('kill-before');
  const path = join(dirname(place.target), '.app.db.restore.json');
  const record = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...record, [key]: name }));
  await expect(describeInterrupted(place.target)).rejects.toMatchObject({ kind: 'damaged' });
});

test('an undo set of an older Holdfast, whose side files are second names, lets go of them when it is withdrawn', async () => {
  await using place = await interruptedAt('kill-before', 'unlink app.db-wal', crashed);
  const [set] = await listUndoSets(place.target);
  const kept = join(set?.path ?? '', 'app.db');
  for (const suffix of ['-wal', '-shm']) {
    await rm(`${kept}${suffix}`, { force: true });
    await link(`${place.target}${suffix}`, `${kept}${suffix}`);
  }
  const { recovery } = await settle(place.target);
  expect(recovery).toMatchObject({ outcome: 'rolled-back', keptUndo: set?.path });
  const inPlace = new Set((await inodesOf(place.target)).values());
  expect([...(await inodesOf(kept)).values()].filter((inode) => inPlace.has(inode))).toEqual([]);
});

test('staging that no intent names is removed, and that of the intent is not', async () => {
  await using place = await interruptedAt('kill-before');
  const left = await makeStaging(place.target);
  expect(await removeLeftStaging(place.target, recordingLog())).toEqual([left.directory.path]);
  const names = await readdir(dirname(place.target));
  expect(names.filter((name) => name.startsWith('.app.db.restore-'))).toHaveLength(1);
});

test('an app that came back before an undo set was complete loses nothing, and none is left', async () => {
  await using place = await interruptedAt('kill-before', 'write app.db-wal', crashed);
  useMeanwhile(place.target);
  expect((await settle(place.target)).recovery).toMatchObject({ outcome: 'rolled-back' });
  expect(await namesBeside(place.target)).toEqual([]);
  expect(await readRows(place.target)).toEqual([...rowsOf('old', 600), 'written meanwhile']);
});

test.each([
  ['before the old set was touched', 'kill-before', 'rename merged.db'],
  ['when it was one file already', 'kill-after', 'unlink app.db-wal'],
] as const)(
  'an undo set that an app went on using is never offered again: killed %s',
  async (_, kind, step) => {
    await using place = await interruptedAt(kind, step, crashed);
    useMeanwhile(place.target);
    const { recovery } = await settle(place.target);
    const [set] = await listUndoSets(place.target);
    expect(recovery).toMatchObject({ outcome: 'rolled-back', keptUndo: set?.path });
    expect(await readRows(place.target)).toEqual([...rowsOf('old', 600), 'written meanwhile']);

    await placeOnce(place.target, place.source, { clock, log: recordingLog() });
    const problem = 'the restore it was made for was rolled back';
    expect(await listUndoSets(place.target)).toEqual(
      expect.arrayContaining([expect.objectContaining({ path: set?.path, usable: false, problem })]),
    );
  },
);
