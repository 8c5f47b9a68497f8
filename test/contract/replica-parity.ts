// What rows amount to, read from what is stored: equal exactly where the source's rows are.
import { expect, test } from 'vitest';
import { rowHashText } from '../../lib/delta/canonical.ts';
import type { Cell } from '../../lib/delta/cell.ts';
import { DigestSum } from '../../lib/delta/digest.ts';
import { type OpenReplica, row, Sender, shape, tablePolicy } from './replica-world.ts';

const dated = shape('dated', ['v TEXT', 'id INTEGER', 'date TEXT', 'n REAL', 'raw BLOB']);
const tables = [dated];
const policy = { tables: { dated: tablePolicy({ day: { column: 'date' } }) } };

const rows: Cell[][] = [
  ['a', 1n, '2026-11-01', 1, null],
  ['\u{1f600}', 2n, '2026-11-01', 0.1, Buffer.from('00ff', 'hex')],
  ['', -3n, '2026-11-02', null, null],
  ['\ufffd', 9007199254740993n, '2026-11-02', Infinity, Buffer.alloc(0)],
];

function digest(some: readonly Cell[][]) {
  const sum = new DigestSum();
  for (const cells of some) sum.add(rowHashText(cells));
  return sum.digest();
}

export function parityTests(open: OpenReplica): void {
  test('of all rows, of a day, of those without one, of a part of the keys', async () => {
    const opened = await open(policy);
    const sender = new Sender(opened);
    await sender.send(
      opened.replica,
      rows.map((cells) => row(...cells)),
      { tables },
    );
    const [first] = rows;
    const prefix = rowHashText([first?.[1] ?? null]).slice(0, 2);
    const withPrefix = rows.filter((cells) => rowHashText([cells[1] ?? null]).startsWith(prefix));
    const table = 'dated';
    expect(
      await opened.replica.digest([
        { table },
        { table, day: '2026-11-01' },
        { table, day: '2026-11-03' },
        { table, day: null },
        { table, prefix },
        { table, day: '2026-11-02', prefix: '' },
        { table: 'nothing' },
      ]),
    ).toEqual([
      digest(rows),
      digest(rows.slice(0, 2)),
      digest([]),
      digest([]),
      digest(withPrefix),
      digest(rows.slice(2)),
      digest([]),
    ]);
    expect(await opened.replica.days('nothing')).toEqual([]);
    expect(await opened.replica.days('dated')).toEqual([
      { day: '2026-11-01', rows: 2 },
      { day: '2026-11-02', rows: 2 },
    ]);
  });

  test('keys are told with the hash of their row', async () => {
    const opened = await open(policy);
    const sender = new Sender(opened);
    await sender.send(
      opened.replica,
      rows.map((cells) => row(...cells)),
      { tables },
    );
    const keys = await opened.replica.keys({ table: 'dated', day: '2026-11-02' }, 10);
    const expected = rows.slice(2).map((cells) => ({ key: [cells[1] ?? null], hash: rowHashText(cells) }));
    expect(keys).toHaveLength(2);
    expect(keys).toEqual(expect.arrayContaining(expected));
    expect(await opened.replica.keys({ table: 'dated' }, 3)).toHaveLength(3);
  });

  test('of the rows of one source, and of days that rows have through their parent', async () => {
    const day = shape('DAY', ['id INTEGER', 'date TEXT']);
    const visit = shape('VISIT', ['id INTEGER', 'day_id INTEGER']);
    const opened = await open({
      sources: ['laptop', 'desk'],
      tables: {
        VISIT: tablePolicy({ day: { column: 'day_id', parent: { table: 'DAY', key: 'id', day: 'date' } } }),
      },
    });
    const { replica } = opened;
    const [laptop, desk] = [new Sender(opened), new Sender(opened, 'desk')];
    const dayRow = row(1n, '2026-11-01');
    const visitRow = (id: bigint) => ({ kind: 'upsert' as const, table: 1, cells: [id, 1n] });
    await laptop.send(replica, [dayRow, visitRow(1n), visitRow(2n)], { tables: [day, visit] });
    await desk.send(replica, [visitRow(3n)], { tables: [day, visit] });
    const table = 'VISIT';
    const found = await replica.digest([
      { table, source: 'laptop' },
      { table, source: 'desk' },
      { table, source: 'nobody' },
      { table, day: '2026-11-01' },
      { table, day: '2026-11-01', source: 'desk' },
      { table: 'DAY', day: '2026-11-01' },
    ]);
    expect(found.map(({ rows: count }) => count)).toEqual([2, 1, 0, 3, 1, 1]);
    expect(await replica.days('VISIT')).toEqual([{ day: '2026-11-01', rows: 3 }]);
  });

  test('a change behind our back shows', async () => {
    const opened = await open(policy);
    const sender = new Sender(opened);
    await sender.send(
      opened.replica,
      rows.map((cells) => row(...cells)),
      { tables },
    );
    await opened.execute(`UPDATE "dated" SET "v" = 'tampered' WHERE "id" = 1`);
    expect((await opened.replica.digest([{ table: 'dated' }]))[0]).not.toEqual(digest(rows));
  });

  test('more rows than are read at a time', async () => {
    const opened = await open();
    const many = Array.from({ length: 5000 }, (_, index): Cell[] => [
      BigInt(index),
      index % 7 === 0 ? '\ufffd' : 'x',
    ]);
    const plain = shape('plain', ['id INTEGER', 'v TEXT']);
    await new Sender(opened).send(
      opened.replica,
      many.map((cells) => row(...cells)),
      { tables: [plain] },
    );
    expect(await opened.replica.digest([{ table: 'plain' }])).toEqual([digest(many)]);
  });

  test('the status counts', async () => {
    const opened = await open(policy);
    const sender = new Sender(opened);
    await sender.send(
      opened.replica,
      rows.map((cells) => row(...cells)),
      { tables, resyncing: true },
    );
    expect(await opened.replica.status()).toMatchObject({
      tables: [{ table: 'dated', rows: 4, state: 'live' }],
      held: {},
      sources: [
        {
          source: 'laptop',
          batchNo: 1,
          batches: 1,
          rows: 4,
          isResyncing: true,
          lastBatchAt: '2026-11-27T12:00:00.000Z',
          lastTakenAt: '2026-11-27T12:00:00.000Z',
        },
      ],
    });
  });
}
