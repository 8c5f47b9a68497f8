// The connection that writes, against a real server: what is committed is there, what is not leaves nothing, whatever happens to
// the server, the connection and the reply in between.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PostgresTarget } from '../../../lib/health/postgres-target.ts';
import { PostgresWriter } from '../../../lib/postgres/writer.ts';
import { postgresPrograms, PostgresServer } from '../../support/postgres.ts';
import { BreakingLink } from '../../support/postgres-link.ts';

const password = 'open-sesame';

describe.skipIf(postgresPrograms() === undefined)('a connection that writes', () => {
  let server: PostgresServer;
  const open: PostgresWriter[] = [];

  beforeAll(async () => {
    server = await PostgresServer.make();
    await server.sql(`create role keeper login password '${password}'; create role guest login`);
    await server.sql('create database reports owner keeper');
  });
  beforeEach(async () => {
    await server.sql('drop table if exists note; create table note (id int, word text)', 'reports');
    await server.sql('alter table note owner to keeper', 'reports');
  });
  afterEach(async () => {
    for (const writer of open.splice(0)) await writer.close();
    await server.disconnect();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const target = (more: Partial<PostgresTarget> = {}): PostgresTarget => ({
    ...{ host: server.directory, port: server.port, user: 'keeper', database: 'reports' },
    ...{ sslmode: 'prefer', rootCertificate: undefined, readPassword: () => password },
    ...more,
  });
  const writer = (more: Partial<PostgresTarget> = {}, options: { signal?: AbortSignal } = {}) => {
    const made = new PostgresWriter({
      ...{ target: target(more), schema: 'tagtracker', pauseMs: 10 },
      signal: options.signal ?? new AbortController().signal,
    });
    open.push(made);
    return made;
  };
  const put = (to: PostgresWriter, id: number) =>
    to.write('put down a note', async ({ run }) => {
      await run('insert into public.note values ($1, $2)', [String(id), 'it’s "here"']);
      return id;
    });
  const ids = async () =>
    (await server.sql('select id from note order by id', 'reports')).map(({ id }) => Number(id));

  test('what is committed is there, what throws leaves nothing, and the next goes on', async () => {
    const made = writer();
    await put(made, 1);
    const own = made.write('put down a note', async ({ run }) => {
      await run('insert into public.note values (2, null)');
      throw new RangeError('of the work');
    });
    await expect(own).rejects.toThrow(RangeError);
    const refused = made.write('put down a note', async ({ run }) => {
      await run('insert into public.note values (3, null)');
      await run("do $$ begin raise exception 'no' using errcode = '23505'; end $$");
    });
    await expect(refused).rejects.toMatchObject({ name: 'OpsError', kind: 'damaged' });
    await put(made, 4);
    expect(await ids()).toEqual([1, 4]);
    const seen = await made.read('read the notes', ({ run }) => run('select id, word from public.note'));
    expect(seen.rows).toEqual([
      ['1', 'it’s "here"'],
      ['4', 'it’s "here"'],
    ]);
    const writes = made.read('read the notes', ({ run }) => run('delete from public.note'));
    await expect(writes).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('a failure that the work has overlooked is no success', async () => {
    const made = writer();
    const work = made.write('put down a note', async ({ run }) => {
      await run('insert into public.note values (1, null)');
      await run('select 1 / 0').catch(() => undefined);
    });
    await expect(work).rejects.toThrow('was to be committed');
    expect(await ids()).toEqual([]);
  });

  test('two hundred at once wait for one another, on one connection', async () => {
    const made = writer();
    const counted = Array.from({ length: 200 }, (_, index) =>
      made.write('count', async ({ run }) => {
        const { rows } = await run('select count(*)::text from public.note');
        await run('insert into public.note values ($1, null)', [rows[0]?.[0] ?? null]);
        const there = await run(
          "select count(*) from pg_stat_activity where application_name = 'holdfast replica'",
        );
        return [index, Number(rows[0]?.[0]), Number(there.rows[0]?.[0])];
      }),
    );
    expect(await Promise.all(counted)).toEqual(Array.from({ length: 200 }, (_, index) => [index, index, 1]));
  });

  test('settings of the role change neither what is read nor whether a commit is on the disk', async () => {
    await server.sql(
      'alter role keeper set extra_float_digits = 0; alter role keeper set bytea_output = escape; alter role keeper set synchronous_commit = off; alter role keeper set search_path = \'"$user", public\'; alter role keeper set statement_timeout = 1',
    );
    const { rows } = await writer().write('read', ({ run }) =>
      run(
        "select 0.1::float8 + 0.2::float8, '\\x00ff'::bytea, current_setting('synchronous_commit'), current_setting('search_path')",
      ),
    );
    expect(rows).toEqual([['0.30000000000000004', '\\x00ff', 'on', 'tagtracker, pg_temp']]);
    await server.sql('alter role keeper reset all');
  });

  test.each(['fast', 'immediate'] as const)(
    'a server that was stopped (%s) between two is asked again, and one that stays away is told',
    async (mode) => {
      const made = writer();
      await put(made, 1);
      server.stop(mode);
      await expect(put(made, 2)).rejects.toMatchObject({ name: 'OpsError', kind: 'unavailable' });
      server.start();
      await put(made, 3);
      server.stop(mode);
      server.start();
      await put(made, 4);
      expect(await ids()).toEqual([1, 3, 4]);
    },
  );

  test('a connection that is cut in the middle leaves nothing, and the next has another', async () => {
    const made = writer();
    const cut = made.write('put down a note', async ({ run }) => {
      await run('insert into public.note values (1, null)');
      await server.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holdfast replica'",
      );
      await run('insert into public.note values (2, null)');
    });
    await expect(cut).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('cannot put down a note: reports at ') as string,
    });
    await put(made, 3);
    expect(await ids()).toEqual([3]);
  });

  test.each(['after', 'before'] as const)(
    'a link that breaks %s the commit: the server says what became of it',
    async (when) => {
      await using link = await BreakingLink.to(server.port);
      const made = writer({ host: '127.0.0.1', port: link.port, sslmode: 'disable' });
      await put(made, 1);
      // The message of one statement with its length before it: settings have the word in their names.
      link.breakAt = { statement: '\u000bcommit\0', when };
      if (when === 'after') expect(await put(made, 2)).toBe(2);
      else await expect(put(made, 2)).rejects.toMatchObject({ name: 'OpsError', kind: 'unavailable' });
      expect(link.broke).toBe(1);
      await put(made, 3);
      expect(await ids()).toEqual(when === 'after' ? [1, 2, 3] : [1, 3]);
    },
  );

  test('who is told to stop stops at once, also where the server holds a lock', async () => {
    const stop = new AbortController();
    const made = writer({}, { signal: stop.signal });
    const holder = await server.connect({ database: 'reports' });
    await holder.query('begin; lock table note');
    const waiting = made.write('put down a note', async ({ run }) => {
      const asked = run('insert into public.note values (1, null)');
      stop.abort(new Error('stopped'));
      await asked;
    });
    await expect(waiting).rejects.toThrow('stopped');
    await expect(put(made, 2)).rejects.toThrow('stopped');
  });

  test('a lock that somebody else holds is waited for within limits, and told', async () => {
    const { signal } = new AbortController();
    const made = new PostgresWriter({ target: target(), schema: 'tagtracker', signal, lockTimeoutMs: 20 });
    open.push(made);
    const holder = await server.connect({ database: 'reports' });
    await holder.query('begin; lock table note');
    await expect(put(made, 1)).rejects.toMatchObject({ kind: 'busy' });
    await holder.query('rollback');
    await put(made, 2);
    expect(await ids()).toEqual([2]);
  });

  const refusals: [what: string, as: Partial<PostgresTarget>, kind: string, words: string, hint: string][] = [
    [
      'a database that is not there',
      { database: 'nowhere' },
      'missing',
      'no such database',
      'create database',
    ],
    [
      'a wrong password',
      { host: '127.0.0.1', readPassword: () => 'guessed' },
      'denied',
      'refuses the password of keeper',
      'psql -h 127.0.0.1',
    ],
    [
      'a password that nobody gave',
      { host: '127.0.0.1', readPassword: () => undefined },
      'denied',
      'none is given',
      'postgres_url_file',
    ],
    ['a role that is none', { user: 'nobody-at-all' }, 'denied', 'does not let', 'pg_hba'],
    ['a role without rights', { user: 'guest' }, 'denied', 'may not do that', 'grant create on database'],
    ['TLS that is not there', { host: '127.0.0.1', sslmode: 'require' }, 'config', 'no TLS', 'sslmode'],
    [
      'a port where nobody listens',
      { host: '127.0.0.1', port: 1 },
      'unavailable',
      'refused',
      'pg_lsclusters',
    ],
  ];
  test.each(refusals)('%s is told with what helps', async (_what, as, kind, words, hint) => {
    await expect(put(writer(as), 1)).rejects.toMatchObject({
      ...{ name: 'OpsError', kind },
      message: expect.stringMatching(new RegExp(`^cannot put down a note: .*${words}`)) as string,
      hint: expect.stringContaining(hint) as string,
    });
  });

  const states: [state: string, kind: string, words: string][] = [
    ['53100', 'io', 'its disk is full'],
    ['53200', 'io', 'out of memory'],
    ['XX001', 'io', 'it is damaged'],
    ['57014', 'unavailable', 'longer than it may'],
    ['40001', 'unavailable', 'others worked'],
    ['42P01', 'damaged', 'not as they were made'],
    ['42883', 'refused', 'older than PostgreSQL 14'],
    ['2BP01', 'refused', 'a view reads a table'],
    ['42501', 'denied', 'may not do that'],
    ['P0001', 'refused', 'a trigger refuses it'],
  ];
  test.each(states)('what a server says as %s is of kind %s', async (state, kind, words) => {
    const said = writer().write('put down a note', ({ run }) =>
      run(`do $$ begin raise exception 'Diskette voll' using errcode = '${state}'; end $$`),
    );
    await expect(said).rejects.toMatchObject({ kind, message: expect.stringContaining(words) as string });
  });

  test('a standby takes no changes, and is told as one', async () => {
    server.stop();
    const signal = join(server.data, 'standby.signal');
    writeFileSync(signal, '');
    server.start();
    try {
      await expect(put(writer(), 1)).rejects.toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining('standby') as string,
      });
    } finally {
      await server.disconnect();
      server.stop();
      rmSync(signal);
      server.start();
    }
  });
});
