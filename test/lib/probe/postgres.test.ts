// The checks of PostgreSQL against a real server: its connections are really taken, its limits really set, its deadlock is one,
// its page is damaged, and it is killed, stopped and made to hang.
import { openSync, closeSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { PostgresTarget } from '../../../lib/health/postgres-target.ts';
import { lookAtPostgres } from '../../../lib/postgres/look.ts';
import { withSession } from '../../../lib/postgres/session.ts';
import { places, postgresPrograms, PostgresServer } from '../../support/postgres.ts';
import { PostgresRuns } from '../../support/postgres-checks.ts';
import { scratch } from '../../support/scratch.ts';

const password = 'open-sesame';
const { signal } = new AbortController();

describe.skipIf(postgresPrograms() === undefined)('a real PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.make();
    await server.sql(
      `create role app login password '${password}'; create role watcher login; create role monitor login in role pg_monitor`,
    );
    await server.sql('create database bags owner app');
  });
  afterEach(async () => {
    await server.disconnect();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const target = (more: Partial<PostgresTarget> = {}): PostgresTarget => ({
    ...{ host: server.directory, port: server.port, user: 'app', database: 'bags' },
    ...{ sslmode: 'prefer', rootCertificate: undefined, readPassword: () => undefined },
    ...more,
  });
  /** As on the socket of the server, unless said. */
  const runs = (keys: Record<string, string | number> = {}) =>
    new PostgresRuns({ host: server.directory, port: server.port, user: 'app', database: 'bags', ...keys });
  const asSuperuser = { user: 'postgres', role: 'app' };
  const look = async (more: Partial<PostgresTarget> = {}, timeoutMs = 8000) =>
    lookAtPostgres(target(more), { role: 'app', timeoutMs, signal });
  const connect = async (
    count: number,
    as: Parameters<PostgresServer['connect']>[0] = { user: 'app', database: 'bags' },
  ) => {
    const clients: pg.Client[] = [];
    for (let made = 0; made < count; made += 1) clients.push(await server.connect(as));
    return clients;
  };

  test('70, 85 and 95 % of its connections, both sides of each, all of them, and none again', async () => {
    const steps: [taken: number, verdict: string, percent: number][] = [
      [0, 'ok', 0],
      [13, 'ok', 65],
      [14, 'warning', 70],
      [16, 'warning', 80],
      [17, 'critical', 85],
      [18, 'critical', 90],
      [19, 'critical', 95],
    ];
    let taken = 0;
    for (const [wanted, verdict, percent] of steps) {
      await connect(wanted - taken);
      taken = wanted;
      const { connections } = await runs().ask();
      expect(connections).toMatchObject({
        verdict,
        value: percent,
        measures: { free_connections: places - wanted },
      });
      expect(connections.message).toContain(`${wanted} of ${places}`);
    }
    await connect(1);
    // Nobody but a superuser gets in, and who does sees why.
    for (const [keys, words] of [
      [{}, '100% taken, nobody gets in: the server'],
      [asSuperuser, 'nobody else gets in: 100%'],
    ] as const) {
      const { connections, size, errors } = await runs(keys).ask();
      expect(connections).toMatchObject({
        verdict: 'critical',
        value: 100,
        message: expect.stringContaining(words),
      });
      const others = keys === asSuperuser ? 'ok' : 'unknown';
      expect([size.verdict, errors.verdict]).toEqual([others, others]);
    }
    // Those that are kept for superusers as well.
    await connect(3, {});
    const { connections } = await runs(asSuperuser).ask();
    expect(connections).toMatchObject({
      verdict: 'critical',
      value: 100,
      message: expect.stringContaining('too many clients'),
    });
    expect(connections.hint).toMatch(
      /^who has them, .*sudo -u postgres psql -h \S+ -p \d+ -d postgres -c 'select /,
    );
    await server.disconnect();
    expect((await runs().ask()).connections).toMatchObject({ verdict: 'ok', value: 0 });
  });

  test('the places of others count as taken', async () => {
    await connect(10, { user: 'monitor', database: 'postgres' });
    await connect(7);
    const { connections } = await runs(asSuperuser).ask();
    expect(connections).toMatchObject({ verdict: 'critical', value: 85 });
    expect(connections.message).toContain('7 by app, 10 by others');
  });

  test('the limit of its role, and that of another role that asks', async () => {
    await server.sql('alter role app connection limit 4');
    await connect(2);
    expect((await runs().ask()).connections).toMatchObject({ verdict: 'ok', value: 50 });
    await connect(1);
    expect((await runs().ask()).connections).toMatchObject({
      ...{ verdict: 'warning', value: 75 },
      message: expect.stringContaining('that the role app may have taken, 3 of 4'),
    });
    await connect(1);
    const full = { verdict: 'critical', value: 100 };
    expect((await runs().ask()).connections).toMatchObject({
      ...full,
      message: expect.stringContaining('the role app has no'),
    });
    expect((await runs({ user: 'monitor', role: 'app' }).ask()).connections).toMatchObject(full);
    await server.sql('alter role app connection limit -1; alter role monitor connection limit 0');
    const { connections } = await runs({ user: 'monitor', role: 'app' }).ask();
    expect(connections).toMatchObject({
      verdict: 'unknown',
      message: expect.stringContaining('says nothing of app'),
    });
    await server.sql('alter role monitor connection limit -1');
    expect((await runs({ user: 'monitor', role: 'nobody' }).ask()).connections).toMatchObject({
      verdict: 'unknown',
    });
  });

  test('the limit of its database', async () => {
    await server.sql('alter database bags connection limit 10');
    await connect(5);
    await connect(2, { user: 'monitor', database: 'bags' });
    expect((await runs().ask()).connections).toMatchObject({
      ...{ verdict: 'warning', value: 70 },
      message: expect.stringContaining('that the database may have taken, 7 of 10'),
    });
    await connect(3);
    const { connections } = await runs().ask();
    expect(connections).toMatchObject({
      verdict: 'critical',
      value: 100,
      message: expect.stringContaining('the database has no'),
    });
    await server.sql('alter database bags connection limit -1');
  });

  test('nobody counts who takes no place, whoever asks', async () => {
    // One of replication; the server's own are there anyway.
    const sender = await server.connect({ user: 'postgres', database: 'bags', replication: 'database' } as {
      user: string;
    });
    for (const user of ['postgres', 'monitor']) {
      const facts = await look({ user });
      expect(facts).toMatchObject({ look: { connections: { all: 0, ofDatabase: 0, hidden: 0 } } });
    }
    await sender.end();
    expect(await look({ user: 'watcher' })).toMatchObject({ look: { connections: { all: 0, hidden: 0 } } });
  });

  test('who is open in a transaction, and who works, is measured; who may not see that is told so', async () => {
    await server.sql('create table held (n int)', 'bags');
    const [idle, working] = (await connect(2, { user: 'postgres', database: 'bags' })) as [
      pg.Client,
      pg.Client,
    ];
    await idle.query('begin; lock table held');
    const waiting = working.query('begin; lock table held');
    const facts = await look({ user: 'monitor' });
    if (!('look' in facts)) throw new Error('it did not let us in');
    expect(facts.look.connections.idleInTransactionMs).toBeGreaterThan(0);
    expect(facts.look.connections).toMatchObject({ all: 2, ofDatabase: 2, ofRole: 0, hidden: 0 });
    const { connections } = await runs({ user: 'watcher', role: 'app' }).ask();
    expect(connections.message).toContain('what 2 sessions do is hidden from us');
    await idle.query('commit');
    await waiting;
    await working.query('drop table held; commit');
  });

  test('a deadlock and what is rolled back are counted between looks, over a reset, a restart and a crash', async () => {
    const watch = runs(asSuperuser);
    expect((await watch.ask()).errors).toMatchObject({
      verdict: 'ok',
      message: expect.stringContaining('first look'),
    });
    await deadlock();
    const { errors } = await watch.ask();
    expect(errors).toMatchObject({ verdict: 'ok', value: 1, measures: { deadlocks_per_hour: 1 } });
    expect(errors.message).toMatch(/^1 deadlock, 0 conflicts, [1-9]\d* of \d+ transactions rolled back/);
    await server.sql('select pg_stat_reset()', 'bags');
    await deadlock();
    expect((await watch.ask()).errors.value).toBe(2);
    server.stop('fast');
    server.start();
    expect((await watch.ask()).errors.value).toBe(2);
    server.stop('immediate');
    server.start();
    await deadlock();
    const after = (await watch.ask()).errors;
    expect(after.value).toBe(2);
    for (const measured of Object.values(after.measures ?? {})) expect(measured).toBeGreaterThanOrEqual(0);
    await deadlock();
    expect((await watch.ask()).errors.value).toBe(3);
  });

  async function deadlock(): Promise<void> {
    await server.sql(
      'create table if not exists locked (n int primary key); insert into locked values (1), (2) on conflict do nothing',
      'bags',
    );
    const [one, two] = (await connect(2, { user: 'postgres', database: 'bags' })) as [pg.Client, pg.Client];
    await one.query('begin; update locked set n = n where n = 1');
    await two.query('begin; update locked set n = n where n = 2');
    const both = [
      one.query('update locked set n = n where n = 2'),
      two.query('update locked set n = n where n = 1'),
    ];
    const ended = await Promise.allSettled(both);
    expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await server.disconnect();
  }

  test('a damaged page is critical, and its size is what the server says', async () => {
    const before = (await runs().ask()).size;
    expect(before).toMatchObject({ verdict: 'ok', value: expect.any(Number) });
    await server.sql(
      'create table bag as select n, repeat(md5(n::text), 20) as t from generate_series(1, 5000) n',
      'bags',
    );
    const [{ path, size } = {}] = await server.sql(
      "select pg_relation_filepath('bag') as path, pg_database_size('bags')::float8 as size",
      'bags',
    );
    await server.sql('checkpoint');
    expect((await runs().ask()).size.value).toBe(size);
    expect(size).toBeGreaterThan(before.value ?? Infinity);
    server.stop();
    const file = openSync(join(server.data, String(path)), 'r+');
    writeSync(file, 'damage', 8192 + 4000);
    closeSync(file);
    server.start();
    await expect(server.sql('select sum(length(t)) from bag', 'bags')).rejects.toThrow('invalid page');
    await server.disconnect();
    const { errors, connections } = await runs().ask();
    expect(errors).toMatchObject({
      verdict: 'critical',
      message: expect.stringContaining('damaged pages: 1 checksum failure, the last at'),
    });
    expect(connections.verdict).toBe('ok');
    await server.sql('drop table bag', 'bags');
  });

  test('a server that is gone, that starts, and that hangs are told apart', async () => {
    server.stop('immediate');
    const gone = await runs().ask();
    expect(gone.connections).toMatchObject({
      verdict: 'critical',
      message: expect.stringContaining('there is no such socket'),
    });
    expect([gone.size.verdict, gone.errors.verdict]).toEqual(['unknown', 'unknown']);
    expect((await runs({ host: '127.0.0.1', sslmode: 'disable' }).ask()).connections.message).toContain(
      'connection refused',
    );
    // One that follows another server and takes nobody.
    const standby = join(server.data, 'standby.signal');
    writeFileSync(standby, '', { mode: 0o666 });
    server.configure({ hot_standby: 'off' });
    server.start();
    const starting = (await runs().ask()).connections;
    expect(starting).toMatchObject({
      verdict: 'critical',
      message: expect.stringContaining('it is starting, stopping or recovering'),
    });
    server.stop('immediate');
    server.configure({ hot_standby: 'on' });
    server.forget('standby.signal');
    server.start();
    expect((await runs().ask()).connections.verdict).toBe('ok');
    process.kill(server.pid, 'SIGSTOP');
    try {
      const facts = await look({}, 1500);
      expect(facts).toMatchObject({
        refusal: { kind: 'silent', message: expect.stringContaining('says nothing within 1.5 s') },
      });
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    expect((await runs().ask()).connections.verdict).toBe('ok');
  });

  test('a password: right, wrong, none, in a file that others may read; it stands in no message', async () => {
    const directory = scratch();
    const asked = async (text: string | undefined, mode = 0o600) => {
      const file = join(directory, `password-${mode.toString(8)}`);
      if (text !== undefined) writeFileSync(file, text, { mode });
      const answers = await runs({
        host: '127.0.0.1',
        ...(text === undefined ? {} : { password_file: file }),
      }).ask();
      for (const { message, hint } of Object.values(answers))
        expect(`${message} ${hint}`).not.toMatch(/sesame/);
      return answers.connections;
    };
    expect(await asked(`${password}\n`)).toMatchObject({ verdict: 'ok' });
    expect(await asked('close-sesame\n')).toMatchObject({
      verdict: 'unknown',
      message: expect.stringContaining('it refuses the password of app'),
    });
    expect(await asked(undefined)).toMatchObject({
      verdict: 'unknown',
      message: expect.stringContaining('none is given'),
    });
    expect(await asked(`${password}\n`, 0o644)).toMatchObject({
      verdict: 'unknown',
      message: expect.stringContaining('others may read it'),
    });
    const missing = (await runs({ database: 'gone' }).ask()).connections;
    expect(missing).toMatchObject({
      verdict: 'critical',
      message: expect.stringContaining('it has no database gone'),
    });
  });

  test('TLS: any certificate, one that is named, one of another name, none; and a server that insists on it', async () => {
    const sslrootcert = server.certify();
    const copy = join(scratch(), 'root.crt');
    writeFileSync(copy, readFileSync(sslrootcert));
    server.configure({ ssl: 'on' });
    server.access(['local all all trust', 'hostssl all all 127.0.0.1/32 trust']);
    server.reload();
    const asked = async (keys: Record<string, string>) =>
      (await runs({ host: 'localhost', ...keys }).ask()).connections;
    // The server takes the new settings in when it gets to it.
    while ((await asked({ sslmode: 'require' })).verdict !== 'ok')
      await new Promise((done) => setImmediate(done));
    for (const sslmode of ['allow', 'prefer', 'require'])
      expect(await asked({ sslmode })).toMatchObject({ verdict: 'ok' });
    for (const sslmode of ['require', 'verify-ca', 'verify-full'])
      expect(await asked({ sslmode, sslrootcert: copy })).toMatchObject({ verdict: 'ok' });
    expect(await asked({ host: '127.0.0.1', sslmode: 'verify-ca', sslrootcert: copy })).toMatchObject({
      verdict: 'ok',
    });
    const refused = [
      [{ sslmode: 'verify-full' }, 'self-signed certificate'],
      [{ sslmode: 'verify-ca' }, 'self-signed certificate'],
      [{ host: '127.0.0.1', sslmode: 'verify-full', sslrootcert: copy }, 'not in the cert'],
      [{ sslmode: 'disable' }, 'no encryption'],
    ] as const;
    for (const [keys, words] of refused)
      expect(await asked(keys)).toMatchObject({
        verdict: 'unknown',
        message: expect.stringContaining(words),
      });
    server.configure({ ssl: 'off' });
    server.access(['local all all trust', 'host all all 127.0.0.1/32 scram-sha-256']);
    server.reload();
  });

  test('one connection a run, that says goodbye, writes nothing, and trusts no function of the role', async () => {
    await server.sql('create schema evil; grant usage on schema evil to app', 'bags');
    for (const [name, result] of [
      ['current_setting(text)', 'text'],
      ['count(text)', 'float8'],
      ['pg_database_size(name)', 'bigint'],
    ] as const)
      await server.sql(
        `create function evil.${name} returns ${result} language sql as $$ select (1 / 0)::${result} $$`,
        'bags',
      );
    await server.sql('alter role app set search_path = evil, pg_catalog');
    server.configure({ log_connections: 'on' });
    server.reload();
    const before = server.log.length;
    expect(await runs().ask()).toMatchObject({
      connections: { verdict: 'ok' },
      size: { verdict: 'ok' },
      errors: { verdict: 'ok' },
    });
    while (!server.log.slice(before).includes('connection authorized: user=app')) await runs().ask();
    await server.disconnect();
    const here = server.log.length;
    await runs().ask();
    const said = server.log.slice(here);
    expect(
      said.match(/connection authorized: user=app database=bags application_name=holdfast/g),
    ).toHaveLength(1);
    expect(said).not.toMatch(/holdfast LOG: {2}(could not|unexpected)/);
    expect(await server.sql("select 1 from pg_stat_activity where application_name = 'holdfast'")).toEqual(
      [],
    );
    const write = withSession(target({ user: 'postgres' }), (ask) => ask('create table written ()'), {
      timeoutMs: 8000,
      signal,
    });
    await expect(write).rejects.toMatchObject({ cause: { code: '25006' } });
  });
});
