// db-backup of an app whose database is in PostgreSQL: the same night, the same states, on a real server.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, postgresPrograms } from '../../support/postgres.ts';
import { password, PostgresWorld, serverWithApp } from '../../support/postgres-world.ts';
import type { Json } from '../../support/world.ts';

describe.skipIf(postgresPrograms() === undefined)('db-backup of a PostgreSQL database', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await serverWithApp();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const typed = async (world: PostgresWorld, ...words: string[]): Promise<Json> => {
    const [command = '', ...args] = words;
    const { json, exitCode, stderr } = await world.runJson(command, args);
    return { exitCode, stderr, json, first: json.result?.apps?.[0]?.value };
  };

  test('its night leaves a proven dump that pg_restore reads, and a latest copy of the same bytes', async () => {
    await using world = await PostgresWorld.make(server);
    const { exitCode, first } = await typed(world, 'db-backup', 'run');
    expect(exitCode).toBe(0);
    expect(first).toMatchObject({ integrity: 'full', tables: 2, rows: 200, suspect: [] });
    const [backup = '', manifest = '', latest = ''] = world.stored();
    expect([backup, manifest, latest]).toEqual([
      expect.stringMatching(/^backups\/bags\/bags-\d{8}T\d{6}Z\.dump$/),
      `${backup}.json`,
      'latest/bags.dump',
    ]);
    expect(readFileSync(join(world.store, latest))).toEqual(readFileSync(join(world.store, backup)));
    const listed = execFileSync(join(postgresPrograms() ?? '', 'pg_restore'), [
      '--list',
      join(world.store, backup),
    ]);
    expect(listed.toString()).toContain('TABLE DATA public scan app');
    expect(JSON.parse(readFileSync(join(world.store, manifest), 'utf8'))).toMatchObject({
      version: 2,
      engine: 'postgres',
      source: `${world.name} at 127.0.0.1:${server.port}`,
      tables: [
        { name: 'bag', rows: 100 },
        { name: 'scan', rows: 100 },
      ],
      postgres: { roles: ['CREATE ROLE app CREATEDB LOGIN;'] },
    });
    const after = await typed(world, 'db-backup', 'verify');
    expect(after.exitCode).toBe(0);
    expect((await typed(world, 'restore', 'drill')).first.proof).toMatchObject({ proven: true, rows: 200 });
    expect((await typed(world, 'db-backup', 'list-backups')).first.backups).toMatchObject([
      { name: backup, state: 'proven' },
    ]);
  });

  test('by the hour it is a dump with the same proof, and no latest copy', async () => {
    await using world = await PostgresWorld.make(server);
    world.configureServer({ app: 'every = "1h"' });
    const { exitCode, first, stderr } = await typed(world, 'db-backup', 'hourly');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(first.backup).toMatchObject({
      integrity: 'full',
      rows: 200,
      stored: [{ format: 'plain', made: 'plain' }],
    });
    expect(world.stored()).toEqual([
      expect.stringMatching(/^backups\/bags\/bags-\d{8}T\d{6}Z\.dump$/),
      expect.stringMatching(/\.dump\.json$/),
    ]);
  });

  test('an emptied one is kept, suspect, and takes the place of nothing', async () => {
    await using world = await PostgresWorld.make(server);
    await typed(world, 'db-backup', 'run');
    const before = readFileSync(join(world.store, 'latest/bags.dump'));
    await world.sql('delete from scan');
    const { exitCode, first } = await typed(world, 'db-backup', 'run');
    expect(exitCode).toBe(1);
    expect(first.suspect).toEqual(expect.arrayContaining(['table scan is empty, it had 100 rows']));
    expect(readFileSync(join(world.store, 'latest/bags.dump'))).toEqual(before);
    expect((await typed(world, 'db-backup', 'run', '--accept', '*')).exitCode).toBe(0);
  });

  test('a dump that restores nowhere as it is, is kept, and told the first night with its cure', async () => {
    await using world = await PostgresWorld.make(server);
    await world.sql(`set role app;
      create function bags() returns bigint language sql immutable as 'select count(*) from bag';
      create index bags_now on scan ((bags()))`);
    const { exitCode, first } = await typed(world, 'db-backup', 'run');
    expect(exitCode).toBe(1);
    expect(first.suspect.join('; ')).toContain('a function relies on search_path');
    expect(world.stored().filter((name) => name.endsWith('.dump'))).toHaveLength(1);
  });

  test('of altered bytes it says so, as of any backup', async () => {
    await using world = await PostgresWorld.make(server);
    await typed(world, 'db-backup', 'run');
    const path = join(world.store, world.stored()[0] ?? '');
    const bytes = readFileSync(path);
    bytes[bytes.length - 200] = (bytes[bytes.length - 200] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect((await typed(world, 'db-backup', 'verify')).exitCode).toBe(1);
    expect((await typed(world, 'db-backup', 'list-backups')).first.backups).toMatchObject([
      { state: 'damaged' },
    ]);
  });

  test('what is in the way is said before anything is made, and the password nowhere', async () => {
    await using world = await PostgresWorld.make(server);
    const said: string[] = [];
    const trials: [string, number, string][] = [
      ['alter role app nocreatedb', 77, '"app" createdb'],
      ['alter role app createdb', 0, ''],
      [
        'alter table scan enable row level security; alter table scan force row level security',
        77,
        'bypassrls',
      ],
    ];
    for (const [sql, code, words] of trials) {
      await world.sql(sql);
      const { exitCode, stdout, stderr } = await world.run('db-backup', ['run']);
      said.push(stdout, stderr);
      expect([sql, exitCode, stderr.includes(words)]).toEqual([sql, code, true]);
    }
    for (const words of [['test'], ['info'], ['run', '--dry-run'], ['list']])
      said.push(...Object.values(await world.run('db-backup', words)).map(String));
    expect(world.stored().filter((name) => name.endsWith('.dump'))).toHaveLength(2); // one, and the latest copy
    const all = said.join('\n');
    for (const secret of [password, encodeURIComponent(password)]) expect(all).not.toContain(secret);
    expect(await server.sql(`select datname from pg_database where datname ~ '^holdfast'`)).toEqual([]);
  });
});
