// PostgreSQL databases as sources, on a real server: what a dump has to bring back, what is said where it does not, and what of a
// proof is left on the server.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { CommandRunner } from '../../lib/base/command.ts';
import type { PostgresTarget } from '../../lib/health/postgres-target.ts';
import { complaintsIn } from '../../lib/postgres/backup/findings.ts';
import { postgresSource } from '../../lib/postgres/backup/postgres-source.ts';
import { findPrograms } from '../../lib/postgres/backup/programs.ts';
import { statementsOf } from '../../lib/postgres/backup/archive-head.ts';
import { runCommand } from '../../lib/process/run-command.ts';
import type { PostgresServer } from '../support/postgres.ts';
import { PostgresServer as Server, postgresPrograms } from '../support/postgres.ts';
import { scratch } from '../support/scratch.ts';

const now = new Date('2026-11-28T02:05:13Z');
/** What an address must carry without breaking, and what no list of processes may show. */
const password = `p@ss:/?#%20 "'\\=&`;

describe.skipIf(postgresPrograms() === undefined)('PostgreSQL as a source', () => {
  let server: PostgresServer;
  let databases = 0;

  beforeAll(async () => {
    server = await Server.make();
    await server.sql(`create role app login createdb password '${password.replaceAll("'", "''")}'`);
    await server.sql('create role reader; create role hasty login superuser');
    await server.sql(`alter role hasty set statement_timeout = '1ms'`);
    await server.sql(`alter role hasty set idle_in_transaction_session_timeout = '1ms'`);
    await server.sql(`alter role hasty set default_transaction_read_only = on`);
    await server.sql('create role blind login; create role poor login createdb');
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const target = (database: string, given: Partial<PostgresTarget> = {}) => server.target(database, given);

  const sourceOf = (database: string, given?: Partial<PostgresTarget>, run: CommandRunner = runCommand) =>
    postgresSource({ readTarget: () => target(database, given), run, lockWaitMs: 200 });

  /** A database with one of everything that an app may have. */
  async function makeDatabase(sql = everything): Promise<string> {
    databases += 1;
    const name = `app_${databases}`;
    await server.sql(`create database ${name} owner app`);
    await server.sql(sql.replaceAll('DATABASE_NAME', name), name);
    return name;
  }

  async function copied(source: ReturnType<typeof sourceOf>, path = join(scratch(), 'copy')) {
    return { path, report: await source.copy(await source.look(), path, { now }) };
  }

  const trials = async () =>
    (await server.sql(`select datname from pg_database where datname ~ '^holdfast'`)).length;

  test('all of a database comes back, in one file for its owner and group, and nothing is left of the proof', async () => {
    const source = sourceOf(await makeDatabase());
    const { path, report } = await copied(source);
    const { facts, integrity } = await source.measure(path);
    expect(report.disagreements?.(facts)).toEqual([]);
    expect(integrity).toEqual({ check: 'full', problems: [], note: undefined });
    expect(facts).toMatchObject({ engine: 'postgres', sizeBytes: statSync(path).size });
    expect(facts.tables).toEqual([
      { name: 'audit.log', rows: 2 },
      { name: 'bag', rows: 30 },
      { name: '"odd.name"', rows: 1 },
      { name: 'scan_2026', rows: 3 },
      { name: 'user', rows: 3 },
    ]);
    expect((statSync(path).mode & 0o7777).toString(8)).toBe('640');
    expect(source.compare(facts, (await source.measure(path)).facts)).toEqual([]);
    expect(await trials()).toBe(0);
  });

  test('a dump of a database that is gone is proven all the same', async () => {
    const name = await makeDatabase();
    const source = sourceOf(name);
    const { path } = await copied(source);
    const { facts } = await source.measure(path);
    await server.sql(`drop database ${name}`);
    expect((await source.measure(path)).facts).toEqual(facts);
    expect(await trials()).toBe(0);
  });

  test.each([
    ['of ICU', `locale_provider icu icu_locale 'de-DE' locale 'C'`, '', { provider: 'icu', name: 'de-DE' }],
    ['of another encoding', `encoding 'LATIN1' locale 'C'`, '', { encoding: 'LATIN1', provider: 'libc' }],
    ['that is a template', `is_template true`, '', { encoding: 'UTF8', collate: 'C', ctype: 'C' }],
    ['with few connections', `connection limit 2`, '', {}],
    ['with a long comment', '', `comment on database DATABASE_NAME is '${'long; '.repeat(4000)}'`, {}],
    ['with a backslash', '', String.raw`comment on database DATABASE_NAME is '\a''b\'`, {}],
  ])('a database %s is made again as it was', async (_, made, sql, locale) => {
    const name = `made_${(databases += 1)}`;
    await server.sql(`create database ${name} owner app template template0 ${made}`);
    await server.sql(`create table t (n text); ${sql.replaceAll('DATABASE_NAME', name)}`, name);
    await server.sql('alter table t owner to app', name);
    const source = sourceOf(name, { user: 'app' });
    const { path, report } = await copied(source);
    const { facts, integrity } = await source.measure(path);
    expect(integrity.problems).toEqual([]);
    expect(report.disagreements?.(facts)).toEqual([]);
    expect(facts.locale).toMatchObject(locale);
    expect(await trials()).toBe(0);
    if (made.includes('is_template')) await server.sql(`alter database ${name} is_template false`);
  });

  test('the roles that it needs are said in SQL, without a password', async () => {
    const look = await sourceOf(await makeDatabase()).look();
    const { roles = [] } = look.setUp as { roles?: string[] };
    expect(roles).toEqual(['CREATE ROLE app CREATEDB LOGIN;', 'CREATE ROLE reader NOLOGIN;']);
  });

  describe('what a dump has lost is told', () => {
    let told: string[] = [];

    beforeAll(async () => {
      const name = await makeDatabase();
      const source = sourceOf(name);
      const { report } = await copied(source, join(server.directory, 'before'));
      for (const [, sql] of losses) await server.sql(sql.replaceAll('DATABASE_NAME', name), name);
      const { facts } = await source.measure((await copied(source, join(server.directory, 'after'))).path);
      told = report.disagreements?.(facts) ?? [];
    });

    test.each(losses)('%s', (_, __, sentence) => {
      expect(told.filter((each) => isOf(each, sentence))).toHaveLength(1);
    });
  });

  test('beside an app that commits without a pause it is one committed instant', async () => {
    const name = await makeDatabase(
      'create table a (n int); create table b (n serial); alter table b owner to app',
    );
    const app = await server.connect({ database: name });
    let isOver = false;
    let commits = 0;
    const commitOne = async (): Promise<void> => {
      await app.query('begin; insert into a values (1); insert into b default values; commit');
      commits += 1;
    };
    await commitOne();
    const writing = (async () => {
      while (!isOver) await commitOne();
    })();
    const source = sourceOf(name);
    const before = commits;
    const { path, report } = await copied(source);
    const after = commits;
    const { facts } = await source.measure(path);
    isOver = true;
    await writing;
    expect(report.disagreements?.(facts)).toEqual([]);
    const [a, b] = facts.tables;
    expect(a?.rows).toBe(b?.rows);
    expect(a?.rows).toBeGreaterThanOrEqual(before);
    expect(a?.rows).toBeLessThanOrEqual(after + 1);
  });

  test('a dump that restores nowhere as it is says so, with the cure, the same each time', async () => {
    const source = sourceOf(await makeDatabase(relyingOnPath));
    const { path, report } = await copied(source);
    const { facts, integrity } = await source.measure(path);
    expect(integrity.findings).toEqual(integrity.problems);
    expect(integrity.findings).toEqual([
      expect.stringMatching(/^COPY failed for table "uses": .*set search_path = public, pg_temp$/),
      expect.stringMatching(/^CREATE INDEX big_known .* cannot be restored: relation "words" does not exist/),
    ]);
    expect(report.disagreements?.(facts)).toContain(
      'table uses has 0 rows when it is restored, and it has 1 in the database',
    );
    expect((await source.measure(path)).integrity).toEqual(integrity);
  });

  test('what a role has set ends nothing', async () => {
    const source = sourceOf(await makeDatabase(), { user: 'hasty' });
    const { path, report } = await copied(source);
    expect(report.disagreements?.((await source.measure(path)).facts)).toEqual([]);
  });

  test('what the server lacks is said first, once each, with what to make', async () => {
    const name = await makeDatabase(everything.replace('create extension pgcrypto;', ''));
    await server.sql('create role "Gone One"; create role gone');
    const owned = 'alter table "odd.name" owner to "Gone One"; grant select on bag, "user" to gone';
    // No package has it.
    const unknown = `create extension pgcrypto; update pg_extension set extname = 'no_such'`;
    await server.sql(`${owned}; ${unknown} where extname = 'pgcrypto'`, name);
    const { path } = await copied(sourceOf(name));
    await server.sql('drop owned by "Gone One", gone; drop role "Gone One", gone', name);
    const { findings } = (await sourceOf(name).measure(path)).integrity;
    expect(findings?.slice(0, 3)).toEqual([
      expect.stringMatching(
        /^the server has no extension "no_such", and 2 of the statements fail without: install/,
      ),
      expect.stringMatching(/^the server has no role "Gone One", and 1 of .*: create role "Gone One"$/),
      expect.stringMatching(/^the server has no role "gone", and 2 of .*: create role "gone"$/),
    ]);
    expect(findings).toHaveLength(3);
  });

  test.each([
    ['could not extend file "base/1/2": No space left on device', 'io', 'the disk of the server is full'],
    ['could not write to file "base/pgsql_tmp/1": No space left on device', 'io', 'is full'],
    ['out of shared memory', 'io', 'out of memory'],
    ['could not read block 3 in file "base/1/2": Input/output error', 'io', 'fails it'],
    ['invalid page in block 3 of relation base/1/2', 'io', 'fails it'],
    ['canceling statement due to user request', 'unavailable', 'ended it'],
    ['terminating connection due to administrator command', 'unavailable', 'went'],
  ])('a server that says "%s" in the middle of a restore says nothing of the dump', (said, kind, cause) => {
    const failed = `pg_restore: error: COPY failed for table "t": ERROR:  ${said}`;
    const stderr = `${failed}\npg_restore: warning: errors ignored on restore: 1\n`;
    const refused = { kind, message: expect.stringContaining(cause) as string };
    expect(() => complaintsIn(stderr, 'a dump')).toThrow(expect.objectContaining(refused) as Error);
  });

  test('what a role and a database have set changes neither what is dumped nor what is said of it', async () => {
    const name = await makeDatabase(settable);
    const source = sourceOf(name, { user: 'app' });
    const [before, after] = [join(scratch(), 'before'), join(scratch(), 'after')];
    const { facts: plain } = await source.measure((await copied(source, before)).path);
    const settings = Object.entries(odd).map(([setting, value]) => `set ${setting} = '${value}'`);
    for (const each of settings) await server.sql(`alter database ${name} ${each}; alter role app ${each}`);
    // A superuser may give it to a role.
    await server.sql('alter role app set session_replication_role = replica');
    onTestFinished(async () => void (await server.sql('alter role app reset all')));
    const { path, report } = await copied(source, after);
    const { facts, integrity } = await source.measure(path);
    expect(integrity.problems).toEqual([]);
    expect(report.disagreements?.(facts)).toEqual([]);
    const others = ({ parts }: typeof facts) => parts.filter((part) => part.name !== 'settings');
    expect(others(facts)).toEqual(others(plain));
    const { restore } = (await source.look()).programs;
    const script = async (dump: string) =>
      (await runCommand(restore, ['--file=-', dump])).stdout.replaceAll(/restrict .*/g, '');
    expect(await script(after)).toBe(await script(before));
  });

  test('an odd password comes in, and stands in no argument and no error', async () => {
    const name = await makeDatabase('create table own (n int); alter table own owner to app');
    const seen: string[] = [];
    const run: CommandRunner = (command, args, options) => {
      seen.push(command, ...args);
      return runCommand(command, args, options);
    };
    const over = { host: '127.0.0.1', user: 'app', readPassword: () => password };
    const source = sourceOf(name, over, run);
    const { path, report } = await copied(source);
    expect(report.disagreements?.((await source.measure(path)).facts)).toEqual([]);
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.filter((word) => word.includes('p@ss') || word.includes('127.0.0.1'))).toEqual([]);
    const wrong = sourceOf(name, { ...over, readPassword: () => `${password}x` });
    const error: unknown = await wrong.look().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'denied' });
    expect(String(error)).not.toContain('p@ss');
  });

  test.each([
    [
      'whom row-level security shows some rows',
      'poor',
      'denied',
      /row-level security shows its role poor some rows only of bag/,
    ],
    ['who may not read a table', 'poor', 'denied', /may not read secret/],
    ['who may make no database', 'blind', 'denied', /may make no database/],
  ])('for a role %s nothing is dumped', async (what, user, kind, message) => {
    const sql = what.includes('security')
      ? 'create table bag (n int); alter table bag enable row level security; grant select on bag to poor'
      : what.includes('read')
        ? 'create table secret (n int)'
        : '';
    const source = sourceOf(await makeDatabase(sql), { user });
    const look = await source.look();
    const refused = expect.objectContaining({
      kind,
      message: expect.stringMatching(message) as string,
    }) as object;
    await expect(source.begin(look, { now })).rejects.toEqual(refused);
    await expect(source.copy(look, join(scratch(), 'copy'), { now })).rejects.toEqual(refused);
  });

  test('a lock that somebody holds is a word, and no smaller dump', async () => {
    const name = await makeDatabase('create table bag (n int); create table other (n int)');
    const source = sourceOf(name);
    const look = await source.look();
    const app = await server.connect({ database: name });
    await app.query('begin; lock table bag in access exclusive mode');
    await expect(source.copy(look, join(scratch(), 'copy'), { now })).rejects.toMatchObject({ kind: 'busy' });
    await app.query('rollback');
    await copied(source);
  });

  test('who alters a table is not kept waiting by a dump, nor everybody behind them', async () => {
    const name = await makeDatabase('create table bag (n int); create table big (n int)');
    const app = await server.connect({ database: name });
    let altering: Promise<unknown> = Promise.resolve();
    // A dump that takes as long as somebody waits.
    const slow: CommandRunner = async (command, args, options) => {
      if (args.includes('--format=custom')) {
        const holder = await server.connect({ database: name, application_name: 'holdfast backup' });
        onTestFinished(() => holder.end());
        await holder.query('begin; lock table bag in access share mode');
        altering = app.query('alter table bag add m int');
        await new Promise((_, fail) => {
          options?.signal?.addEventListener('abort', () => fail(options.signal?.reason as Error));
          holder.query('select pg_sleep(20)').catch(() => undefined);
        });
      }
      return runCommand(command, args, options);
    };
    const readTarget = () => target(name);
    const source = postgresSource({ readTarget, run: slow, patienceMs: 50 });
    await expect(source.copy(await source.look(), join(scratch(), 'copy'), { now })).rejects.toMatchObject({
      kind: 'busy',
      message: expect.stringContaining('somebody waited to alter public.bag') as string,
    });
    await altering;
  });

  test.each([
    ['has no database of the name', { database: 'nowhere' }, 'missing'],
    ['does not run', { port: 1 }, 'unavailable'],
    ['wants a password', { host: '127.0.0.1' }, 'denied'],
    ['wants more than an empty password', { host: '127.0.0.1', readPassword: () => '' }, 'denied'],
  ])('a server that %s is a word', async (_, given, kind) => {
    await expect(sourceOf('postgres', given).look()).rejects.toMatchObject({ name: 'OpsError', kind });
  });

  test.each([
    ['is cut in its list of contents', (bytes: Buffer) => bytes.subarray(0, 900)],
    ['is cut in its rows', (bytes: Buffer) => bytes.subarray(0, bytes.length - 2000)],
    [
      'has other bytes',
      (bytes: Buffer) => Buffer.from(bytes).fill(0x55, bytes.length - 3000, bytes.length - 2900),
    ],
    ['is none', () => Buffer.from('-- a script\n')],
    ['is empty', () => Buffer.alloc(0)],
  ])('a dump that %s is damaged', async (_, damage) => {
    const source = sourceOf(await makeDatabase(manyRows));
    const { path } = await copied(source);
    writeFileSync(path, damage(readFileSync(path)));
    await expect(source.measure(path, { called: 'backups/app/a.db' })).rejects.toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining('backups/app/a.db') as string,
    });
    expect(await trials()).toBe(0);
  });

  test.each([
    ['app', false],
    // What docs/threat-model.md says of it.
    ['postgres', true],
  ])('a dump that somebody has written runs what is in it as %s', async (user, isRun) => {
    const made = join(server.directory, `made-as-${user}`);
    const program = `copy (select 1) to program 'touch ${made}'`;
    const name =
      await makeDatabase(`create table t (n int); insert into t values (1); alter table t owner to app;
      create function hostile(n int) returns int language plpgsql as $$ begin
      if current_database() ~ '^holdfast' then execute ${`$q$${program}$q$`}; end if; return n; end $$;
      alter table t add check (hostile(n) = 1)`);
    const { path } = await copied(sourceOf(name));
    const { findings = [] } = (await sourceOf(name, { user }).measure(path)).integrity;
    expect(existsSync(made)).toBe(isRun);
    if (!isRun) expect(findings.join()).toMatch(/permission denied|must be superuser/);
    expect(await trials()).toBe(0);
  });

  test('another file than the one that was hashed is not read, and a file in the way is not written', async () => {
    const source = sourceOf(await makeDatabase('create table t (n int)'));
    const { path } = await copied(source);
    const file = { device: 1n, inode: 1n };
    await expect(source.measure(path, { file })).rejects.toMatchObject({ kind: 'refused' });
    const digest = () => createHash('sha256').update(readFileSync(path)).digest('hex');
    const before = digest();
    await expect(source.copy(await source.look(), path, { now })).rejects.toMatchObject({ kind: 'refused' });
    expect(digest()).toBe(before);
    truncateSync(path, 0);
  });

  test('a run that loses its connection in the middle says so, and what a killed one left goes with the next', async () => {
    const name = await makeDatabase();
    const { path } = await copied(sourceOf(name));
    const cutting: CommandRunner = async (command, args, options) => {
      if (args.some((word) => word.startsWith('--dbname=')))
        await server.sql(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holdfast backup'`,
        );
      return runCommand(command, args, options);
    };
    await expect(sourceOf(name, {}, cutting).measure(path)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await trials()).toBe(0);
    await server.sql(`create database holdfast_proof_${name} is_template true`);
    const { integrity } = await sourceOf(name).measure(path);
    expect(integrity.problems).toEqual([]);
    expect(await trials()).toBe(0);
  });

  /** Ends as it is called all that we have on the server. */
  const breakings = {
    'our connections are ended': () =>
      server.sql(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holdfast backup'`,
      ),
    'the server is restarted': async () => {
      await server.disconnect();
      server.stop('immediate');
      server.start();
    },
  };

  test.each<[called: keyof typeof breakings, when: 'before' | 'while' | 'after', program: string]>([
    ['our connections are ended', 'before', '--format=custom'],
    ['our connections are ended', 'while', '--format=custom'],
    ['our connections are ended', 'after', '--format=custom'],
    ['our connections are ended', 'before', '--create'],
    ['our connections are ended', 'before', '--dbname'],
    ['our connections are ended', 'while', '--dbname'],
    ['our connections are ended', 'after', '--dbname'],
    ['the server is restarted', 'while', '--format=custom'],
    ['the server is restarted', 'while', '--dbname'],
  ])(
    'where %s %s pg_dump or pg_restore with %s it is a word, and the next run does all',
    async (called, when, program) => {
      const isDump = program === '--format=custom';
      const name = await makeDatabase(slowToRestore);
      const { path } = await copied(sourceOf(name));
      const app = await server.connect({ database: name });
      if (isDump && when === 'while') await app.query('begin; lock table t in access exclusive mode');
      await server.sql(`alter role postgres set app.is_slow = '${when === 'while' ? 'yes' : ''}'`);
      const breaking: CommandRunner = async (command, args, options) => {
        if (!args.some((word) => word.startsWith(program))) return runCommand(command, args, options);
        if (when === 'before') await breakings[called]();
        const running = runCommand(command, args, options);
        running.catch(() => undefined);
        if (when === 'while') while ((await server.sql(isDump ? waiting : sleeping)).length === 0);
        if (when === 'after') await running;
        if (when !== 'before') await breakings[called]();
        return running;
      };
      const source = postgresSource({ readTarget: () => target(name), run: breaking });
      const work = isDump
        ? source.look().then((look) => source.copy(look, join(scratch(), 'copy'), { now }))
        : source.measure(path);
      await expect(work).rejects.toMatchObject({ name: 'OpsError', kind: 'unavailable' });
      await app.query('rollback').catch(() => undefined);
      await server.sql('alter role postgres reset app.is_slow');
      const { path: again, report } = await copied(sourceOf(name), join(scratch(), 'again'));
      expect(report.disagreements?.((await sourceOf(name).measure(again)).facts)).toEqual([]);
      expect(await trials()).toBe(0);
    },
  );

  test('an abort ends dump and proof with its reason, and two proofs of one database wait for nobody', async () => {
    const name = await makeDatabase();
    const source = sourceOf(name);
    const { path } = await copied(source);
    const stop = new AbortController();
    const reason = new Error('stopped by SIGTERM');
    const stopping: CommandRunner = (command, args, options) => {
      if (args.some((word) => word.startsWith('--dbname='))) stop.abort(reason);
      return runCommand(command, args, options);
    };
    await expect(sourceOf(name, {}, stopping).measure(path, { signal: stop.signal })).rejects.toBe(reason);
    let second: unknown;
    const meanwhile: CommandRunner = async (command, args, options) => {
      if (args.some((word) => word.startsWith('--dbname=')))
        second = await source.measure(path).catch((error: unknown) => error);
      return runCommand(command, args, options);
    };
    await sourceOf(name, {}, meanwhile).measure(path);
    expect(second).toMatchObject({ kind: 'busy' });
    expect(await trials()).toBe(0);
  });

  test.each([
    ['calls its process another number than the server', otherNumber, undefined],
    ['answers questions of its own', undefined, ownAnswer],
  ])('a pooler, which %s, is refused', async (_, fromServer, fromClient) => {
    const name = await makeDatabase('set role app; create table own (n int)');
    const port = await poolerBefore(server.port, { fromServer, fromClient });
    const given = {
      host: '127.0.0.1',
      user: 'app',
      sslmode: 'disable' as const,
      readPassword: () => password,
    };
    const refused = {
      kind: 'config',
      message: expect.stringContaining(`a pooler answers at port ${port}`) as string,
    };
    await expect(sourceOf(name, { ...given, port }).look()).rejects.toMatchObject(refused);
    const { path } = await copied(sourceOf(name, given));
    await expect(sourceOf(name, { ...given, port }).measure(path)).rejects.toMatchObject(refused);
  });

  test('programs of another version than the server are none', async () => {
    await expect(findPrograms(99, 'back up app', runCommand)).rejects.toMatchObject({
      kind: 'missing',
      hint: expect.stringMatching(/^sudo apt install postgresql-client-99; /) as string,
    });
  });

  test.each([
    [
      '15.3',
      undefined,
      ['the rules are not those of the manifest, though there are as many: 2', 'the views are 3'],
    ],
    ['15.3', '16.1', ['the views are 3']],
    ['14.2', undefined, ['the views are 3']],
  ])('facts of 15.2 beside those of %s, measured on %s', (serverVersion, measuredOn, told) => {
    const part = (name: string, count: number, sha256: string) => ({ name, count, sha256 });
    const facts = { engine: 'postgres' as const, sizeBytes: 1, tables: [] };
    const expected = {
      ...facts,
      serverVersion: '15.2',
      parts: [part('rules', 2, 'a'), part('views', 2, 'a')],
    };
    const found = { ...facts, serverVersion, parts: [part('rules', 2, 'b'), part('views', 3, 'b')] };
    const here = measuredOn === undefined ? {} : { measuredOn };
    const differences = sourceOf('postgres').compare(expected, { ...found, ...here });
    expect(differences.map((each) => each.replace(', the manifest says 2', ''))).toEqual(told);
  });

  test('a survey counts the rows that are there now', async () => {
    const source = sourceOf(await makeDatabase('create table t (n int); insert into t values (1), (2)'));
    const survey = await source.survey(await source.look(), { timeLimitMs: 60_000 });
    expect(survey).toEqual({ tables: [{ name: 't', rows: 2 }], problems: [], note: undefined });
  });

  test('a database with no name of ours is set up under another one', () => {
    const script = [
      `CREATE DATABASE "a b" WITH TEMPLATE = template0 ENCODING = 'UTF8';\n\n`,
      'ALTER DATABASE "a b" OWNER TO app;\n',
      '\\connect "a b"\nSET x = 1;\n',
      `ALTER DATABASE "a b" SET s TO 'one;\ntwo "a b" ';\nALTER ROLE app IN DATABASE "a b" SET y TO '1';\n`,
      '--\n-- Name: DATABASE "a b"; Type: ACL\n--\n\nREVOKE CONNECT,TEMPORARY ON DATABASE "a b" FROM PUBLIC;\n',
    ].join('\n');
    expect(statementsOf(script, 'new')).toEqual([
      'ALTER DATABASE "new" OWNER TO app;',
      `ALTER DATABASE "new" SET s TO 'one;\ntwo "a b" ';`,
      `ALTER ROLE app IN DATABASE "new" SET y TO '1';`,
      'REVOKE CONNECT,TEMPORARY ON DATABASE "new" FROM PUBLIC;',
    ]);
  });
});

/** Each is made in the same database, and is one sentence. */
const losses: [what: string, sql: string, sentence: string][] = [
  ['a row', 'delete from bag where id = 7', 'table bag has 29 rows when it is restored'],
  ['a table', 'drop table audit.log', 'table audit.log is not there'],
  ['a trigger', 'drop trigger other on bag', 'triggers: "public.bag other" is not there'],
  [
    'a trigger that is off',
    'alter table bag enable trigger touch',
    'triggers: "public.bag touch" is not the same',
  ],
  ['an index', 'drop index bag_lower', 'indexes: public.bag_lower is not there'],
  [
    'a constraint',
    'alter table bag drop constraint bag_user_id_fkey',
    'constraints: "public.bag bag_user_id_fkey" is not there',
  ],
  ['a default', 'alter table bag alter code drop default', 'columns: public.bag.code is not the same'],
  ['a type of a column', 'alter table bag alter weight type numeric', 'columns: public.bag.weight'],
  ['the body of a function', bodyOf('old'), 'functions: "public.touched()" is not the same'],
  [
    'a value of a type',
    `alter type kind rename value 'child' to 'kid'`,
    'types: public.kind is not the same',
  ],
  ['a view', 'create or replace view names as select 1 as n', 'tables and views: public.names'],
  ['a policy', 'drop policy own on bag', 'policies: "public.bag own" is not there'],
  [
    'row-level security',
    'alter table bag disable row level security',
    'tables and views: public.bag is not the same',
  ],
  ['a right', 'revoke select on scan from reader', 'tables and views: public.scan is not the same'],
  ['an owner', 'alter schema audit owner to reader', 'schemas: audit is not the same'],
  ['a collation', 'drop collation german', 'other objects: "collation public.german" is not there'],
  [
    'statistics',
    'drop statistics together',
    'other objects: "statistics object public.together" is not there',
  ],
  ['a publication', 'drop publication news', 'other objects: "publication news" is not there'],
  ['a right to come', 'alter default privileges revoke select on tables from reader', 'default rights'],
  ['a comment', 'comment on table bag is null', 'comments: "table public.bag" is not there'],
  [
    'a sequence',
    `select setval('user_id_seq', 1)`,
    'sequence user_id_seq is at 1 when it is restored, and at 3',
  ],
  [
    'a step of a sequence',
    'alter sequence user_id_seq increment 5',
    'definitions of sequences: public.user_id_seq',
  ],
  [
    'a large object',
    'select lo_unlink(min(oid)) from pg_largeobject_metadata',
    'large objects: … is not there',
  ],
  [
    'bytes of one',
    `select lo_put(max(oid), 1, 'longer than it was') from pg_largeobject_metadata`,
    'bytes of large objects: … is not the same',
  ],
  ['an extension', 'drop extension pgcrypto', 'extensions: pgcrypto is not there'],
  ['a setting', 'alter database DATABASE_NAME reset timezone', 'settings: "database TimeZone" is not there'],
  [
    'a setting of a role',
    'alter role app in database DATABASE_NAME reset work_mem',
    'settings: "app work_mem" is not there',
  ],
  [
    'a limit',
    'alter database DATABASE_NAME connection limit -1',
    'the database itself: "connection limit" is not the same',
  ],
  [
    'a right to the database',
    'grant connect on database DATABASE_NAME to public',
    'the database itself: rights is not the same',
  ],
];

interface Pooler {
  /** What becomes of what the server says. */
  fromServer: ((bytes: Buffer) => void) | undefined;
  /** An answer to what the client says, which then reaches nobody. */
  fromClient: ((bytes: Buffer) => Buffer | undefined) | undefined;
}

/** As PgBouncer does: the number of the process (message K) is its own. */
function otherNumber(bytes: Buffer): void {
  const key = bytes.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
  if (key !== -1) bytes.writeInt32BE(1, key + 5);
}

/** As Pgpool does: a statement that went well, and who answers is ready. */
function ownAnswer(bytes: Buffer): Buffer | undefined {
  return bytes.includes('pool_version') ? Buffer.from('C\0\0\0\x09SHOW\0Z\0\0\0\x05I', 'latin1') : undefined;
}

/** Hands on what both say. */
async function poolerBefore(port: number, { fromServer, fromClient }: Pooler): Promise<number> {
  const pooler = createServer((client) => {
    const behind = connect(port, '127.0.0.1');
    client.on('data', (bytes: Buffer) => {
      const answer = fromClient?.(bytes);
      if (answer === undefined) behind.write(bytes);
      else client.write(answer);
    });
    behind.on('data', (bytes: Buffer) => {
      fromServer?.(bytes);
      client.write(bytes);
    });
    for (const socket of [client, behind]) {
      socket.on('error', () => undefined);
      socket.on('close', () => [client, behind].forEach((each) => each.destroy()));
    }
  });
  await new Promise<void>((done) => pooler.listen(0, '127.0.0.1', done));
  onTestFinished(() => void pooler.close());
  return (pooler.address() as AddressInfo).port;
}

function isOf(told: string, sentence: string): boolean {
  const [begin = '', end = ''] = sentence.split('…');
  return told.startsWith(begin) && told.includes(end);
}

function bodyOf(word: string): string {
  return `create or replace function touched() returns trigger language plpgsql as $$ begin new.code = '${word}'; return new; end $$`;
}

const everything = `
create extension pgcrypto;
create type kind as enum ('parent', 'child');
create domain positive as int check (value > 0);
create table "user" (id serial primary key, name varchar(30) not null check (name in ('a', 'b', 'x y')));
create table bag (id bigint generated always as identity primary key, code varchar(40) unique default 'z'::varchar, kind kind,
  weight real, user_id int references "user" (id));
create index bag_lower on bag (lower(code)) where kind = 'child' and code in ('c1'::varchar, 'c2');
insert into "user" (name) values ('a'), ('b'), ('x y');
insert into bag (code, kind, weight, user_id) select 'c' || i, 'child', i / 3.0, 1 + i % 3 from generate_series(1, 30) i;
${bodyOf('new')};
create trigger touch before update on bag for each row execute function touched();
alter table bag disable trigger touch;
create trigger other after insert on bag for each row execute function touched();
create view names as select count(*)::int as n from "user";
create materialized view stale as select count(*) from bag where id > 1000;
create table scan (id int, at date) partition by range (at);
create table scan_2026 partition of scan for values from ('2026-01-01') to ('2027-01-01');
insert into scan select i, '2026-02-02' from generate_series(1, 3) i;
create schema audit; create table audit.log (n int); insert into audit.log values (1), (2);
create table "odd.name" (n int); insert into "odd.name" values (1);
select lo_from_bytea(0, 'first'), lo_from_bytea(0, 'second');
grant select on bag to reader; grant select on scan to reader; grant select (name) on "user" to reader;
alter table bag enable row level security; create policy own on bag for select to reader using (kind = 'child');
create collation german (provider = icu, locale = 'de-DE'); create publication news for table bag;
create statistics together on code, kind from bag; create operator ### (function = int4pl, leftarg = int, rightarg = int);
create text search configuration plain (copy = simple); create cast (bag as json) with inout;
comment on table bag is 'what is carried'; comment on column bag.code is 'on its label';
alter default privileges grant select on tables to reader;
alter database DATABASE_NAME set timezone = 'Europe/Paris';
alter role app in database DATABASE_NAME set work_mem = '8MB';
alter database DATABASE_NAME connection limit 7;
revoke connect on database DATABASE_NAME from public;
comment on database DATABASE_NAME is 'it''s;
of two lines';`;

/** A restore makes an index for as long as one likes. */
const slowToRestore = `create table t (n int); insert into t values (1);
create function slowly(n int) returns int immutable language plpgsql as $$ begin
  if current_setting('app.is_slow', true) = 'yes' and current_database() ~ '^holdfast' then perform pg_sleep(60); end if;
  return n; end $$;
create index on t (slowly(n));`;

const ofOurs = (how: string) =>
  `select pid from pg_stat_activity where application_name = 'holdfast backup' and ${how}`;
const waiting = ofOurs(`wait_event_type = 'Lock'`);
const sleeping = ofOurs(`wait_event = 'PgSleep'`);

/** Whatever is written in more ways than one. */
const settable = `
set role app; create table "order" (b bytea default '\\x00ff', r float8 default 0.1, i interval default '1 day 02:03', t timestamptz default '2026-11-28 12:00+00',
  d date default '2026-02-01', m money default 1234.5, n int[] default '{1,NULL}', w text default 'a\\b''ü€' check (w <> 'x\\y'), x xml);
insert into "order" default values; insert into "order" (r, t) values (1.0 / 3, '1900-01-01');
create view orders as select w, t + i as at from "order" where d > '2026-01-02';`;

const odd = {
  statement_timeout: '1ms',
  idle_in_transaction_session_timeout: '1ms',
  lock_timeout: '1ms',
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  search_path: 'pg_temp, information_schema, pg_catalog',
  row_security: 'on',
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'iso_8601',
  TimeZone: 'Asia/Tokyo',
  bytea_output: 'escape',
  extra_float_digits: '-3',
  standard_conforming_strings: 'off',
  backslash_quote: 'on',
  quote_all_identifiers: 'on',
  client_encoding: 'LATIN1',
  client_min_messages: 'debug1',
  array_nulls: 'off',
  transform_null_equals: 'on',
  xmloption: 'document',
  lc_monetary: 'C.UTF-8',
  lc_time: 'C.UTF-8',
  check_function_bodies: 'on',
};

const relyingOnPath = `
create table words (w text); insert into words values ('a');
create function known(t text) returns boolean language sql immutable as $$ select exists (select 1 from words where w = t) $$;
create table uses (t text check (known(t))); insert into uses values ('a');
create table big (t text); insert into big select 'a' from generate_series(1, 10);
create index big_known on big (known(t));`;

const manyRows = `create table t (n int, w text); insert into t select i, md5(i::text) from generate_series(1, 2000) i`;
