// Putting a dump in the place of a live PostgreSQL database, on a real server: what the app meets, what is kept, and the way back.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeInterrupted, settle } from '../../lib/postgres/swap/settle.ts';
import { discardUndo } from '../../lib/postgres/swap/discard.ts';
import { missingRoles } from '../../lib/postgres/swap/missing-roles.ts';
import { prepareNew } from '../../lib/postgres/swap/prepare-new.ts';
import { placeNew, requireFree, swap, undo } from '../../lib/postgres/swap/swap.ts';
import { PostgresServer, postgresPrograms } from '../support/postgres.ts';
import { outfitTests } from './postgres-swap-outfit.ts';
import { refusalTests } from './postgres-swap-refusals.ts';
import { replacedBy, SwapWorld } from './postgres-swap-world.ts';

describe.skipIf(postgresPrograms() === undefined)('a PostgreSQL database in the place of another', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.make();
    server.configure({ wal_level: 'logical', max_prepared_transactions: '2' });
    server.stop();
    server.start();
    await server.sql(`create role app login createdb; create role clerk; create role "odd ""role" login;
      create role stranger login createdb; create role poor login`);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  test('the dump is in place, and the database from before is kept, and comes back, and that can be undone', async () => {
    const world = await SwapWorld.make(server);
    const { undo: kept } = await world.restore();
    expect(kept).toBe(`${world.name}_holdfast_20261128_020513`);
    expect(await world.bags()).toEqual(['old']);
    expect(await world.bags(kept)).toEqual(['old', 'newer']);
    expect(await world.databases()).toEqual([kept, world.name]);
    const look = await world.look();
    expect(look.undo).toMatchObject([
      { name: kept, problem: undefined, record: { live: world.name, replacedBy, state: 'kept' } },
    ]);
    world.clock.advance(60_000);
    const back = await world.withPlace((place) => undo(place, kept ?? '', { others: 'refuse' }));
    expect(await world.bags()).toEqual(['old', 'newer']);
    expect(await world.withPlace(settle)).toEqual([
      { outcome: 'rolled-forward', replacedBy: kept, undo: back.undo },
    ]);
    expect(await world.withPlace(settle)).toEqual([]);
    world.clock.advance(60_000);
    await world.withPlace((place) => undo(place, back.undo ?? '', { others: 'refuse' }));
    expect(await world.bags()).toEqual(['old']);
    expect(await world.databases()).toHaveLength(2);
  });

  test.each(['app', 'postgres'])('an app of %s that comes back at once is sent away once', async (user) => {
    const world = await SwapWorld.make(server);
    let isOver = false;
    const seen = new Set<string>();
    const app = (async () => {
      while (!isOver) {
        const client = await server.connect({ user: 'app', database: world.name }).catch(() => undefined);
        if (client === undefined) continue;
        try {
          while (!isOver) {
            const { rows } = (await client.query('select count(*) from bag')) as {
              rows: { count: string }[];
            };
            seen.add(rows[0]?.count ?? '');
          }
        } catch {
          // It was ended: again.
        } finally {
          await client.end().catch(() => undefined);
        }
      }
    })();
    await expect.poll(() => seen.has('2')).toBe(true);
    await expect(world.restore({}, { user })).rejects.toMatchObject({ kind: 'refused' });
    const { ended } = await world.restore({ others: 'end' }, { user });
    await expect.poll(() => seen.has('1')).toBe(true);
    isOver = true;
    await app;
    expect(ended).toMatchObject([{ role: 'app' }]);
    expect([...seen]).toEqual(['2', '1']);
  });

  test('a new database under a name that none has; never over one', async () => {
    const world = await SwapWorld.make(server);
    await world.withPlace(
      async (place) => {
        await requireFree(place);
        await using ready = await prepareNew(place, world.archive);
        expect(ready.measurement).toMatchObject({
          facts: { tables: [{ name: 'bag', rows: 1 }] },
          integrity: { check: 'full', problems: [] },
        });
        await placeNew(place, ready);
      },
      { database: 'copy of "bags"' },
    );
    expect(await world.bags('copy of "bags"')).toEqual(['old']);
    expect(await world.bags()).toEqual(['old', 'newer']);
    expect(await world.databases()).toEqual([world.name]);
    const again = world.withPlace(requireFree, { database: 'copy of "bags"' });
    await expect(again).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('exists already') as string,
    });
  });

  test('where the database is gone the dump is put in place, as its backup has it', async () => {
    const world = await SwapWorld.make(server);
    await server.sql(`drop database ${world.name}`);
    expect(await world.restore()).toMatchObject({ undo: undefined, notCarried: [], differences: [] });
    expect(await world.bags()).toEqual(['old']);
    expect(await world.databases()).toEqual([world.name]);
  });

  test('what was made ready and never put in place goes: with the run, and what a killed one left with the next', async () => {
    const world = await SwapWorld.make(server);
    await world.withPlace(async (place) => {
      await using ready = await prepareNew(place, world.archive);
      expect(await world.databases()).toEqual([world.name, ready.name]);
      await expect(server.connect({ database: ready.name })).rejects.toMatchObject({ code: '55000' });
    });
    expect(await world.databases()).toEqual([world.name]);
    const left = await world.withPlace((place) => prepareNew(place, world.archive));
    const look = await world.look();
    expect(describeInterrupted(look)).toEqual([{ outcome: 'rolled-back', dropped: left.name }]);
    expect(await world.withPlace(settle)).toEqual([{ outcome: 'rolled-back', dropped: left.name }]);
    expect(await world.databases()).toEqual([world.name]);
  });

  test('a database from before is dropped when it is said so, and never the last one that is here', async () => {
    const world = await SwapWorld.make(server);
    const { undo: kept = '' } = await world.restore();
    const discard = (name: string) => world.withPlace((place) => discardUndo(place, name));
    await expect(discard(world.name)).rejects.toMatchObject({ kind: 'missing' });
    const person = await server.connect({ database: kept });
    await expect(discard(kept)).rejects.toMatchObject({ kind: 'refused' });
    await person.end();
    await server.sql(`alter database ${world.name} rename to elsewhere`);
    await expect(discard(kept)).rejects.toMatchObject({ kind: 'refused' });
    await server.sql(`alter database elsewhere rename to ${world.name}`);
    await discard(kept);
    expect(await world.databases()).toEqual([world.name]);
  });

  test('roles that this server has not are told, with statements that make them and nothing else', async () => {
    const world = await SwapWorld.make(server);
    const statements = [
      'CREATE ROLE app CREATEDB LOGIN;',
      'CREATE ROLE "odd ""name" NOLOGIN CONNECTION LIMIT 3;',
      'CREATE ROLE reader NOLOGIN;',
      'GRANT reader TO "odd ""name";',
      'GRANT reader TO app;',
      `ALTER ROLE reader SET "TimeZone" TO 'Europe/Oslo';`,
      'ALTER ROLE reader SET search_path TO "$user", public;',
      'CREATE ROLE reader NOLOGIN; DROP DATABASE bags;',
      `ALTER ROLE reader SET x TO 'a'; DROP ROLE app; --';`,
    ];
    expect(await world.withPlace((place) => missingRoles(place, statements))).toEqual([
      { name: 'odd "name', sql: [statements[1], statements[3]] },
      { name: 'reader', sql: [statements[2], statements[5], statements[6]] },
    ]);
  });

  test('a run that has the place keeps others out', async () => {
    const world = await SwapWorld.make(server);
    await world.withPlace(async (place) => {
      await expect(world.withPlace(settle)).rejects.toMatchObject({ kind: 'busy' });
      await using ready = await prepareNew(place, world.archive);
      await swap(place, ready, { replacedBy, others: 'refuse' });
    });
    expect(await world.bags()).toEqual(['old']);
  });

  describe('what goes with the name', () => outfitTests(() => server));
  describe('what is refused', () => refusalTests(() => server));
});
