// While a copy is pinned the app's log cannot be recycled and grows, and the app's next checkpoint begins by bringing all
// of it to the disk. See docs/decisions/log-write-back.md.
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { traceOperations } from '../../support/faults/run-with-faults.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from './databases.ts';
import { startLockstep } from './lockstep.ts';

const program = resolve(import.meta.dirname, '../../bench/snapshot.ts');

test.each([
  ['wal', ['app.db-wal']],
  ['delete', []],
] as const)('in journal mode %s a snapshot brings %j of the app to the disk', async (journalMode, files) => {
  const source = join(scratch(), 'app.db');
  makeLedger(source, { rows: 100, journalMode });
  const app = await startLockstep();
  app.open(source);
  expect(app.exec(`UPDATE ledger SET note = 'open'`)).toBe('ok');
  const operations = await traceOperations(
    process.execPath,
    [program, source, join(scratch(), 'copy.db')],
    {},
  );
  const synced = operations.filter(({ name, file }) => name === 'fdatasync' && file.startsWith('app.db'));
  expect([...new Set(synced.map(({ file }) => file))]).toEqual(files);
});
