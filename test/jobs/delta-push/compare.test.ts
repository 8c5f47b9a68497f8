// Whether both sides have the same is said exactly where it is so, and what explains a difference is no difference.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { openLaptop, openServer, tagTracker, tagTrackerSchema } from '../../support/parity-world.ts';
import { hotDays } from '../../../jobs/delta-push/steps/compare-app.ts';

describe.each(['triggers', 'diff'] as const)('changes known by %s', (mode) => {
  it('both sides are equal after a push, by day and by table', async () => {
    const laptop = await openLaptop(await openServer(), { mode });
    const compared = await laptop.compare();
    expect(compared).toMatchObject({ tables: 2, equal: 4, rows: 5, days: [], reread: [], walk: [] });
  });

  it.each([
    [
      'a row there is another',
      "UPDATE VISIT SET time_out = '17:01' WHERE id = 1",
      ['VISIT 2026-11-26 differs 1 1'],
    ],
    ['a row there is gone', 'DELETE FROM VISIT WHERE id = 3', ['VISIT 2026-11-27 differs 1 3']],
    ['text became a number', 'UPDATE VISIT SET time_in = 1 WHERE id = 3', ['VISIT 2026-11-27 differs 1 3']],
    [
      'a day was moved, and its visits with it',
      "UPDATE DAY SET date = '2026-11-25' WHERE id = 2",
      [
        'DAY 2026-11-25 differs 1 2',
        'DAY 2026-11-27 differs 1 2',
        'VISIT 2026-11-25 differs 1 3',
        'VISIT 2026-11-27 differs 1 3',
      ],
    ],
  ])('%s: that is named, and mended by what is noted', async (_, sql, expected) => {
    const server = await openServer();
    const laptop = await openLaptop(server, { mode });
    tamper(server.tampered, sql);
    expect((await laptop.verdicts()).toSorted()).toEqual(expected);
    const { reread } = await laptop.compare();
    laptop.capture.reread(reread);
    await laptop.push();
    expect(await laptop.verdicts()).toEqual([]);
  });

  it('what waits is no difference, whatever it is', async () => {
    const laptop = await openLaptop(await openServer(), { mode });
    laptop.app.exec(`UPDATE VISIT SET time_out = 'x' WHERE id = 1; DELETE FROM VISIT WHERE id = 3;
      INSERT INTO VISIT VALUES(9, 2, 'wa9', 1, 2)`);
    expect(await laptop.verdicts()).toEqual([
      'VISIT 2026-11-26 not-comparable 0  1 change waits',
      'VISIT 2026-11-27 not-comparable 0  2 changes wait',
    ]);
    await laptop.push();
    expect(await laptop.verdicts()).toEqual([]);
  });

  it('one that differs is seen among those that wait', async () => {
    const server = await openServer();
    const laptop = await openLaptop(server, { mode });
    laptop.app.exec("UPDATE VISIT SET time_out = 'x' WHERE id = 1");
    tamper(server.tampered, "UPDATE VISIT SET time_out = 'y' WHERE id = 2");
    expect(await laptop.verdicts()).toEqual(['VISIT 2026-11-26 differs 1 2 1 change waits']);
  });

  it('what is held for a frozen day, and what staff corrected of it, explain themselves', async () => {
    const server = await openServer();
    const laptop = await openLaptop(server, { mode });
    await server.freeze('2026-11-26');
    laptop.app.exec("UPDATE VISIT SET time_out = 'x' WHERE id = 1");
    await laptop.push();
    expect(await laptop.verdicts()).toEqual([
      'VISIT 2026-11-26 not-comparable 0  1 change is held at the receiver',
    ]);
    await server.correct("UPDATE VISIT SET time_out = '17:30' WHERE id = 2");
    expect(await laptop.verdicts()).toEqual([
      'VISIT 2026-11-26 not-comparable 0  1 change is held at the receiver, 1 row was corrected by staff',
    ]);
    tamper(server.tampered, "UPDATE VISIT SET time_in = 'z' WHERE id = 3");
    expect((await laptop.verdicts()).toSorted()[1]).toBe('VISIT 2026-11-27 differs 1 3');
  });
});

/** As somebody with the file in hand does: no guard keeps them from it. */
function tamper(database: { exec(sql: string): unknown }, sql: string): void {
  database.exec(sql);
}

it('rows without a key are compared by what they hold, however often it is there', async () => {
  const server = await openServer();
  const laptop = await openLaptop(server, {
    sql: "CREATE TABLE bare(a, b); INSERT INTO bare VALUES(1, 'x'), (1, 'x'), (1.0, 'x'), (NULL, NULL)",
  });
  expect(await laptop.verdicts()).toEqual([]);
  tamper(
    server.tampered,
    'DELETE FROM bare WHERE _holdfast_key = (SELECT max(_holdfast_key) FROM bare WHERE a = 1)',
  );
  expect(await laptop.verdicts()).toEqual([expect.stringMatching(/^bare - differs 1 [0-9a-f]{16}:[12]$/)]);
  laptop.capture.reread((await laptop.compare()).reread);
  await laptop.push();
  expect(await laptop.verdicts()).toEqual([]);
});

it('where more is held than can be listed, nothing is called a difference that may be held', async () => {
  const server = await openServer();
  const many = `${tagTrackerSchema} WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
    INSERT INTO VISIT SELECT i, 1, 'b' || i, '', '' FROM n;`;
  const laptop = await openLaptop(server, { sql: many });
  await server.freeze('2026-11-26');
  laptop.app.exec("UPDATE VISIT SET time_out = 'late'");
  await laptop.push();
  expect(await laptop.verdicts()).toEqual([
    'VISIT 2026-11-26 not-comparable ?  too many changes are held to tell which they are: delta-push held lists them',
  ]);
});

it('rows of another source are no difference, and one that it wrote last is named as such', async () => {
  const server = await openServer({ ...tagTracker, sources: ['laptop-1', 'laptop-2'] });
  const [one, two] = [
    await openLaptop(server, { name: 'laptop-1' }),
    await openLaptop(server, { name: 'laptop-2', sql: tagTracker2 }),
  ];
  expect(await one.verdicts()).toEqual([]);
  expect(await two.verdicts()).toEqual([]);
  two.app.exec(`INSERT INTO DAY VALUES(1, '2026-11-26', NULL);
    INSERT INTO VISIT VALUES(1, 1, 'wa1', '10:00', '11:00'), (2, 1, 'wa2', '09:10', '')`);
  await two.push();
  // One of them wrote it last. What both have alike is nobody's difference.
  const verdicts = [...(await one.verdicts()), ...(await two.verdicts())];
  expect(verdicts).toEqual(['VISIT 2026-11-26 not-comparable 0  1 row was written last by another source']);
});

const tagTracker2 = `CREATE TABLE DAY(id INTEGER PRIMARY KEY, date TEXT UNIQUE, note);
  CREATE TABLE VISIT(id INTEGER PRIMARY KEY, day_id INTEGER REFERENCES DAY(id), bike_id TEXT, time_in, time_out, UNIQUE(day_id, bike_id));
  INSERT INTO DAY VALUES(11, '2026-11-28', NULL); INSERT INTO VISIT VALUES(11, 11, 'wa5', '09:00', '')`;

it('a table that the receiver has not taken cannot be compared, and says so', async () => {
  const server = await openServer({ ...tagTracker, schema: 'approve' });
  const laptop = await openLaptop(server);
  await server.replica.approve('DAY');
  await laptop.push();
  expect(await laptop.verdicts()).toEqual([
    'VISIT - not-comparable ?  the receiver has not taken what the table is like now',
  ]);
});

it('before anything was pushed there is nothing to compare with', async () => {
  const laptop = await openLaptop(await openServer(), { push: false });
  await expect(laptop.compare()).rejects.toThrow(
    'cannot compare: the receiver does not stand where this database does',
  );
});

it('only what is asked for is read: a day, a table, or the days on which most happens', async () => {
  const server = await openServer();
  const laptop = await openLaptop(server);
  tamper(server.tampered, "UPDATE VISIT SET time_in = 'z' WHERE id = 1");
  const day = (of: string) => ({ extent: { is: 'day', day: of } }) as const;
  expect(await laptop.compare(day('2026-11-27'))).toMatchObject({ equal: 2, days: [] });
  expect(await laptop.verdicts(day('2026-11-26'))).toEqual(['VISIT 2026-11-26 differs 1 1']);
  expect(await laptop.verdicts({ table: 'day' })).toEqual([]);
  await expect(laptop.compare({ table: 'VISITS' })).rejects.toThrow('cannot compare the table VISITS');
  const hot = { extent: { is: 'hot', days: ['2026-11-28', '2026-11-27'] } } as const;
  expect(await laptop.verdicts(hot)).toEqual([]); // as many rows there, and the day is none of those
  tamper(server.tampered, 'DELETE FROM VISIT WHERE id = 2');
  expect(await laptop.verdicts(hot)).toEqual(['VISIT 2026-11-26 differs 2 1 2']);
});

it('days are those of the clock on the wall there', () => {
  const late = new Date('2026-11-28T23:30:00Z');
  expect(hotDays(late, 'Europe/Berlin')).toEqual(['2026-11-29', '2026-11-28', '2026-11-27']);
  expect(hotDays(new Date('2026-03-01T05:00:00Z'), 'America/Vancouver')).toEqual([
    '2026-02-28',
    '2026-02-27',
    '2026-02-26',
  ]);
});

it('rows are found one by one in a large table, and not where most of them differ', async () => {
  const many = `CREATE TABLE t(id INTEGER PRIMARY KEY, v);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i, i FROM n;`;
  const server = await openServer();
  const laptop = await openLaptop(server, { sql: many });
  tamper(server.tampered, 'UPDATE t SET v = -v WHERE id IN (7, 2500)');
  expect(await laptop.verdicts()).toEqual([expect.stringMatching(/^t - differs 2 (7 2500|2500 7)$/)]);
  expect(laptop.peer.calls.get('digest')).toBeLessThanOrEqual(5);
});

const literal = fc.constantFrom(
  'NULL',
  '1',
  '1.0',
  "'1'",
  "x'31'",
  "''",
  '0.0',
  '-0.0',
  "CAST(x'ff' AS TEXT)",
  "'\ufffd'",
);

test('whatever is in the rows, both are called equal exactly where they are', async () => {
  const server = await openServer();
  const schema = 'CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)';
  const laptop = await openLaptop(server, { sql: `${schema}; INSERT INTO t VALUES(0, 1, 1)` });
  const change = fc.tuple(fc.integer({ min: 0, max: 5 }), literal, literal);
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 5 }), change, async (changes, [id, a, b]) => {
      for (const [key, one, other] of changes)
        laptop.app.exec(`INSERT OR REPLACE INTO t VALUES(${key}, ${one}, ${other})`);
      await laptop.push();
      expect(await laptop.verdicts()).toEqual([]);
      const row = laptop.app.prepare(`SELECT hex(a), typeof(a), hex(b), typeof(b) FROM t WHERE id = ?`);
      const before = JSON.stringify(row.raw().get(id) ?? null);
      server.tampered.exec(`UPDATE t SET a = ${a}, b = ${b} WHERE id = ${id}`);
      const after = JSON.stringify(
        server.tampered
          .prepare(`SELECT hex(a), typeof(a), hex(b), typeof(b) FROM t WHERE id = ?`)
          .raw()
          .get(id) ?? null,
      );
      const zero = (text: string) => text.replaceAll('2D302E30', '302E30');
      expect(await laptop.verdicts()).toEqual(zero(before) === zero(after) ? [] : [`t - differs 1 ${id}`]);
      const { reread } = await laptop.compare();
      laptop.capture.reread(reread);
      await laptop.push();
    }),
    { numRuns: 40 },
  );
});
