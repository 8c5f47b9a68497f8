// A replica in a SQLite file, by the suite that holds all replicas; and what only a file can meet.
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Cell } from '../../lib/delta/cell.ts';
import { openSqliteReplica } from '../../lib/replica/sqlite/open.ts';
import { openOwn, quoteIdentifier } from '../../lib/sqlite/open.ts';
import { exactCells, exactColumns } from '../../lib/replica/sqlite/cells.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { scratch } from '../support/scratch.ts';
import { gone, type OpenReplica, policy, row, Sender, shape, tablePolicy } from './replica-world.ts';
import { replicaSuite } from './replica-suite.ts';

const open: OpenReplica = async (given) => {
  const [path, clock] = [join(scratch(), 'replica.db'), fixedClock('2026-11-27T12:00:00Z')];
  let replica = await openSqliteReplica({ path, policy: policy(given), clock });
  onTestFinished(() => replica.close());
  return {
    replica,
    clock,
    async reopen(other = policy(given)) {
      await replica.close();
      return (replica = await openSqliteReplica({ path, policy: other, clock }));
    },
    async rows(shape) {
      const database = openOwn(path);
      const columns = exactColumns(shape.columns.map(({ name }) => name));
      const order = shape.key.map(quoteIdentifier).join(', ');
      const sql = `SELECT ${columns} FROM ${quoteIdentifier(shape.name)} ORDER BY ${order}`;
      try {
        return (database.prepare(sql).raw().safeIntegers().all() as Cell[][]).map(exactCells);
      } finally {
        database.close();
      }
    },
    async execute(sql) {
      const database = openOwn(path);
      try {
        database.exec(sql);
      } finally {
        database.close();
      }
    },
  };
};

replicaSuite('sqlite replica', open);

describe('the file of a replica', () => {
  const clock = fixedClock();
  const openAt = (path: string) => openSqliteReplica({ path, policy: policy(), clock });

  test.each([
    [
      'the database of an app',
      (path: string) => openOwn(path, { create: true }).exec('CREATE TABLE t (a)').close(),
    ],
    [
      'no database',
      (path: string) => writeFileSync(path, 'a letter to somebody, longer than a header\n'.repeat(10)),
    ],
    ['a few bytes', (path: string) => writeFileSync(path, 'x')],
  ])('is never %s, which is left as it is', async (_, make) => {
    const path = join(scratch(), 'there.db');
    make(path);
    const before = readFileSync(path);
    await expect(openAt(path)).rejects.toMatchObject({ kind: 'refused', hint: expect.any(String) as string });
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(dirname(path))).toEqual(['there.db']);
  });

  test('of a newer Holdfast is refused, and left as it is', async () => {
    const path = join(scratch(), 'replica.db');
    await (await openAt(path)).close();
    const database = openOwn(path);
    database.pragma('user_version = 2');
    database.close();
    const before = readFileSync(path);
    await expect(openAt(path)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('version 2') as string,
    });
    expect(readFileSync(path)).toEqual(before);
  });

  test('is made where nothing is, or a file without a byte, and nothing is left beside it', async () => {
    for (const make of [() => undefined, (path: string) => writeFileSync(path, '')]) {
      const path = join(scratch(), 'replica.db');
      make(path);
      const replica = await openAt(path);
      expect(await replica.status()).toEqual({ tables: [], held: {}, sources: [] });
      await replica.close();
      expect(readdirSync(dirname(path))).toEqual(['replica.db']);
    }
  });

  test('is not made where its directory is missing', async () => {
    await expect(openAt(join(scratch(), 'missing', 'replica.db'))).rejects.toMatchObject({
      name: 'OpsError',
    });
  });

  test('holds frozen days also against a conflict clause, which fires no trigger for the row that it puts away', async () => {
    const dated = shape('dated', ['id INTEGER', 'date TEXT']);
    const opened = await open({ tables: { dated: tablePolicy({ day: { column: 'date' } }) } });
    const sender = new Sender(opened);
    const rows = [row(1n, '2026-11-01'), row(2n, '2026-11-02')];
    await sender.send(opened.replica, rows, { tables: [dated] });
    await opened.replica.freeze('2026-11-01', { by: 'ann', reason: 'closed', exceptions: [] });
    for (const sql of [
      `INSERT OR REPLACE INTO dated (id, date) VALUES (1, '2026-11-09')`,
      `UPDATE OR REPLACE dated SET id = 1 WHERE id = 2`,
      `INSERT OR IGNORE INTO dated (id, date) VALUES (7, '2026-11-01')`,
    ])
      await expect(opened.execute(sql)).rejects.toThrow(/frozen/);
    expect(await opened.rows(dated)).toHaveLength(2);
  });

  test.each([
    ['taken away', (path: string) => rmSync(path)],
    ['exchanged', (path: string) => (renameSync(path, `${path}.old`), copyFileSync(`${path}.old`, path))],
  ])('acknowledges nothing once its file is %s', async (_, lose) => {
    const path = join(scratch(), 'replica.db');
    const replica = await openAt(path);
    onTestFinished(() => replica.close());
    const sender = new Sender({ clock });
    await sender.send(replica, [row(1n, 'a')]);
    lose(path);
    await expect(sender.send(replica, [row(2n, 'b')])).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('its file was taken away') as string,
      hint: expect.stringContaining('restart delta-receive') as string,
    });
  });

  test('waits for another program that writes, and holds nobody up meanwhile', async () => {
    const path = join(scratch(), 'replica.db');
    const replica = await openAt(path);
    const other = openOwn(path);
    onTestFinished(() => replica.close().then(() => void other.close()));
    other.exec('BEGIN IMMEDIATE');
    const sent = new Sender({ clock }).send(replica, [row(1n, 'a')]);
    expect(await replica.state('laptop')).toMatchObject({ batchNo: 0 });
    other.exec('COMMIT');
    expect(await sent).toMatchObject({ applied: { upserts: 1 } });
  });

  test('holds a row that SQLite cannot: its key is no number where the key is the number of the row', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    const result = await sender.send(opened.replica, [row(1n, 'a'), row('one', 'b'), row(2n, 'c')]);
    expect(result).toMatchObject({ held: { unfit: 1 }, applied: { upserts: 2 } });
    expect(await opened.replica.held()).toMatchObject([
      { key: ['one'], reason: 'unfit', detail: expect.stringContaining('datatype mismatch') as string },
    ]);
  });

  test('keeps what every change replaced, where the policy says so', async () => {
    const opened = await open({ audit: true });
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a')]);
    await sender.send(opened.replica, [row(1n, 'b')]);
    await sender.send(opened.replica, [gone(1n), gone(2n)]);
    const audit = shape(
      '_holdfast_audit',
      ['source', 'batch', 'what', 'table_name', 'key', 'before', 'after'],
      ['id'],
    );
    const line = (label: string) => JSON.stringify({ columns: ['id', 'label'], cells: [1, label] });
    expect(await opened.rows(audit)).toEqual([
      ['laptop', 1n, 'write', 'visit', '[1]', null, line('a')],
      ['laptop', 2n, 'write', 'visit', '[1]', line('a'), line('b')],
      ['laptop', 3n, 'delete', 'visit', '[1]', line('b'), null],
    ]);
  });

  test('keeps who froze and reopened a day, and why', async () => {
    const opened = await open();
    await opened.replica.freeze('2026-11-01', { by: 'ann', reason: 'closed', exceptions: [] });
    await opened.replica.reopen('2026-11-01', { by: 'bob', reason: 'a mistake', force: false });
    const audit = shape('_holdfast_audit', ['what', 'by', 'reason', 'day'], ['id']);
    expect(await opened.rows(audit)).toEqual([
      ['freeze', 'ann', 'closed', '2026-11-01'],
      ['reopen', 'bob', 'a mistake', '2026-11-01'],
    ]);
  });
});
