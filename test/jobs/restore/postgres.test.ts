// restore of an app whose database is in PostgreSQL: the same promises, on a real server.
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, postgresPrograms } from '../../support/postgres.ts';
import { PostgresWorld, serverWithApp } from '../../support/postgres-world.ts';
import type { Json } from '../../support/world.ts';

describe.skipIf(postgresPrograms() === undefined)('restore of a PostgreSQL database', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await serverWithApp();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  /** A night's backup of 100 bags, and a day on which more came and some went. */
  async function dayAfter(app = ''): Promise<PostgresWorld> {
    const world = await PostgresWorld.make(server);
    world.configureServer({ app });
    expect((await world.run('db-backup', ['run'])).exitCode).toBe(0);
    await world.sql(
      `set role app; delete from scan where id > 10; insert into bag (code) values ('of today')`,
    );
    return world;
  }

  const typed = async (world: PostgresWorld, ...words: string[]): Promise<Json> => {
    const [command = '', ...args] = words;
    const { json, exitCode, stderr } = await world.runJson(command, args);
    return { exitCode, stderr, json, result: json.result };
  };
  const counted = async (world: PostgresWorld) =>
    (
      await world.sql(
        'select (select count(*)::int from bag) as bags, (select count(*)::int from scan) as scans',
      )
    )[0];
  const databases = async (world: PostgresWorld) =>
    (
      await server.sql(
        `select datname from pg_database where datname ~ '^${world.name}' or datname ~ '^holdfast' order by 1`,
      )
    ).map(({ datname }) => String(datname));

  test('is compared with what is there by how many rows each table has', async () => {
    await using world = await dayAfter();
    const { exitCode, result } = await typed(world, 'restore', 'diff', 'latest');
    expect(exitCode).toBe(0);
    expect(result).toMatchObject({ current: 'readable', compared: 'counts' });
    expect(result.tables).toEqual(
      expect.arrayContaining([
        { name: 'bag', backup: 100, now: 101, is_shadow: false, state: 'differs' },
        { name: 'scan', backup: 100, now: 10, is_shadow: false, state: 'differs' },
      ]),
    );
    const { stdout } = await world.run('restore', ['diff', 'latest']);
    expect(stdout).toMatch(/differs +2 tables in how many rows they have/);
    expect(stdout).toMatch(/restore run .* --to a_new_database/);
    expect((await world.run('restore', ['diff', 'latest', '--exit-code'])).exitCode).toBe(1);
    expect((await world.run('restore', ['diff', 'latest', '--table', 'nobody'])).exitCode).toBe(64);
    await server.sql(`drop database ${world.name}`);
    const gone = await world.run('restore', ['diff', 'latest']);
    expect(gone).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/bring everything back: 2\d\d rows/),
    });
  });

  test('of a database that is gone puts it where it was', async () => {
    await using world = await dayAfter();
    await server.sql(`drop database ${world.name}`);
    expect((await typed(world, 'db-backup', 'verify')).exitCode).toBe(0);
    const { exitCode, result } = await typed(world, 'restore', 'run', 'latest', '--yes');
    expect(exitCode).toBe(0);
    expect(result.replaced).toMatchObject({ previous: 'none' });
    expect(await counted(world)).toEqual({ bags: 100, scans: 100 });
  });

  test('of a backup whose roles are not there says who, and the statements that make them', async () => {
    await using world = await PostgresWorld.make(server);
    await server.sql('create role counter');
    await world.sql('grant select on bag to counter');
    await world.run('db-backup', ['run']);
    await world.sql('revoke all on bag from counter');
    await server.sql('drop role counter');
    const { exitCode, stderr } = await world.run('restore', ['run', 'latest', '--yes']);
    expect([exitCode, stderr]).toEqual([73, expect.stringContaining('CREATE ROLE counter')]);
    expect((await databases(world)).length).toBe(1);
  });

  test('of a dump that somebody put beside, without a manifest, says that it is unproven, and takes no half of one', async () => {
    await using world = await dayAfter();
    const bytes = readFileSync(join(world.store, 'latest/bags.dump'));
    const [whole, half] = ['backups/bags/whole.dump', 'backups/bags/half.dump'];
    writeFileSync(join(world.store, whole), Buffer.concat([bytes, Buffer.from('\n')]));
    writeFileSync(join(world.store, half), bytes.subarray(0, bytes.length * 0.9));
    const refused = await world.run('restore', ['run', half, '--yes']);
    expect([refused.exitCode, refused.stderr]).toEqual([65, expect.stringContaining('no whole dump')]);
    expect(await counted(world)).toEqual({ bags: 101, scans: 10 });
    const { exitCode, stderr } = await world.run('restore', ['run', whole, '--yes']);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('unproven')]);
    expect(await counted(world)).toEqual({ bags: 100, scans: 100 });
  });

  test.each(['before', 'after'])(
    'that is killed %s the names change is settled by the next command',
    async (when) => {
      await using world = await dayAfter();
      await typed(world, 'restore', 'run', 'latest', '--to', `${world.name}_x`);
      const digest = createHash('sha256').update(world.name).digest('hex').slice(0, 16);
      const made = `holdfast_new_${digest}_0123abcd`;
      await server.sql(`alter database ${world.name}_x rename to ${made}`);
      await server.sql(`alter database ${made} owner to app`);
      if (when === 'after') {
        const record = {
          format: 'holdfast-undo-database',
          version: 1,
          live: world.name,
          replaced_by: 'x',
          made_at: '2026-11-28T02:05:13.000Z',
          state: 'open',
        };
        await server.sql(`alter database ${world.name} rename to ${world.name}_holdfast_20261128_020513`);
        await server.sql(
          `comment on database ${world.name}_holdfast_20261128_020513 is '${JSON.stringify(record)}'`,
        );
        await server.sql(`alter database ${made} rename to ${world.name}`);
      }
      const before = await typed(world, 'restore', 'status');
      expect(before.exitCode).toBe(1);
      expect(before.result.apps[0].value.interrupted.join()).toContain(
        when === 'after' ? 'the NEW database is in place' : made,
      );
      expect((await typed(world, 'restore', 'undo', '--discard', '--yes')).exitCode).toBe(0);
      expect((await typed(world, 'restore', 'status')).exitCode).toBe(0);
      expect(await counted(world)).toEqual(
        when === 'after' ? { bags: 100, scans: 100 } : { bags: 101, scans: 10 },
      );
      expect((await databases(world)).length).toBe(when === 'after' ? 2 : 1);
    },
  );

  test('whose address cannot be read shows its backups all the same', async () => {
    await using world = await dayAfter();
    chmodSync(world.urlFile, 0o644);
    const { exitCode, result } = await typed(world, 'restore', 'list');
    expect({ exitCode, apps: result.apps }).toMatchObject({
      exitCode: 0,
      apps: [{ ok: true, value: { backups: [{ state: 'proven' }], undo_sets: [] } }],
    });
    const info = await typed(world, 'db-backup', 'info');
    expect(info.result.apps[0].value.source.problem).toContain('may read');
  });
});
