// What keeps a database from being replaced: each says what it is, and leaves all as it was.
import { expect, onTestFinished, test } from 'vitest';
import { dropDatabase } from '../../lib/postgres/backup/make-database.ts';
import { discardUndo } from '../../lib/postgres/swap/discard.ts';
import { type PreparedDatabase, prepareNew } from '../../lib/postgres/swap/prepare-new.ts';
import { settle } from '../../lib/postgres/swap/settle.ts';
import type { Place } from '../../lib/postgres/swap/place.ts';
import { swap, undo } from '../../lib/postgres/swap/swap.ts';
import type { PostgresServer } from '../support/postgres.ts';
import { replacedBy, SwapWorld } from './postgres-swap-world.ts';

export function refusalTests(server: () => PostgresServer): void {
  const superuser = { user: 'postgres' };

  test.each([
    [
      'a transaction that is prepared in it',
      `begin; insert into bag values ('two'); prepare transaction 'two phases'`,
      `rollback prepared 'two phases'`,
      /the transaction "two phases" is prepared in it/,
    ],
    [
      'a replication slot of it',
      `select pg_create_logical_replication_slot('reader_slot', 'pgoutput')`,
      `select pg_drop_replication_slot('reader_slot')`,
      /the replication slot reader_slot reads the changes/,
    ],
    [
      'a subscription in it',
      `create subscription sub connection 'dbname=none' publication p with (connect = false)`,
      'alter subscription sub set (slot_name = none); drop subscription sub',
      /the subscription sub writes into/,
    ],
  ])('%s', async (_, make, mend, message) => {
    const world = await SwapWorld.make(server());
    await world.sql(make);
    for (const others of ['refuse', 'end'] as const)
      await expect(world.restore({ others })).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringMatching(message) as string,
      });
    expect(await world.databases()).toEqual([world.name]);
    await world.sql(mend);
    await world.restore();
  });

  test.each([
    ['makes no databases', 'poor', /its role poor may make no database/, /alter role "poor" createdb/],
    [
      'has not the rights of its owner',
      'stranger',
      /belongs to app, and only who has its rights may rename it/,
      /grant "app" to "stranger"/,
    ],
  ])('a role that %s', async (_, user, message, hint) => {
    const world = await SwapWorld.make(server());
    await expect(world.restore({}, { user })).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
    });
    expect(await world.databases()).toEqual([world.name]);
  });

  test.each(['postgres', 'template1', '', 'x'.repeat(64)])('the name %j', async (called) => {
    const world = await SwapWorld.make(server());
    await expect(world.withPlace(settle, { database: called })).rejects.toMatchObject({ kind: 'refused' });
  });

  test('who is connected is named, to the old one and to one from before', async () => {
    const world = await SwapWorld.make(server());
    const { undo: kept = '' } = await world.restore();
    const back = () => world.withPlace((place) => undo(place, kept, { others: 'refuse' }));
    for (const database of [world.name, kept]) {
      const person = await server().connect({ database, application_name: 'psql' });
      await expect(back()).rejects.toMatchObject({
        message: expect.stringContaining('1 session (psql of postgres: 1) is connected to ') as string,
      });
      await person.end();
    }
    await back();
  });

  test('a role cannot send away a superuser, says who it is, and nothing was replaced', async () => {
    const world = await SwapWorld.make(server());
    const person = await server().connect({ database: world.name, application_name: 'psql' });
    await expect(world.restore({ others: 'end' })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(`psql of postgres: 1) is connected to ${world.name}`) as string,
    });
    expect((await person.query('select * from bag')).rows).toHaveLength(2);
    await person.end();
    await world.restore({ others: 'end' });
  });

  test('autovacuum is nobody who is connected, and gives way, also to a role that is no superuser', async () => {
    const world = await SwapWorld.make(server());
    await world.sql(`create table busy (n int) with (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1,
      autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0); insert into busy select generate_series(1, 20000);
      update busy set n = n + 1`);
    const client = await server().connect();
    await client.query(`alter system set autovacuum_naptime = '1s'`);
    await client.query('select pg_reload_conf()');
    const worker = async (database: string) => {
      const sql = `select pid from pg_stat_activity where backend_type = 'autovacuum worker' and datname = $1`;
      return (await client.query<{ pid: number }>(sql, [database])).rows[0]?.pid;
    };
    try {
      await expect.poll(() => worker(world.name), { timeout: 60_000 }).toBeGreaterThan(0);
      const ready = await readyFrom(world);
      const { undo: kept = '' } = await world.withPlace((place) =>
        swap(place, ready, { replacedBy, others: 'end' }),
      );
      await expect.poll(() => worker(kept), { timeout: 60_000 }).toBeGreaterThan(0);
      await world.withPlace((place) => place.ask((session) => dropDatabase(session, kept)));
    } finally {
      await client.query('alter system reset autovacuum_naptime');
      await client.query('select pg_reload_conf()');
      await client.end();
    }
    expect(await world.databases()).toEqual([world.name]);
  });

  test('a lock that somebody holds on it is waited for no longer than the app can wait', async () => {
    const world = await SwapWorld.make(server());
    const person = await server().connect();
    await person.query(`begin; comment on database ${world.name} is 'not yet'`);
    await expect(world.restore()).rejects.toMatchObject({ kind: 'busy' });
    await person.query('rollback');
    await person.end();
    expect(await world.bags()).toEqual(['old', 'newer']);
    await world.restore();
  });

  test('one that somebody put in its place meanwhile is not replaced', async () => {
    const world = await SwapWorld.make(server());
    const swapped = world.withPlace(async (place) => {
      await using ready = await prepareNew(place, world.archive);
      await server().sql(`drop database ${ready.name}`);
      await swap(place, ready, { replacedBy, others: 'refuse' });
    });
    await expect(swapped).rejects.toMatchObject({ kind: 'refused' });
    expect(await world.bags()).toEqual(['old', 'newer']);
  });

  test('a stranger’s database with a name of ours is told, and neither brought back nor dropped', async () => {
    const world = await SwapWorld.make(server());
    const planted = `${world.name}_holdfast_20270101_000000`;
    await server().sql(`create database ${planted} owner stranger`);
    await server().sql(`create database holdfast_new_${'0'.repeat(16)}_00000000 owner stranger`);
    onTestFinished(async () => {
      await server().sql(`drop database holdfast_new_${'0'.repeat(16)}_00000000`);
    });
    const problem = 'it belongs to stranger, who does not own the database in place';
    expect((await world.look()).undo).toMatchObject([{ name: planted, problem }]);
    const bring = world.withPlace((place) => undo(place, planted, { others: 'refuse' }), superuser);
    await expect(bring).rejects.toMatchObject({ message: expect.stringContaining(problem) as string });
    const drop = world.withPlace((place) => discardUndo(place, planted), superuser);
    await expect(drop).rejects.toMatchObject({ kind: 'refused' });
    expect(await world.withPlace(settle, superuser)).toEqual([]);
  });

  test('a drop that was interrupted is finished', async () => {
    const world = await SwapWorld.make(server());
    const { undo: kept = '' } = await world.restore();
    await server().sql(`update pg_database set datconnlimit = -2 where datname = '${kept}'`);
    await expect(world.withPlace((place) => undo(place, kept, { others: 'refuse' }))).rejects.toMatchObject({
      kind: 'missing',
    });
    expect(await world.withPlace(settle)).toEqual([{ outcome: 'dropped', dropped: kept }]);
    expect(await world.databases()).toEqual([world.name]);
  });

  test('a whole one that was made ready stays where nothing else is here, until something is', async () => {
    const world = await SwapWorld.make(server());
    await server().sql(`drop database ${world.name}`);
    const left = await world.withPlace((place) => prepareNew(place, world.archive));
    expect(await world.withPlace(settle)).toEqual([]);
    expect(await world.databases()).toEqual([left.name]);
    await world.restore();
    expect(await world.withPlace(settle)).toEqual([{ outcome: 'rolled-back', dropped: left.name }]);
    expect(await world.bags()).toEqual(['old']);
  });

  test('a server without room says so before anything is made', async () => {
    const world = await SwapWorld.make(server());
    await server().sql(`drop database ${world.name}`);
    const archive = { ...world.archive, sizeBytes: 2 ** 50 };
    await expect(world.withPlace((place) => prepareNew(place, archive), superuser)).rejects.toMatchObject({
      kind: 'io',
      message: expect.stringMatching(/the server needs about .* are free/) as string,
    });
    expect(await world.databases()).toEqual([]);
  });

  test('apps that take every place of a server as soon as it is free get the new database', async () => {
    const world = await SwapWorld.make(server());
    let isOver = false;
    const app = async () => {
      while (!isOver) {
        const client = await server()
          .connect({ user: 'app', database: world.name })
          .catch(() => undefined);
        await client?.query('select pg_sleep(600)').catch(() => undefined);
        await client?.end().catch(() => undefined);
      }
    };
    const client = await server().connect();
    const count = async () =>
      (await client.query(`select from pg_stat_activity where usename = 'app' and query like '%sleep%'`))
        .rowCount;
    const ready = await readyFrom(world);
    const apps = await world.withPlace(async (place) => {
      const all = Array.from({ length: 24 }, app);
      await expect.poll(count).toBeGreaterThan(14);
      await swap(place, ready, { replacedBy, others: 'end' });
      isOver = true;
      await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'`);
      return all;
    });
    const ending = setInterval(
      () =>
        void client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where query like '%sleep(600)%' and pid <> pg_backend_pid()`,
        ),
      50,
    );
    await Promise.all(apps);
    clearInterval(ending);
    await client.end();
    expect(await world.bags()).toEqual(['old']);
  });

  /** One that is as if it had been made ready, without a restore. */
  async function readyFrom(world: SwapWorld): Promise<PreparedDatabase> {
    const name = `${world.name}_ready`;
    await server().sql(`create database ${name} owner app`);
    await server().sql('set role app; create table bag as select $$old$$ as code', name);
    await server().sql(`alter database ${name} allow_connections false`);
    const [row] = await server().sql(`select oid::text from pg_database where datname = '${name}'`);
    return { oid: String(row?.oid), name, measurement: undefined as never, async [Symbol.asyncDispose]() {} };
  }

  test('told to stop while the names change, it ends first', async () => {
    const world = await SwapWorld.make(server());
    const stop = new AbortController();
    world.signal = stop.signal;
    const ready = {
      ...(await readyFrom(world)),
      measurement: undefined as never,
      async [Symbol.asyncDispose]() {},
    };
    const toldWithin = (place: Place): Place => ({
      ...place,
      commit: (work) =>
        place.commit((session) => {
          stop.abort(new Error('stopped by SIGTERM'));
          return work(session);
        }),
    });
    const swapped = await world.withPlace((place) =>
      swap(toldWithin(place), ready, { replacedBy, others: 'end' }),
    );
    expect(stop.signal.aborted).toBe(true);
    expect(await world.bags()).toEqual(['old']);
    expect(await world.bags(swapped.undo)).toEqual(['old', 'newer']);
  });
}
