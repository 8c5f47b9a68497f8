// Rows as they are stored, and as they go.
import { expect, test } from 'vitest';
import { gone, of, type OpenReplica, row, Sender, shape, tablePolicy, visit } from './replica-world.ts';

export function rowTests(open: OpenReplica): void {
  test('rows are put, replaced, left as they are, and taken away', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a'), row(2n, 'b'), row(3n, null)]);
    const result = await sender.send(opened.replica, [gone(1n), gone(8n), row(2n, 'b'), row(3n, 'c')]);
    expect(result.applied).toEqual({ upserts: 1, deletes: 1, unchanged: 2 });
    expect(await opened.rows(visit)).toEqual([
      [2n, 'b'],
      [3n, 'c'],
    ]);
  });

  test('values are swapped between rows of one batch, and keys between letter cases', async () => {
    const opened = await open();
    const stop = shape('stop', ['code TEXT', 'label TEXT'], ['code']);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row('a', 'x'), row('b', 'y')], { tables: [stop] });
    await sender.send(opened.replica, [gone('a'), row('A', 'y'), row('b', 'x')], { tables: [stop] });
    expect(await opened.rows(stop)).toEqual([
      ['A', 'y'],
      ['b', 'x'],
    ]);
  });

  test.each(['k', 'k REAL', 'k NUMERIC', 'k DATE'])(
    'a walk loses no row whose key is -0.0 in a column %s',
    async (k) => {
      const opened = await open();
      const zero = shape('zero', [k, 'v TEXT'], ['k']);
      const sender = new Sender(opened);
      for (const v of ['a', 'b']) {
        const range = { table: 0, after: undefined, through: undefined };
        await sender.send(opened.replica, [row(-0, v), row(7.5, v)], { tables: [zero], range });
      }
      expect((await opened.rows(zero)).map(([, v]) => v)).toEqual(['b', 'b']);
    },
  );

  test('what is held of a key is over when a row with the key comes, a 1 that is a 1.0 now', async () => {
    const opened = await open({ tables: { dated: tablePolicy({ day: { column: 'date' } }) } });
    const dated = shape('dated', ['k', 'date'], ['k']);
    const tables = [dated];
    const sender = new Sender(opened);
    const range = { table: 0, after: undefined, through: undefined };
    const held = async () => (await opened.replica.held()).map(({ key }) => key);
    await sender.send(opened.replica, [row(1n, 'never'), row(2.5, 'never'), row(3, 'never')], { tables });
    expect(await held()).toEqual([[1n], [2.5], [3n]]);
    await sender.send(opened.replica, [row(1, '2026-11-26'), row(3n, 'not ever')], { tables });
    expect(await held()).toEqual([[2.5], [3n]]);
    await sender.send(opened.replica, [row(1, '2026-11-26'), row(3, '2026-11-26')], { tables, range });
    expect(await held()).toEqual([]);
    expect(await opened.rows(dated)).toEqual([
      [1, '2026-11-26'],
      [3, '2026-11-26'],
    ]);
  });

  test('a key of several columns is one key', async () => {
    const opened = await open();
    const line = shape('line', ['a TEXT', 'v TEXT', 'b INTEGER'], ['b', 'a']);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row('x', 'one', 1n), row('y', 'two', 1n)], { tables: [line] });
    await sender.send(opened.replica, [gone(1n, 'x'), row('y', 'three', 1n), row('x', 'four', 2n)], {
      tables: [line],
    });
    expect(await opened.rows(line)).toEqual([
      ['y', 'three', 1n],
      ['x', 'four', 2n],
    ]);
  });

  test('a row whose key is NULL is held: no row is made up for it', async () => {
    const opened = await open();
    const result = await new Sender(opened).send(opened.replica, [row(1n, 'a'), row(null, 'b')]);
    expect(result).toMatchObject({ held: { unfit: 1 }, applied: { upserts: 1 } });
    expect(await opened.rows(visit)).toEqual([[1n, 'a']]);
  });

  test('several tables travel in one batch', async () => {
    const opened = await open();
    const day = shape('day', ['id INTEGER', 'date TEXT']);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [of(1, gone(4n)), of(0, row(1n, '2026-11-01')), of(1, row(1n, 'a'))], {
      tables: [day, visit],
    });
    expect(await opened.rows(day)).toEqual([[1n, '2026-11-01']]);
    expect(await opened.rows(visit)).toEqual([[1n, 'a']]);
  });

  test('rows without a key are told apart by what they hold', async () => {
    const opened = await open();
    const note = {
      ...shape('note', ['text TEXT', '_holdfast_key TEXT'], ['_holdfast_key']),
      identity: 'content' as const,
    };
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row('x', 'aa:1'), row('x', 'aa:2'), row(null, 'bb:1')], {
      tables: [note],
    });
    await sender.send(opened.replica, [gone('aa:2')], { tables: [note] });
    expect(await opened.rows(note)).toEqual([
      ['x', 'aa:1'],
      [null, 'bb:1'],
    ]);
  });

  test('a piece of a walk takes away what its source has there no more, and nothing elsewhere', async () => {
    const opened = await open({ sources: ['laptop', 'desk'] });
    const [sender, other] = [new Sender(opened), new Sender(opened, 'desk')];
    await sender.send(
      opened.replica,
      [1n, 2n, 3n, 4n, 5n].map((id) => row(id, 'a')),
    );
    await other.send(opened.replica, [row(30n, 'theirs'), row(31n, 'theirs')]);
    const range = { table: 0, after: [1n], through: [4n] };
    const result = await sender.send(opened.replica, [row(2n, 'b'), row(4n, 'a')], {
      range,
      resyncing: true,
    });
    expect(result.applied).toEqual({ upserts: 1, deletes: 1, unchanged: 1 });
    expect(await opened.rows(visit)).toEqual([
      [1n, 'a'],
      [2n, 'b'],
      [4n, 'a'],
      [5n, 'a'],
      [30n, 'theirs'],
      [31n, 'theirs'],
    ]);
    const rest = { table: 0, after: [4n], through: undefined };
    await sender.send(opened.replica, [], { range: rest, resyncing: true });
    await sender.send(opened.replica, [row(2n, 'b')], {
      range: { ...rest, after: undefined, through: [3n] },
    });
    expect((await opened.rows(visit)).map(([id]) => id)).toEqual([2n, 4n, 30n, 31n]);
  });

  test('a piece of a walk leaves what it names as kept, held or not', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    await sender.send(
      opened.replica,
      [1n, 2n, 3n].map((id) => row(id, 'a')),
    );
    const range = { table: 0, after: undefined, through: undefined, kept: [[2n]] };
    const result = await sender.send(opened.replica, [row(1n, 'b')], { range, resyncing: true });
    expect(result.applied).toEqual({ upserts: 1, deletes: 1, unchanged: 0 });
    expect(await opened.rows(visit)).toEqual([
      [1n, 'b'],
      [2n, 'a'],
    ]);
  });

  test('the keys of a walk are compared by their bytes, part by part', async () => {
    const opened = await open();
    const line = shape('line', ['a TEXT', 'b INTEGER'], ['a', 'b']);
    const sender = new Sender(opened);
    const keys = [
      ['A', 1n],
      ['B', 1n],
      ['B', 2n],
      ['a', 1n],
      ['b', 1n],
      ['\u{1f600}', 1n],
      ['\uffee', 1n],
    ] as const;
    await sender.send(
      opened.replica,
      keys.map((key) => row(...key)),
      { tables: [line] },
    );
    const range = { table: 0, after: ['B', 1n], through: ['a', 1n] };
    await sender.send(opened.replica, [], { tables: [line], range });
    expect((await opened.rows(line)).length).toBe(5);
    // U+FFEE stands before U+1F600 in UTF-8, and behind it in UTF-16.
    const behind = { table: 0, after: ['\uffee', 1n], through: undefined };
    await sender.send(opened.replica, [], { tables: [line], range: behind });
    expect((await opened.rows(line)).map(([a]) => a)).toEqual(['A', 'B', 'b', '\uffee']);
  });

  test('a long walk through nothing, and one that finds everything there, end with the same rows', async () => {
    const opened = await open();
    const rows = Array.from({ length: 3000 }, (_, index) => row(BigInt(index), `label ${index}`));
    const sender = new Sender(opened);
    const range = { table: 0, after: undefined, through: undefined };
    const first = await sender.send(opened.replica, rows, { range, resyncing: true });
    expect(first.applied).toEqual({ upserts: 3000, deletes: 0, unchanged: 0 });
    expect(await opened.replica.state('laptop')).toMatchObject({ unconfirmedKeys: 0 });
    const second = await sender.send(opened.replica, rows.slice(0, 2999), { range, resyncing: true });
    expect(second.applied).toEqual({ upserts: 0, deletes: 1, unchanged: 2999 });
    expect(await opened.rows(visit)).toHaveLength(2999);
  });

  test('a piece of a walk that has a row elsewhere, or one twice, does no harm', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(50n, 'a')]);
    const range = { table: 0, after: [10n], through: [20n] };
    await sender.send(opened.replica, [row(11n, 'a'), row(50n, 'b'), row(11n, 'c')], { range });
    expect(await opened.rows(visit)).toEqual([
      [11n, 'c'],
      [50n, 'b'],
    ]);
  });

  test('a key that becomes another value which is the same key is written anew', async () => {
    const opened = await open();
    const any = shape('any', ['k', 'v TEXT'], ['k']);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a')], { tables: [any] });
    await sender.send(opened.replica, [row(1, 'b')], { tables: [any] });
    expect(await opened.rows(any)).toEqual([[1, 'b']]);
    const range = { table: 0, after: undefined, through: undefined };
    await sender.send(opened.replica, [row(1n, 'b')], { tables: [any], range, resyncing: true });
    expect(await opened.rows(any)).toEqual([[1n, 'b']]);
  });

  test.each<[string, readonly bigint[]]>([
    ['nothing else lies there', [9n]],
    ['rows lie beside it', [1n, 9n]],
  ])('what is held of a row that a walk does not find goes with it: %s', async (_, ids) => {
    const opened = await open({
      tables: {
        visit: {
          day: { column: 'label' },
          updatedAt: undefined,
          deletions: 'apply',
          deletionsMax: { rows: 1000, percent: 100 },
        },
      },
    });
    const sender = new Sender(opened);
    await sender.send(opened.replica, [
      ...ids.map((id) => row(id, '2026-11-01')),
      row(2n, null),
      row(3n, null),
    ]);
    const held = async () => (await opened.replica.held()).map(({ key }) => key);
    expect(await held()).toEqual([[2n], [3n]]);
    const range = { table: 0, after: undefined, through: [5n] };
    const rows = [...ids.filter((id) => id < 5n).map((id) => row(id, '2026-11-01')), row(3n, null)];
    await sender.send(opened.replica, rows, { range, resyncing: true });
    expect(await held()).toEqual([[3n]]);
    await opened.replica.release({});
    expect((await opened.rows(visit)).map(([id]) => id)).toEqual([...ids, 3n].sort());
  });

  test('what is held of a row that another source has goes with a walk, and the row stays', async () => {
    const opened = await open({
      sources: ['laptop', 'desk'],
      tables: { visit: tablePolicy({ day: { column: 'label' } }) },
    });
    const [laptop, desk] = [new Sender(opened), new Sender(opened, 'desk')];
    await desk.send(opened.replica, [row(1n, '2026-11-01')]);
    opened.clock.advance(1000);
    await laptop.send(opened.replica, [row(1n, null)]);
    const range = { table: 0, after: undefined, through: undefined };
    await laptop.send(opened.replica, [], { range, resyncing: true });
    expect(await opened.replica.held()).toEqual([]);
    expect(await opened.rows(visit)).toEqual([[1n, '2026-11-01']]);
  });
}
