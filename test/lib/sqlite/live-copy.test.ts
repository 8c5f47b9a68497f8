import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { copyLive } from '../../../lib/sqlite/live-copy.ts';
import type { Report, SnapshotWork } from '../../../lib/sqlite/snapshot-work.ts';
import { scratch } from '../../support/scratch.ts';
import { fileNumber, type LedgerOptions, makeLedger, modeOf, query } from './databases.ts';
import { type Lockstep, startLockstep } from './lockstep.ts';

/** Enough for several steps of a stepwise copy, and for two of a pinned one. */
const manyRows = 5000;

async function beginWork(options: LedgerOptions): Promise<{ work: SnapshotWork; writer: Lockstep }> {
  const source = join(scratch(), 'app', 'app.db');
  mkdirSync(dirname(source));
  makeLedger(source, { rows: manyRows, ...options });
  const target = join(scratch(), 'snapshot.db');
  writeFileSync(target, '', { mode: 0o640 });
  const writer = await startLockstep();
  writer.open(source);
  const wal = options.journalMode === 'wal';
  return {
    work: {
      source,
      file: fileNumber(source),
      target,
      pageSize: options.pageSize ?? 4096,
      wal,
      quiet: undefined,
    },
    writer,
  };
}

/** Calls `then` after each step except the last, with its number from 0. */
function afterEachStep(then: (step: number) => void): Report {
  let step = 0;
  return (done, total) => {
    if (done < total) then(step);
    step += 1;
  };
}

const notes = 'SELECT DISTINCT note FROM ledger';
const update = (note: number | string) => `UPDATE ledger SET note = '${note}' WHERE id % 500 = 1`;

test('in WAL mode a writer that commits after every step neither waits nor makes the copy begin again', async () => {
  const { work, writer } = await beginWork({ journalMode: 'wal' });
  writer.exec(`UPDATE ledger SET note = 'before'`);
  const answers: string[] = [];
  const report = await copyLive(
    work,
    afterEachStep((step) => answers.push(writer.exec(update(`during ${step}`)))),
  );
  expect(answers.length).toBeGreaterThan(1);
  expect(new Set(answers)).toEqual(new Set(['ok']));
  expect(report).toMatchObject({ method: 'pinned', restarts: 0, writersHeldMs: 0 });
  expect(report.walPeakBytes).toBeGreaterThan(manyRows * 4096);
  expect(query(work.target, notes)).toEqual(['before']);
  expect(query(work.target, 'PRAGMA integrity_check')).toEqual(['ok']);
});

test('in WAL mode a checkpoint, a VACUUM and a new schema during the copy change nothing in it', async () => {
  const { work, writer } = await beginWork({ journalMode: 'wal' });
  writer.exec('PRAGMA wal_autocheckpoint = 1');
  const commands = ['DELETE FROM ledger WHERE id > 10', 'VACUUM', 'ALTER TABLE ledger ADD COLUMN extra'];
  await copyLive(
    work,
    afterEachStep(() => commands.splice(0).forEach((sql) => expect(writer.exec(sql)).toBe('ok'))),
  );
  expect(commands).toEqual([]);
  expect(query(work.target, 'SELECT count(*) FROM ledger')).toEqual([manyRows]);
  expect(query(work.target, 'PRAGMA integrity_check')).toEqual(['ok']);
});

test('with a rollback journal nobody waits between steps, and a copy that nobody disturbs is made once', async () => {
  const { work, writer } = await beginWork({});
  const answers: string[] = [];
  const report = await copyLive(
    work,
    afterEachStep(() => answers.push(writer.exec('BEGIN EXCLUSIVE; ROLLBACK'))),
  );
  expect(answers.length).toBeGreaterThan(3);
  expect(new Set(answers)).toEqual(new Set(['ok']));
  expect(report).toMatchObject({ method: 'stepwise', restarts: 0 });
  expect(report.pageCount * 4096).toBe((query(work.target, 'PRAGMA page_count')[0] as number) * 4096);
});

test('with a rollback journal one write makes the copy begin again, and then hold that write', async () => {
  const { work, writer } = await beginWork({});
  const report = await copyLive(
    work,
    afterEachStep((step) => step === 3 && expect(writer.exec("UPDATE ledger SET note = 'new'")).toBe('ok')),
  );
  expect(report).toMatchObject({ method: 'stepwise', restarts: 1 });
  expect(report.writersHeldMs).toBeGreaterThan(0);
  expect(query(work.target, notes)).toEqual(['new']);
});

// The number of pages that remain is the same after each of these writes: it was once taken for a lock.
test('a writer with a rollback journal that spoils every step gets the copy pinned, not given up', async () => {
  const { work, writer } = await beginWork({});
  const answers: string[] = [];
  const report = await copyLive(
    work,
    afterEachStep((step) => answers.push(writer.exec(update(step)))),
  );
  expect(report).toMatchObject({ method: 'pinned', restarts: 4 });
  expect(report.writersHeldMs).toBeGreaterThan(0);
  const held = answers.indexOf('SQLITE_BUSY');
  expect(answers.slice(held)).toEqual(Array(answers.length - held).fill('SQLITE_BUSY'));
  expect(query(work.target, `SELECT note FROM ledger WHERE id = 1`)).toEqual([String(held - 1)]);
  expect(query(work.target, 'PRAGMA integrity_check')).toEqual(['ok']);
});

test.each([
  ['grows', 'INSERT INTO ledger (note, ballast) VALUES (1, zeroblob(9000000))'],
  ['shrinks', 'DELETE FROM ledger WHERE id > 100; VACUUM'],
  ['changes its page size', 'PRAGMA page_size = 1024; VACUUM'],
])('a database with a rollback journal that %s between two steps is copied whole', async (_, sql) => {
  const { work, writer } = await beginWork({});
  const report = await copyLive(
    work,
    afterEachStep((step) => step === 2 && expect(writer.exec(sql)).toBe('ok')),
  );
  expect(report).toMatchObject({ method: 'stepwise', restarts: 1 });
  expect(query(work.target, 'PRAGMA integrity_check')).toEqual(['ok']);
  const count = 'SELECT count(*) FROM ledger';
  expect(query(work.target, count)).toEqual([writer.get(count)]);
});

test('a database that changes to WAL mode between two steps is copied whole', async () => {
  const { work, writer } = await beginWork({});
  await copyLive(
    work,
    afterEachStep((step) => {
      if (step === 2) expect(writer.get('PRAGMA journal_mode = wal')).toBe('wal');
      if (step > 1) expect(writer.exec(update(step))).toBe('ok');
    }),
  );
  expect(query(work.target, 'PRAGMA integrity_check')).toEqual(['ok']);
  expect(query(work.target, 'SELECT count(*) FROM ledger')).toEqual([manyRows]);
});

test('however often the copy begins again, nobody else can read it', async () => {
  const { work, writer } = await beginWork({});
  const modes = new Set<number>();
  await copyLive(
    work,
    afterEachStep((step) => {
      modes.add(modeOf(work.target));
      writer.exec(update(step));
    }),
  );
  expect([...modes, modeOf(work.target)].filter((mode) => mode !== 0o640)).toEqual([]);
  expect(readdirSync(dirname(work.target))).toEqual(['snapshot.db']);
});
