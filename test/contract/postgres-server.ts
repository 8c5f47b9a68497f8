// What a replica meets in a server alone: other roles, lost replies, restarts, values and names that PostgreSQL has no room for.
import { expect, onTestFinished, test } from 'vitest';
import { join } from 'node:path';
import type { Change } from '../../lib/delta/change.ts';
import { openPostgresReplica } from '../../lib/replica/postgres/open.ts';
import { openSqliteReplica } from '../../lib/replica/sqlite/open.ts';
import type { PostgresServer } from '../support/postgres.ts';
import { BreakingLink } from '../support/postgres-link.ts';
import { scratch } from '../support/scratch.ts';
import { openInPostgres } from './postgres-world.ts';
import { arriving, gone, of, policy, row, Sender, shape, tablePolicy, visit } from './replica-world.ts';

const day = shape('DAY', ['id INTEGER', 'date DATE']);
const trip = shape('TRIP', ['id INTEGER', 'day_id INTEGER', 'note TEXT']);
const byDay = {
  tables: {
    TRIP: tablePolicy({ day: { column: 'day_id', parent: { table: 'DAY', key: 'id', day: 'date' } } }),
  },
};
const why = { by: 'kim', reason: 'closed' };

export function serverTests(server: () => PostgresServer): void {
  const open = (given?: Parameters<typeof policy>[0]) => openInPostgres(server(), given);

  test('nobody changes a frozen day from psql, whoever they are and whatever they may do', async () => {
    const opened = await open(byDay);
    const { replica, schema } = opened;
    const sender = new Sender(opened);
    const days = [row(1n, '2026-11-26'), row(2n, '2026-11-27')];
    const trips = [row(10n, 1n, 'a'), row(20n, 2n, 'b')].map((change) => of(1, change));
    await sender.send(replica, [...days, ...trips], { tables: [day, trip] });
    await replica.freeze('2026-11-26', { ...why, exceptions: [] });
    await opened.execute(`grant usage on schema "${schema}" to staff`);
    await opened.execute('grant select, insert, update, delete, truncate on "DAY", "TRIP" to staff');
    const staff = await server().connect({ user: 'staff', database: 'reports' });
    await staff.query(`set search_path = "${schema}"`);
    const people = { owner: opened.execute.bind(opened), staff: (sql: string) => staff.query(sql) };
    for (const [who, execute] of Object.entries(people)) {
      const ways = [
        `update "TRIP" set note = 'x' where id = 10`,
        `update "TRIP" set note = 'x'`,
        `update "TRIP" set day_id = 2 where id = 10`,
        `update "TRIP" set day_id = 1 where id = 20`,
        'delete from "TRIP" where id = 10',
        `insert into "TRIP" values (11, 1, 'x')`,
        `insert into "TRIP" values (10, 2, 'x') on conflict (id) do update set day_id = 2`,
        `with gone as (delete from "TRIP" where id = 10 returning 1) select * from gone`,
        `update "DAY" set date = '2026-11-27' where id = 1`,
        `update "DAY" set date = '2026-11-26' where id = 2`,
        'delete from "DAY" where id = 1',
        'truncate "TRIP"',
      ];
      for (const sql of ways)
        await expect(Promise.resolve(execute(sql)), `${who}: ${sql}`).rejects.toThrow(/frozen/);
      await execute(`update "TRIP" set note = '${who}' where id = 20`);
    }
    await expect(
      staff.query('insert into _holdfast_writer values (pg_current_xact_id(), $1)', ['apply']),
    ).rejects.toThrow('permission denied');
    expect(await opened.rows(trip)).toEqual([
      [10n, 1n, 'a'],
      [20n, 2n, 'staff'],
    ]);
    expect(await replica.correct(`update "TRIP" set note = 'mended' where id = 10`, why)).toEqual({
      rows: 1,
    });
    expect(await replica.corrections(0, 10)).toMatchObject([
      { key: [10n], cells: [10n, 1n, 'mended'], source: 'laptop', by: 'kim' },
    ]);
  });

  test.each([
    ['commit', 'usage'],
    ['update "visit" set label = null; commit', 'usage'],
    ['drop table "visit"', 'usage'],
    ['update "visit" set label = 1 / 0', 'damaged'],
    [`do $$ begin delete from "visit"; end $$`, 'usage'],
    ['update "nothing" set label = null', 'damaged'],
  ])('staff who type %j change nothing', async (sql, kind) => {
    const opened = await open();
    await new Sender(opened).send(opened.replica, [row(1n, 'a')]);
    await expect(opened.replica.correct(sql, why)).rejects.toMatchObject({ name: 'OpsError', kind });
    expect(await opened.rows(visit)).toEqual([[1n, 'a']]);
    expect(await opened.replica.corrections(0, 10)).toEqual([]);
  });

  test('the same rows have the same digest here and in SQLite', async () => {
    const opened = await open();
    const path = join(scratch(), 'replica.db');
    const file = await openSqliteReplica({ path, policy: policy(), clock: opened.clock });
    onTestFinished(() => file.close());
    const all = shape('all', ['id INTEGER', 'r REAL', 't TEXT', 'b BLOB', 'n NUMERIC', 'd DATETIME', 'x']);
    const rows = [
      row(-9223372036854775808n, 0.1 + 0.2, 'é', Buffer.from('00ff', 'hex'), 1n, '2026-11-27 10:00', null),
      row(9223372036854775807n, Infinity, '', Buffer.from(''), 0.1, 1700000000n, 9007199254740993n),
      row(9007199254740993n, -0, ' x ', null, 1e20, 1e21, 1),
      row(0n, 5e-324, '\u{1f600}', null, -1.5, 1e-7, 'a\u0000b'),
      row(1n, 1.7976931348623157e308, null, null, null, null, { text: Buffer.from('ff', 'hex') }),
      row(2n, null, null, null, 9223372036854775807n, 'soon', Buffer.from('ff', 'hex')),
    ];
    for (const replica of [opened.replica, file])
      expect((await new Sender(opened).send(replica, rows, { tables: [all] })).held).toEqual({});
    const queries = [{ table: 'all' }, ...['0', '5', 'c'].map((prefix) => ({ table: 'all', prefix }))];
    expect(await opened.replica.digest(queries)).toEqual(await file.digest(queries));
  });

  test('a row that PostgreSQL has no room for is held, and none of its neighbours', async () => {
    const opened = await open();
    const wide = shape('wide', [
      'id INTEGER',
      ...Array.from({ length: 1400 }, (_, index) => `c${index} TEXT`),
    ]);
    const cells = (id: bigint, text: string) => row(id, ...Array.from({ length: 1400 }, () => text));
    const long = shape('long', ['k TEXT'], ['k']);
    const changes = [cells(1n, 'x'), cells(2n, 'x'.repeat(30)), cells(3n, 'y')];
    const keys = [row('x'), row('x'.repeat(3000))].map((change) => of(1, change));
    const sender = new Sender(opened);
    const result = await sender.send(opened.replica, [...changes, ...keys], { tables: [wide, long] });
    expect(result).toMatchObject({ applied: { upserts: 3 }, held: { unfit: 2 } });
    const held = await opened.replica.held({ reason: 'unfit' });
    expect(held.map(({ detail }) => detail)).toEqual([
      expect.stringContaining('row is too big'),
      'a key that is longer than PostgreSQL has in an index',
    ]);
    expect(await opened.replica.release({})).toEqual({ applied: 0, stillHeld: 2 });
    expect((await sender.send(opened.replica, [cells(2n, 'z')], { tables: [wide] })).held).toEqual({});
    expect(await opened.replica.held()).toHaveLength(1);
  });

  test.each([
    ['a table with too long a name', shape('ä'.repeat(32), ['id INTEGER'])],
    ['a column with too long a name', shape('things', ['id INTEGER', `${'c'.repeat(64)} TEXT`])],
    ['a column that every table has', shape('things', ['id INTEGER', 'ctid TEXT'])],
    [
      'more columns than there are',
      shape(
        'things',
        Array.from({ length: 1600 }, (_, index) => (index === 0 ? 'id INTEGER' : `c${index}`)),
      ),
    ],
  ])('%s is refused, says why, and the others are taken', async (_, refused) => {
    const opened = await open();
    const cells = refused.columns.map(() => null);
    const changes = [of(0, row(1n, ...cells.slice(1))), of(1, row(1n, 'a'))];
    const result = await new Sender(opened).send(opened.replica, changes, { tables: [refused, visit] });
    expect(result).toMatchObject({ refusedTables: [refused.name], applied: { upserts: 1 } });
    expect(await opened.replica.approve()).toEqual([]);
    const [why] = await server().sql(
      `select why from "${opened.schema}"._holdfast_shape where table_name = '${refused.name}'`,
      'reports',
    );
    expect(why?.why).toMatch(/PostgreSQL has/);
  });

  test('a view of somebody on a table that has to be made anew is in the way, and all stays as it was', async () => {
    const opened = await open();
    await new Sender(opened).send(opened.replica, [row(1n, 'a')]);
    await opened.execute('create view labels as select label from "visit"');
    await opened.replica.offer('laptop', [shape('visit', ['id INTEGER', 'label INTEGER'])]);
    await expect(opened.replica.approve()).rejects.toMatchObject({
      kind: 'refused',
      hint: expect.stringContaining('view_table_usage') as string,
    });
    expect(await opened.rows(visit)).toEqual([[1n, 'a']]);
    await opened.execute('drop view labels');
    expect(await opened.replica.approve()).toEqual(['visit']);
  });

  test('names that differ by letter case alone are one table, as at their sources', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a')]);
    const upper = shape('VISIT', ['ID INTEGER', 'Label TEXT'], ['ID']);
    await sender.send(opened.replica, [row(1n, 'b'), row(2n, 'c')], { tables: [upper] });
    expect(await opened.rows(visit)).toEqual([
      [1n, 'b'],
      [2n, 'c'],
    ]);
  });

  test('a batch asks a server that is far away as seldom whatever it brings, and so does who looks', async () => {
    await using link = await BreakingLink.to(server().port);
    const by = { host: '127.0.0.1', port: link.port, sslmode: 'disable' as const };
    const opened = await openInPostgres(server(), { sources: ['laptop', 'desk'] }, by);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a')]);
    const turnsOf = async (work: () => Promise<unknown>) => {
      const before = link.turns;
      await work();
      return link.turns - before;
    };
    for (const rows of [1, 1000]) {
      const changes = Array.from({ length: rows }, (_, id) => row(BigInt(id), `of ${rows}`));
      expect(await turnsOf(() => sender.send(opened.replica, changes))).toBeLessThanOrEqual(18);
    }
    await opened.replica.state('laptop');
    expect(await turnsOf(() => opened.replica.state('laptop'))).toBe(4);
  });

  test('a reply that is lost after the commit is no batch that is lost', async () => {
    await using link = await BreakingLink.to(server().port);
    const by = { host: '127.0.0.1', port: link.port, sslmode: 'disable' as const };
    const opened = await openInPostgres(server(), {}, by);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a')]);
    link.breakAt = { statement: '\u000bcommit\0', when: 'after' };
    await sender.send(opened.replica, [row(2n, 'b')]);
    expect(link.broke).toBe(1);
    link.breakAt = { statement: '\u000bcommit\0', when: 'before' };
    const batch = sender.batch([row(3n, 'c')]);
    await expect(opened.replica.apply(batch)).rejects.toMatchObject({ kind: 'unavailable' });
    const { header } = batch;
    const result = await opened.replica.apply({
      ...arriving({ header, changes: [row(3n, 'c')] }),
      sha256: batch.sha256,
    });
    expect(result).toMatchObject({ batchNo: 3, applied: { upserts: 1 } });
    expect(await opened.rows(visit)).toHaveLength(3);
  });

  test('a server that stops in the middle of a batch has nothing of it, and takes it when it is back', async () => {
    const opened = await open();
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, 'a')]);
    const batch = sender.batch([]);
    const changes = {
      async *[Symbol.asyncIterator](): AsyncGenerator<Change[]> {
        yield [gone(1n), ...Array.from({ length: 1500 }, (_, index) => row(BigInt(index + 2), 'b'))];
        await server().disconnect();
        server().stop('immediate');
        yield [row(5000n, 'c')];
      },
    };
    await expect(opened.replica.apply({ ...batch, changes })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('cannot take in a batch of laptop') as string,
    });
    await expect(opened.replica.state('laptop')).rejects.toMatchObject({ kind: 'unavailable' });
    server().start();
    expect(await opened.replica.state('laptop')).toMatchObject({ batchNo: 1 });
    const again = arriving({ header: batch.header, changes: [gone(1n), row(2n, 'b')] });
    expect(await opened.replica.apply(again)).toMatchObject({ applied: { upserts: 1, deletes: 1 } });
    expect((await opened.replica.status()).tables).toMatchObject([{ table: 'visit', rows: 1 }]);
  });

  test('two hundred sources at once need two connections, and none is mistaken for another', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `laptop-${index}`);
    const opened = await open({ sources: names });
    const sends = names.map(async (name, index) => {
      const sender = new Sender(opened, name);
      const result = await sender.send(opened.replica, [row(BigInt(index), name)]);
      return { result, nonce: (await opened.replica.state(name)).nonce };
    });
    for (const { result, nonce } of await Promise.all(sends)) expect(nonce).toBe(result.nonce);
    const [count] = await server().sql(
      "select count(*)::int as n from pg_stat_activity where application_name = 'holdfast replica'",
    );
    expect(count?.n).toBeLessThanOrEqual(2);
    expect(await opened.rows(visit)).toHaveLength(200);
  });

  test('who only looks waits for no batch, also where another service is in the middle of one', async () => {
    const opened = await open(byDay);
    const sender = new Sender(opened);
    await sender.send(opened.replica, [row(1n, '2026-11-26')], { tables: [day] });
    const batch = sender.batch([], { tables: [day] });
    const { target, schema, clock } = opened;
    const { signal } = new AbortController();
    const changes = {
      async *[Symbol.asyncIterator](): AsyncGenerator<Change[]> {
        yield [row(2n, '2026-11-27')];
        const other = await openPostgresReplica({ target, schema, policy: policy(byDay), clock, signal });
        expect((await other.status()).tables).toMatchObject([{ table: 'DAY', rows: 1 }]);
        expect(await opened.replica.state('laptop')).toMatchObject({ batchNo: 1 });
        await other.close();
      },
    };
    expect(await opened.replica.apply({ ...batch, changes })).toMatchObject({ batchNo: 2 });
  });

  test('sources are numbered one after another, however many batches there were, or the numbers would run out', async () => {
    const opened = await open({ sources: ['laptop', 'desk'] });
    const sender = new Sender(opened);
    for (const id of [1n, 2n, 3n]) await sender.send(opened.replica, [row(id, 'a')]);
    await new Sender(opened, 'desk').send(opened.replica, [row(4n, 'b')]);
    const [numbers] = await server().sql(
      `select string_agg(name || id, ' ' order by id) as all from "${opened.schema}"._holdfast_source`,
      'reports',
    );
    expect(numbers?.all).toBe('laptop1 desk2');
  });

  test('what does not fit into a row of a day is held for that day', async () => {
    const opened = await open(byDay);
    const changes = [row(1n, '2026-11-26'), of(1, row(10n, 1n, 'a\0b'))];
    await new Sender(opened).send(opened.replica, changes, { tables: [day, trip] });
    expect(await opened.replica.held({ day: '2026-11-26' })).toMatchObject([
      { key: [10n], reason: 'unfit', detail: 'note: text with a NUL in it' },
    ]);
  });

  test('two services on one replica wait for one another', async () => {
    const opened = await open();
    const { target, schema, clock } = opened;
    const { signal } = new AbortController();
    const other = await openPostgresReplica({ target, schema, policy: policy(), clock, signal });
    onTestFinished(() => other.close());
    const sender = new Sender(opened);
    const batch = sender.batch([row(1n, 'a')]);
    const { header } = batch;
    const twice = [opened.replica, other].map((replica) =>
      replica.apply(arriving({ header, changes: [row(1n, 'a')] })),
    );
    const [one, two] = await Promise.all(twice);
    expect(one).toEqual(two);
    expect(await opened.rows(visit)).toEqual([[1n, 'a']]);
  });

  test('who may not make a schema, and a database that cannot hold every text, are told so', async () => {
    await expect(openInPostgres(server(), {}, { user: 'staff' })).rejects.toMatchObject({
      kind: 'denied',
      hint: expect.stringContaining('grant create on database') as string,
    });
    await server().sql("create database latin owner keeper encoding 'LATIN1' template template0");
    await expect(openInPostgres(server(), {}, { database: 'latin' })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('LATIN1') as string,
    });
  });
}
