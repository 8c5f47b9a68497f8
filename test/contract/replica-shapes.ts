// What tables are like, and who says that it may change.
import { expect, test } from 'vitest';
import { type OpenReplica, policy, row, Sender, shape, tablePolicy, visit } from './replica-world.ts';

const wider = shape('visit', ['id INTEGER', 'label TEXT', 'note TEXT']);
const otherKey = shape('visit', ['id INTEGER', 'label TEXT'], ['label']);
const otherType = shape('visit', ['id INTEGER', 'label INTEGER']);

export function shapeTests(open: OpenReplica): void {
  test('a new table and a new column are taken as they come', async () => {
    const opened = await open();
    expect(await opened.replica.offer('laptop', [visit])).toMatchObject({ refused: [] });
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a')]);
    expect(await opened.replica.offer('laptop', [wider])).toMatchObject({ refused: [] });
    await sender.send(opened.replica, [row(2n, 'b', 'new')], { tables: [wider] });
    expect(await opened.rows(wider)).toEqual([
      [1n, 'a', null],
      [2n, 'b', 'new'],
    ]);
  });

  test('a batch brings its shape where nobody offered it', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a')]);
    await sender.send(opened.replica, [row(1n, 'a', 'x')], { tables: [wider] });
    expect(await opened.rows(wider)).toEqual([[1n, 'a', 'x']]);
  });

  test('a column that the source has no more keeps what it had', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a', 'x'), row(2n, 'b', 'y')], { tables: [wider] });
    await sender.send(opened.replica, [row(1n, 'c')]);
    expect(await opened.rows(wider)).toEqual([
      [1n, 'c', 'x'],
      [2n, 'b', 'y'],
    ]);
  });

  test.each(['follow', 'approve'] as const)(
    'a column that a source has no more waits for nobody, and is named (%s)',
    async (schema) => {
      const opened = await open({ schema });
      const { replica } = opened;
      const kept = async () => (await replica.status()).tables.map(({ columnsKept }) => columnsKept);
      await replica.offer('laptop', [wider]);
      await replica.approve();
      expect(await replica.offer('laptop', [wider])).toEqual({ refused: [], kept: [] });
      expect(await kept()).toEqual([[]]);
      const narrow = shape('visit', ['id INTEGER', 'LABEL TEXT']);
      const named = [{ table: 'visit', columns: ['note'] }];
      // Also where it is offered once more, or by a source that has it not yet.
      for (const source of ['laptop', 'laptop', 'desk'])
        expect(await replica.offer(source, [narrow])).toEqual({ refused: [], kept: named });
      expect(await kept()).toEqual([['note']]);
      await new Sender(opened).send(replica, [row(1n, 'a')], { tables: [narrow] });
      expect(await opened.rows(wider)).toEqual([[1n, 'a', null]]);
      // A table that is made anew keeps it as well.
      await replica.offer('laptop', [otherKey]);
      expect(await replica.approve()).toEqual(['visit']);
      expect(await replica.offer('laptop', [otherKey])).toEqual({ refused: [], kept: named });
      // It comes back.
      await replica.offer('laptop', [shape('visit', ['id INTEGER', 'label TEXT', 'NOTE TEXT'], ['label'])]);
      expect(await kept()).toEqual([[]]);
    },
  );

  test.each([
    ['key', otherKey],
    ['type', otherType],
  ])('a table with another %s waits for a person, and its rows stay', async (_, other) => {
    const opened = await open();
    const { replica } = opened;
    const sender = new Sender(opened);
    await sender.send(replica, [row(1n, 'a'), row(2n, 'b')]);
    expect(await replica.offer('laptop', [other])).toMatchObject({ refused: ['visit'] });
    const result = await sender.send(replica, [row(3n, 'c')], { tables: [other] });
    expect(result).toMatchObject({ refusedTables: ['visit'], applied: { upserts: 0 } });
    expect(await opened.rows(visit)).toEqual([
      [1n, 'a'],
      [2n, 'b'],
    ]);
    expect((await replica.status()).tables).toMatchObject([{ table: 'visit', rows: 2, state: 'unapproved' }]);
    expect(await replica.tables()).toEqual(['visit']);
    expect(await replica.approve()).toEqual(['visit']);
    expect(await replica.offer('laptop', [other])).toMatchObject({ refused: [] });
    expect(await opened.rows(other)).toHaveLength(2);
    await sender.send(replica, [row(3n, 'c')], { tables: [other] });
    expect(await opened.rows(other)).toHaveLength(3);
  });

  test('where a person approves, nothing of a table is taken before', async () => {
    const opened = await open({ schema: 'approve' });
    const { replica } = opened;
    const day = shape('day', ['id INTEGER', 'date TEXT']);
    expect(await replica.offer('laptop', [visit, day])).toMatchObject({ refused: ['visit', 'day'] });
    const sender = new Sender(opened);
    expect(await sender.send(replica, [row(1n, 'a')])).toMatchObject({ refusedTables: ['visit'] });
    expect(await replica.approve('visit')).toEqual(['visit']);
    expect(await replica.offer('laptop', [visit, day])).toMatchObject({ refused: ['day'] });
    await sender.send(replica, [row(1n, 'a')]);
    expect(await replica.offer('laptop', [wider])).toMatchObject({ refused: ['visit'] });
    expect(await sender.send(replica, [row(2n, 'a', 'x')], { tables: [wider] })).toMatchObject({
      refusedTables: ['visit'],
    });
    expect(await replica.approve()).toEqual(['day', 'visit']);
    await sender.send(replica, [row(2n, 'a', 'x')], { tables: [wider] });
    expect(await opened.rows(wider)).toEqual([
      [1n, 'a', null],
      [2n, 'a', 'x'],
    ]);
  });

  test('the shape of before it changed is taken again', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a')]);
    await opened.replica.offer('laptop', [otherKey]);
    expect(await opened.replica.offer('laptop', [visit])).toMatchObject({ refused: [] });
    expect((await opened.replica.status()).tables[0]?.state).toBe('live');
    expect(await opened.replica.approve()).toEqual([]);
  });

  test.each([
    ['a table of ours', shape('_holdfast_batch', ['id INTEGER'])],
    ['one of ours in other letters', shape('_HOLDFAST_held', ['id INTEGER'])],
    ['a column of ours', shape('things', ['id INTEGER', '_holdfast_source INTEGER'])],
  ])('%s is refused for ever', async (_, taken) => {
    const opened = await open();
    expect((await opened.replica.offer('laptop', [taken])).refused).toHaveLength(1);
    expect(await opened.replica.approve()).toEqual([]);
    const result = await new Sender(opened).send(opened.replica, [row(...taken.columns.map(() => 1n))], {
      tables: [taken],
    });
    expect(result.refusedTables).toEqual([taken.name]);
  });

  test('a table that somebody else has there is left alone', async () => {
    const opened = await open();
    await opened.execute('CREATE TABLE visit (id INTEGER PRIMARY KEY, mine TEXT)');
    expect(await opened.replica.offer('laptop', [visit])).toMatchObject({ refused: ['visit'] });
    expect(await opened.replica.approve()).toEqual([]);
  });

  test('a type that is no type is no SQL either', async () => {
    const opened = await open();
    const evil = shape('evil', [
      'id INTEGER',
      'v TEXT CHECK (0)',
      'w x); DROP TABLE _holdfast_batch; --',
      'n TEXT NOT NULL',
    ]);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a', 'b', null)], { tables: [evil] });
    expect(await opened.rows(evil)).toEqual([[1n, 'a', 'b', null]]);
  });

  test('it is known after a restart', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a')]);
    const replica = await opened.reopen(policy({ schema: 'approve' }));
    expect(await replica.offer('laptop', [visit])).toMatchObject({ refused: [] });
  });

  test('a frozen day is carried over into a table with another key, and stays frozen there', async () => {
    const dated = (key: string) => shape('dated', ['id INTEGER', 'date TEXT', 'v TEXT'], [key]);
    const opened = await open({ tables: { dated: tablePolicy({ day: { column: 'date' } }) } });
    const { replica } = opened;
    const sender = new Sender(opened);
    await sender.send(replica, [row(1n, '2026-11-01', 'a')], { tables: [dated('id')] });
    await replica.freeze('2026-11-01', { by: 'ann', reason: 'closed', exceptions: [] });
    await replica.offer('laptop', [dated('v')]);
    expect(await replica.approve('dated')).toEqual(['dated']);
    const range = { table: 0, after: undefined, through: undefined };
    await sender.send(replica, [row(1n, '2026-11-01', 'b')], { tables: [dated('v')], range });
    expect(await opened.rows(dated('v'))).toEqual([[1n, '2026-11-01', 'a']]);
    await expect(opened.execute(`DELETE FROM "dated"`)).rejects.toThrow(/frozen/);
  });
}
