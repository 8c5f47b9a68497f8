// S1: a backup equals the database at one committed instant, while other processes write at full speed; it finishes
// whatever the write rate. S2: the source keeps everything, and its side files stay those of the app.
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { World } from '../../support/world.ts';
import { backUpBeside, type Made, requireRestorable, sideFiles, startWriters } from './beside-writers.ts';
import { requireCommittedState } from './ledger.ts';

const backups = ['first', 'second', 'third'];

test.each([
  { journalMode: 'wal', processes: 2, methods: ['pinned'] },
  { journalMode: 'delete', processes: 2, methods: ['pinned', 'stepwise'] },
] as const)(
  'beside writers in journal mode $journalMode every backup is one committed state, and later than the one before',
  async ({ journalMode, processes, methods }) => {
    await using world = new World();
    world.configure();
    const writers = await startWriters(world, { journalMode, processes }, (writer) =>
      onTestFinished(() => writer[Symbol.asyncDispose]()),
    );
    await writers.advance();
    const sideFilesBefore = sideFiles(world);
    expect(Object.keys(sideFilesBefore)).toHaveLength(journalMode === 'wal' ? 2 : 0);

    const made: Made[] = [];
    for (const name of backups) {
      made.push(await backUpBeside(world, writers, name));
      expect(sideFiles(world)).toEqual(sideFilesBefore);
    }
    const last = await writers.stop();
    expect(readdirSync(dirname(world.database))).toEqual(['bookings.db']);
    expect(requireCommittedState(world.database)).toBe(last);

    let earlier = 0;
    for (const backup of made) {
      expect(methods).toContain(backup.method);
      if (journalMode === 'wal') expect(backup.restarts).toBe(0);
      const newest = await requireRestorable(world, backup);
      expect(newest).toBeGreaterThan(earlier);
      earlier = newest;
    }
    expect(last).toBeGreaterThanOrEqual(earlier);
  },
  600_000,
);
