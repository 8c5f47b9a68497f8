// What may be in place when a placement begins, each to be put under faults.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';
import { silentLog } from '../../lib/base/log.ts';
import { copySet, makeCrashedSet, makeDatabase, rowsOf, spoilSet } from './database-sets.ts';
import type { Scenario } from './fault-table.ts';
import { placeOnce } from './placements.ts';

const context = { clock: systemClock, log: silentLog };
let templates = '';

beforeAll(async () => {
  templates = await mkdtemp(join(tmpdir(), 'holdfast-templates-'));
  await makeCrashedSet(join(templates, 'wal.db'), 'wal');
  await makeCrashedSet(join(templates, 'journal.db'), 'journal');
});

afterAll(() => rm(templates, { recursive: true, force: true }));

export const unmergedWal: Scenario = {
  prepare: (target) => copySet(join(templates, 'wal.db'), target),
  action: 'place',
  old: rowsOf('old', 600),
  new: rowsOf('new', 50),
};

export const hotJournal: Scenario = {
  ...unmergedWal,
  prepare: (target) => copySet(join(templates, 'journal.db'), target),
  old: rowsOf('old', 100),
};

export const emptyWal: Scenario = {
  ...unmergedWal,
  async prepare(target) {
    makeDatabase(target, 'old', 30);
    await writeFile(`${target}-wal`, '');
    await writeFile(`${target}-shm`, 'an index of nothing');
  },
  old: rowsOf('old', 30),
};

export const nothingButSideFiles: Scenario = {
  ...unmergedWal,
  async prepare(target) {
    await copySet(join(templates, 'wal.db'), target);
    await rm(target);
  },
  old: undefined,
};

export const damaged: Scenario = {
  ...unmergedWal,
  async prepare(target) {
    await copySet(join(templates, 'wal.db'), target);
    await spoilSet(target);
  },
  old: undefined,
};

export const undo: Scenario = {
  async prepare(target) {
    await copySet(join(templates, 'wal.db'), target);
    const source = join(dirname(target), '..', 'source.db');
    await placeOnce(target, source, context);
  },
  action: 'undo',
  old: rowsOf('new', 50),
  new: rowsOf('old', 600),
};

export const undoneWhileOpen: Scenario = { ...unmergedWal, action: 'place-and-undo' };
