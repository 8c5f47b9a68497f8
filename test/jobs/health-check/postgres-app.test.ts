// health-check of an app whose database is in PostgreSQL: every check that looks at the database of an app, on a real server.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, postgresPrograms } from '../../support/postgres.ts';
import { password, PostgresWorld, serverWithApp } from '../../support/postgres-world.ts';

interface Answer {
  check: string;
  subject: string;
  verdict: string;
  message: string;
  hidden_by?: string;
}

describe.skipIf(postgresPrograms() === undefined)('health-check of an app with PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await serverWithApp();
  });
  afterEach(async () => {
    await server.disconnect();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const ask = async (world: PostgresWorld, ...checks: string[]): Promise<Answer[]> => {
    const { json, stdout, stderr } = await world.runJson('health-check', ['run']);
    expect(stdout + stderr).not.toContain(password);
    const all = json.result.checks as Answer[];
    return checks.length === 0 ? all : all.filter(({ check }) => checks.includes(check));
  };
  const assertion = (name: string, query: string, more: string) =>
    `[health.sql.assertions.${name}]\napp = "bags"\nquery = ${JSON.stringify(query)}\n${more}\n`;

  const returned: [query: string, more: string, verdict: string, message: string][] = [
    ['select count(*) from bag', 'expect = 100', 'ok', 'it returns 100'],
    ['select count(*) from bag where id > 98', 'expect = 3', 'critical', 'it returns 2 instead of 3'],
    ['select sum(id) from bag', 'min = 5050', 'ok', 'it returns 5,050'],
    ['select avg(id) from bag -- of all', 'expect = 50.5', 'ok', 'it returns 50.5'],
    ['with b as (select true as t) select t from b;', 'expect = true', 'ok', 'it returns 1'],
    [
      "values ('a', null::int, 2.5::float8)",
      'expect = [["a", 1, 2.5]]',
      'critical',
      'row 1 is ("a", NULL, 2.5)',
    ],
    ['select code from bag where false', 'expect = []', 'ok', 'it returns no row'],
    ["select '\\xff'::bytea", 'min = 1', 'critical', '1 bytes'],
    [
      'select max(at)::date::text from scan',
      'expect = "x"\nseverity = "warning"',
      'warning',
      'it returns "20',
    ],
  ];
  const mistaken: [query: string, message: string][] = [
    ['delete from bag', 'syntax error at or near "delete"'],
    ['select 1; commit; drop table scan cascade', 'cannot insert multiple commands'],
    [
      'with x as (delete from scan returning id) select * from x',
      'must not contain data-modifying statements',
    ],
    ["select nextval('bag_id_seq')", 'in a read-only transaction'],
    [
      "select set_config('transaction_read_only', 'off', true)",
      'transaction read-write mode must be set before any query',
    ],
    ['select * from nothing', 'relation "nothing" does not exist'],
    ['select 1 / 0', 'division by zero'],
    ['select n from generate_series(1, 1001) n', 'it returns more than 1,000 rows'],
    ["select repeat('x', 2000000)", 'it returns more than 1 MB'],
  ];

  test('its assertions return what they have to, of every type; and what may do more than read is a mistake', async () => {
    await using world = await PostgresWorld.make(server);
    const all = [
      ...returned.map(([query, more]) => [query, more] as const),
      ...mistaken.map(([query]) => [query, 'min = 0'] as const),
      ['select count(*) from bag a, bag b, bag c, bag d, bag e', 'min = 0\ntimeout_seconds = 0.05'] as const,
    ];
    world.configureServer({ top: all.map(([query, more], n) => assertion(`q${n}`, query, more)).join('') });
    const found = await ask(world, 'sql');
    const expected = [
      ...returned.map(([, , verdict, message]) => ({
        verdict,
        message: expect.stringContaining(message) as string,
      })),
      ...mistaken.map(([, message]) => ({
        verdict: 'unknown',
        message: expect.stringContaining(message) as string,
      })),
      { verdict: 'unknown', message: expect.stringContaining('took longer than') as string },
    ];
    expect(found.map(({ verdict, message }) => ({ verdict, message }))).toEqual(expected);
    expect(await world.sql('select count(*)::int as n from scan')).toEqual([{ n: 100 }]);
    expect(await world.sql('select last_value::int as n from bag_id_seq')).toEqual([{ n: 100 }]);
  });

  test('the same checks as of a file, and those of its server: well, refused, gone, and one cause told once', async () => {
    await using world = await PostgresWorld.make(server);
    world.configureServer({ top: assertion('bags', 'select count(*) from bag', 'min = 1') });
    await world.run('db-backup', ['run']);
    const of = async () => {
      const found = await ask(world);
      return Object.fromEntries(
        found
          .filter(({ subject }) => subject.startsWith('bags'))
          .map(({ check, verdict, message, hidden_by: by }) => [check, { verdict, message, by }]),
      );
    };
    const words = (text: string) => expect.stringContaining(text) as string;
    const well = await of();
    expect(Object.keys(well)).toEqual(
      expect.arrayContaining(['backup-age', 'database', 'postgres-errors', 'postgres-size', 'sql']),
    );
    expect(Object.keys(well)).not.toContain('wal');
    expect(well).toMatchObject({
      database: { verdict: 'ok', message: words('it takes app in') },
      'backup-age': { verdict: 'ok' },
      sql: { verdict: 'ok' },
      'postgres-connections': { verdict: 'ok', message: words('of 20') },
    });
    await server.sql('alter role app password null');
    const refused = await of();
    expect(refused.database).toMatchObject({ verdict: 'unknown', by: words('postgres-connections of bags') });
    expect(refused['postgres-connections']).toMatchObject({
      verdict: 'unknown',
      message: words('refuses the password'),
    });
    await server.sql(`alter role app password '${password.replaceAll("'", "''")}'`);
    await server.sql(`alter database ${world.name} allow_connections false`);
    const gone = await of();
    expect(gone['postgres-connections']).toMatchObject({ verdict: 'critical' });
    expect(['database', 'sql', 'postgres-size'].map((name) => gone[name]?.by)).toEqual([
      'postgres-connections of bags',
      'database of bags',
      'postgres-connections of bags',
    ]);
    await server.sql(`alter database ${world.name} allow_connections true`);
    world.configureServer({ top: '[health.postgres.databases.bags]\nrole = "nobody-of-them"\n' });
    expect((await of())['postgres-connections']).toMatchObject({
      verdict: 'unknown',
      message: words('no role'),
    });
    await world.run('health-check', ['report', '--text']);
  });

  test('doctor says all that a backup would fail for, each with what mends it', async () => {
    await using world = await PostgresWorld.make(server);
    const doctor = async () => {
      const { json, stdout, stderr } = await world.runJson('health-check', ['doctor']);
      expect(stdout + stderr).not.toContain(password);
      const findings = json.findings as {
        subject: string;
        severity: string;
        message: string;
        hint: string;
      }[];
      return findings.filter(({ subject }) => subject === 'bags');
    };
    expect(await doctor()).toEqual([]);
    await server.sql(`create role reader login password '${password.replaceAll("'", "''")}'`);
    await world.sql('alter table scan enable row level security');
    writeFileSync(world.urlFile, readFileSync(world.urlFile, 'utf8').replace('//app:', '//reader:'));
    const bare = await doctor();
    expect(bare.map(({ severity, hint }) => [severity, hint])).toEqual([
      ['critical', expect.stringContaining('alter role "reader" bypassrls')],
      ['critical', expect.stringContaining('alter role "reader" createdb')],
      ['critical', expect.stringContaining('write app into the address of the app')],
    ]);
    await server.sql('alter role reader bypassrls createdb');
    expect((await doctor()).map(({ hint }) => hint)).toEqual([
      expect.stringContaining('grant pg_read_all_data to "reader"'),
      expect.stringContaining('write app into the address of the app'),
    ]);
    writeFileSync(world.urlFile, readFileSync(world.urlFile, 'utf8').replace('//reader:', '//app:'));
    chmodSync(world.urlFile, 0o640);
    expect(await doctor()).toMatchObject([{ severity: 'critical', hint: `sudo chmod 600 ${world.urlFile}` }]);
    chmodSync(world.urlFile, 0o600);
    await server.sql(`alter database ${world.name} allow_connections false`);
    expect(await doctor()).toMatchObject([
      { severity: 'critical', message: expect.stringContaining('takes nobody') },
    ]);
    await server.sql('drop owned by reader; drop role reader');
  });
});
