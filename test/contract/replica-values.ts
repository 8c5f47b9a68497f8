// Each value arrives as it is: its class, and all of its bytes.
import { expect, test } from 'vitest';
import type { Cell } from '../../lib/delta/cell.ts';
import { type OpenReplica, row, Sender, shape } from './replica-world.ts';

const bytes = (hex: string) => Buffer.from(hex, 'hex');

/** By the type of the column; what SQLite would have stored there, so it is what a source can send. */
const values: [declared: string, values: Cell[]][] = [
  [
    'INTEGER',
    [
      0n,
      -1n,
      9007199254740993n,
      9223372036854775807n,
      -9223372036854775808n,
      1.5,
      'a text',
      bytes('00ff'),
      null,
    ],
  ],
  ['REAL', [1, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, Infinity, -Infinity, 9007199254740992, 'a text']],
  [
    'TEXT',
    [
      '',
      'é',
      '1',
      '\u{1f600}',
      'a\u0000b',
      ' pad ',
      '\ufffd',
      { text: bytes('ff41') },
      { text: bytes('eda080') },
      bytes(''),
    ],
  ],
  ['NUMERIC', [1n, 1.5, '1e', null]],
  ['', [1n, 1, '1', bytes('31'), null]],
  ['VARCHAR(10)', ['longer than ten characters']],
  ['DATETIME', ['2026-11-27 10:00:00.123456', 1700000000n]],
];

export function valueTests(open: OpenReplica): void {
  test.each(values)('of a column of type "%s"', async (declared, cells) => {
    const opened = await open();
    const table = shape('things', ['id INTEGER', `v ${declared}`]);
    const sender = new Sender(opened);
    const rows = cells.map((cell, index): Cell[] => [BigInt(index), cell]);
    const sent = rows.map((one) => row(...one));
    const first = await sender.send(opened.replica, sent, { tables: [table] });
    // What a target cannot hold is kept back, and told; it is never altered.
    const held = await opened.replica.held();
    const unfit = new Set(held.map(({ key }) => key[0]));
    expect(held.every(({ reason }) => reason === 'unfit')).toBe(true);
    expect(first.applied.upserts).toBe(cells.length - unfit.size);
    expect(plain(await opened.rows(table))).toEqual(plain(rows.filter(([id]) => !unfit.has(id as bigint))));
    const again = await sender.send(opened.replica, sent, { tables: [table] });
    expect(again.applied).toEqual({ upserts: 0, deletes: 0, unchanged: cells.length - unfit.size });
  });

  test.each<[string, Cell, Cell]>([
    ['a whole REAL and an INTEGER', 1, 1n],
    ['a text and a BLOB of its bytes', 'a', bytes('61')],
    ['nothing and an empty text', null, ''],
    ['two letter cases', 'a', 'A'],
    ['blanks at the end', 'a', 'a '],
  ])('%s are two values', async (_, before, after) => {
    const opened = await open();
    const table = shape('things', ['id INTEGER', 'v']);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, before)], { tables: [table] });
    const result = await sender.send(opened.replica, [row(1n, after)], { tables: [table] });
    expect(result.applied).toEqual({ upserts: 1, deletes: 0, unchanged: 0 });
    expect(plain(await opened.rows(table))).toEqual(plain([[1n, after]]));
  });

  test('a key may be any value', async () => {
    const opened = await open();
    const table = shape('things', ['k', 'v TEXT'], ['k']);
    const keys: Cell[] = ['a', bytes('61'), 1n, 1.5, '1', { text: bytes('ff') }, -9223372036854775808n];
    const sender = new Sender(opened);
    const write = (value: string) => keys.map((key) => row(key, value));
    await sender.send(opened.replica, write('one'), { tables: [table] });
    const unfit = (await opened.replica.held()).length;
    const again = await sender.send(opened.replica, write('two'), { tables: [table] });
    expect(again.applied.upserts).toBe(keys.length - unfit);
    const range = { table: 0, after: undefined, through: undefined };
    const gone = await sender.send(opened.replica, [], { tables: [table], range });
    expect(gone.applied.deletes).toBe(keys.length - unfit);
    expect(await opened.rows(table)).toEqual([]);
  });

  test('names may be any text', async () => {
    const opened = await open();
    const table = shape('order"s; --', [`gro"up TEXT`, 'select INTEGER', 'Ünïcode TEXT'], ['gro"up']);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row('a', 1n, 'x'), row('b', 2n, 'y')], { tables: [table] });
    const range = { table: 0, after: ['a'], through: undefined };
    await sender.send(opened.replica, [], { tables: [table], range });
    expect(await opened.rows(table)).toEqual([['a', 1n, 'x']]);
  });
}

/** REALs are told from INTEGERs by their type alone, and bytes are compared as hex. */
function plain(rows: readonly (readonly Cell[])[]): string[][] {
  return rows.map((cells) =>
    cells.map((cell) => {
      if (cell === null || typeof cell !== 'object') return `${typeof cell} ${String(cell)}`;
      const [kind, value] = 'text' in cell ? ['text', cell.text] : ['blob', cell];
      return `${kind} ${Buffer.from(value).toString('hex')}`;
    }),
  );
}
