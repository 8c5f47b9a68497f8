// The power goes while backups in pages are made and removed, on disks that keep nothing they were not told to keep: what is
// listed afterwards comes out byte for byte, the next night is like any other, and nothing stays for ever.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorMessage } from '../../lib/base/errors.ts';
import type { Added } from '../../lib/repository/repository.ts';
import { type Call, withFault } from '../support/faults/fail-in-process.ts';
import { type Choice, kept, lost, some, StrictDisk } from '../support/faults/strict-disk.ts';
import '../support/in-memory.ts';
import { DiskMachine, type Setting } from '../support/pages/disk-machine.ts';
import { scratch } from '../support/scratch.ts';

/** Something that a machine does in a night. */
interface Work extends Setting {
  prepare: (machine: DiskMachine) => Promise<unknown>;
  run: (machine: DiskMachine) => Promise<unknown>;
  /** What belongs to the next night beside its backup. */
  again?: (machine: DiskMachine) => Promise<unknown>;
  /** How the next night has to be stored, where the run came to its end; any way unless given. */
  next?: Added['made'];
}

const small: Setting = { pageSize: 512, pageCount: 40 };
/** A full of it takes two objects. */
const large: Setting = { pageSize: 65_536, pageCount: 28, partBytesMax: 1 };
const waits: Setting['policy'] = {
  full: 'weekly',
  keepsFull: false, // a copy more of it would be in each of hundreds of states
  fullWindow: { weekday: undefined, startMinutes: 0, lengthMs: 8 * 3_600_000 },
};
const [shut, open] = [new Date('2026-11-01T00:00:00Z'), new Date('2026-11-30T00:00:00Z')];

const works: Record<string, Work> = {
  'a full': {
    ...small,
    prepare: (machine) => machine.look(),
    run: (machine) => machine.night(20),
    next: 'increment',
  },
  'a sealed full': {
    ...small,
    isSealed: true,
    prepare: (machine) => machine.look(),
    run: (machine) => machine.night(20),
    next: 'increment',
  },
  'an increment': {
    ...small,
    prepare: (machine) => machine.night(19),
    run: (machine) => machine.night(20),
    next: 'increment',
  },
  'a full after another, of which nothing is kept': {
    ...small,
    policy: { full: 'weekly', keepsFull: false },
    prepare: (machine) => machine.night(14),
    run: (machine) => machine.night(20),
    next: 'increment',
  },
  'a removal of a full and what is based on it': {
    ...small,
    policy: { full: 'weekly' },
    async prepare(machine) {
      for (const night of [13, 14, 20]) await machine.night(night);
    },
    run: (machine) => machine.remove(14, 13),
    again: (machine) => machine.remove(14, 13),
  },
  'a full that goes on in its window': {
    ...large,
    policy: waits,
    async prepare(machine) {
      await machine.night(14);
      await machine.night(19, { until: shut });
    },
    run: (machine) => machine.night(20, { until: open }),
    next: 'increment',
  },
};

/** A copy of what the work begins with, each time. */
async function preparedFor(work: Work): Promise<() => DiskMachine> {
  const root = join(scratch(), 'prepared');
  mkdirSync(root);
  await work.prepare(new DiskMachine(root, work));
  return () => {
    const copy = join(scratch(), 'machine');
    cpSync(root, copy, { recursive: true });
    return new DiskMachine(copy, work);
  };
}

interface Cut {
  step: string;
  machine: DiskMachine;
}

/** Lets the work come to its end; every state in which a cut on the way may leave its disks, and then those after it. */
async function cutsOf(
  machine: DiskMachine,
  work: Work,
  isSynced: (call: Call) => boolean = () => true,
): Promise<{ during: Cut[]; after: Cut[] }> {
  using disk = new StrictDisk(machine.root);
  const seen = new Set<string>();
  const during: Cut[] = [];
  const leave = (step: string, choices: readonly Choice[]) =>
    choices.map((choice) => ({ step, machine: new DiskMachine(disk.cut(choice), work) }));
  let isLeaving = false;
  await withFault(
    undefined,
    () => work.run(machine),
    (call) => {
      if (isLeaving) return; // what leaves a state writes files itself
      isLeaving = true;
      if (isSynced(call)) disk.see(call);
      for (const cut of leave(`${call.name} ${call.path}`, choicesAfter(call, work))) {
        const bytes = cut.machine.bytesOnDisk();
        if (seen.has(bytes)) rmSync(cut.machine.root, { recursive: true });
        else during.push(cut);
        seen.add(bytes);
      }
      isLeaving = false;
    },
  );
  return { during, after: leave('the end', [lost, kept, ...fc.sample(fc.nat(), 1).map(some)]) };
}

/** What was lost altogether changes with a flush; what else may be there, with the names. */
function choicesAfter({ name }: Call, { partBytesMax }: Work): Choice[] {
  if (/sync/.test(name)) return [lost];
  if (partBytesMax !== undefined) return []; // so large that there had better be fewer
  return /rename|link|mkdir|rm/.test(name) ? fc.sample(fc.nat(), 1).map(some) : [];
}

/** What is not as it has to be after each of the cuts, in words; no more than the first few. */
async function problemsAfter(
  cuts: readonly Cut[],
  most = 5,
  check: (machine: DiskMachine) => Promise<void>,
): Promise<string[]> {
  const problems: string[] = [];
  for (const { step, machine } of cuts) {
    if (problems.length >= most) break;
    await check(machine).catch((error: unknown) => problems.push(`${step}: ${errorMessage(error)}`));
  }
  return problems;
}

/** All that was sound before the work still is; the next night is like any other, and ends what was begun. */
async function requireGoesOn(
  machine: DiskMachine,
  work: Work,
  before: readonly string[],
): Promise<Added['made']> {
  const begun = machine.spooled();
  const states = await machine.look();
  for (const name of before) expect([name, states[name]]).toEqual([name, 'proven']);
  expect(Object.values(states)).not.toContain('damaged');
  const { made } = await machine.night(21, { until: open });
  await work.again?.(machine);
  const after = await machine.look();
  for (const name of begun) expect([name, after[name]]).toEqual([name, 'proven']);
  expect(new Set(Object.values(after))).toEqual(new Set(['proven']));
  if (machine.left().length > 0) throw new Error(`there is still ${machine.left().join(', ')}`);
  return made;
}

/** A sentence for everything that is not as it has to be after a cut when the work was done, or else on the way. */
async function problemsOf(work: Work, isSynced?: (call: Call) => boolean, most?: number): Promise<string[]> {
  const fresh = await preparedFor(work);
  const machine = fresh();
  const { during, after } = await cutsOf(machine, work, isSynced);
  expect(during.length).toBeGreaterThan(4);
  const now = await machine.look();
  const before = Object.keys(await fresh().look()).filter((name) => now[name] === 'proven');
  // The run had ended well: its backup stands, and the next one is made on it.
  const broken = await problemsAfter(after, most, async (cut) => {
    const made = await requireGoesOn(cut, work, Object.keys(now));
    if (work.next !== undefined) expect(made).toBe(work.next);
  });
  if (broken.length > 0) return broken;
  return problemsAfter(during, most, async (cut) => void (await requireGoesOn(cut, work, before)));
}

test.each(Object.entries(works))(
  '%s is there after a cut, or the next night makes it so',
  { timeout: 900_000 },
  async (_, work) => {
    expect(await problemsOf(work)).toEqual([]);
  },
);

describe('it is not where nothing flushes', () => {
  const [full, increment] = [works['a full'], works['an increment']];
  test.each([
    ['the objects in the spool', increment, /\/part-1\.pages$/],
    ['the record of the spool', increment, /\/spool\/[^/]+\/\.holdfast-\w+\.tmp$/],
    ['the names in the spool', increment, /\/spool\/[^/]+$/],
    ['the objects in the store', increment, /\/store\/\.holdfast-[^/]+\/object$/],
    ['the names in the store', increment, /\/store\/backups\/ctv$/],
    ['what is known of the series', full, /\/pages\/ctv\/\.holdfast-\w+\.tmp$/],
    ['the names of the state', full, /\/pages\/ctv$/],
    ['the names of the digests', full, /\/digests$/],
  ])('%s', async (_, work, path) => {
    if (work === undefined) throw new Error('there is no such work');
    const isSynced = (call: Call) => !(/sync/.test(call.name) && path.test(call.path));
    expect(await problemsOf(work, isSynced, 1)).not.toEqual([]);
  });
});
