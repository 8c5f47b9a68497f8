// A day of TraitorTrack, with the configuration of its example: its own address, its own tables, and the app at work all day.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PostgresServer, postgresPrograms } from '../support/postgres.ts';
import { makeTraitorTrack } from '../support/traitortrack.ts';
import { type Json, World } from '../support/world.ts';

const password = `p@ss:/?#%20 "'\\=&`;
const name = 'traitortrack';

describe.skipIf(postgresPrograms() === undefined)('a day of TraitorTrack', () => {
  let server: PostgresServer;
  let world: World;
  const apps: number[] = [];

  beforeAll(async () => {
    server = await PostgresServer.make();
    world = new World();
    await server.sql(`create role traitortrack login createdb password '${password.replaceAll("'", "''")}'`);
    await server.sql('create role reports');
    await makeTraitorTrack(server, { database: name, owner: name, rows: 6000 });
    await server.sql(`alter database traitortrack set work_mem = '12MB'; alter database traitortrack connection limit 18;
      revoke connect on database traitortrack from public; grant connect on database traitortrack to reports`);
    configure();
  });
  afterAll(async () => {
    for (const pid of apps) kill(pid);
    await server[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  /** The example's file, with the places of this machine. */
  function configure(): void {
    const url = join(world.home, 'secrets', 'traitortrack-url');
    mkdirSync(join(world.home, 'secrets'));
    const at = `127.0.0.1:${server.port}/${name}?sslmode=disable`;
    writeFileSync(url, `postgresql+psycopg2://${name}:${encodeURIComponent(password)}@${at}\n`);
    chmodSync(url, 0o600);
    const example = readFileSync(
      join(import.meta.dirname, '../../etc/examples/traitortrack/holdfast.toml'),
      'utf8',
    );
    const places: [RegExp, string][] = [
      [/"\/srv\/backups"/, JSON.stringify(world.store)],
      [/"\/etc\/holdfast\/credentials\/app-traitortrack-postgres-url"/, JSON.stringify(url)],
      [/services = .*/, `stop = "${script('stop')}"\nstart = "${script('start')}"`],
      [/url = "http.*/, `command = "${script('well')}"\ntimeout_seconds = 5`],
    ];
    const own = places.reduce((text, [place, with_]) => {
      expect(text).toMatch(place);
      return text.replace(place, () => with_);
    }, example);
    const top = `state_directory = ${JSON.stringify(world.state)}\nrun_directory = ${JSON.stringify(join(world.home, 'run'))}\n`;
    writeFileSync(world.config, `clock = "trusted"\n${top}${own}`);
  }

  /** What its units would do: the app goes, and comes again. */
  function script(what: 'stop' | 'start' | 'well'): string {
    const path = join(world.home, what);
    const app = join(import.meta.dirname, '../support/traitortrack-app.ts');
    const variables = `PGHOST=${server.directory} PGPORT=${server.port} PGUSER=${name} PGDATABASE=${name}`;
    const lines = {
      stop: `kill $(cat ${world.home}/pid); while kill -0 $(cat ${world.home}/pid) 2> /dev/null; do sleep 0.02; done`,
      start: `${variables} setsid ${process.execPath} ${app} > ${world.home}/scanned 2>&1 < /dev/null & echo $! > ${world.home}/pid`,
      well: `grep -q scanned ${world.home}/scanned`,
    };
    writeFileSync(path, `#!/bin/sh\n${lines[what]}\n`, { mode: 0o755 });
    return path;
  }

  function startApp(): void {
    execFileSync(join(world.home, 'start'), { stdio: 'ignore' });
    apps.push(pidOfApp());
  }

  const pidOfApp = () => Number(readFileSync(join(world.home, 'pid'), 'utf8'));
  const one = async (sql: string): Promise<Json> => (await server.sql(sql, name))[0];
  const scans = async () => (await one('select count(*)::int as n from scan')).n as number;
  const ofToday = async () =>
    (await one(`select count(*)::int as n from scan where location = 'gate of today'`)).n as number;
  const bags = async () => (await one('select count(*)::int as n from bag')).n as number;
  const dress = async () =>
    (
      await server.sql(`select pg_get_userbyid(datdba) as owner, datconnlimit as most, array(select acl::text from unnest(datacl) acl order by 1) as rights,
        (select setconfig::text from pg_db_role_setting where setdatabase = d.oid and setrole = 0) as settings
        from pg_database d where datname = '${name}'`)
    )[0];
  const databases = async () =>
    (await server.sql(`select datname from pg_database where datname ~ 'traitor|holdfast' order by 1`)).map(
      (row) => String(row.datname),
    );

  /** Runs a command, and sees whether what it or its children are called shows the password. */
  async function type(command: string, ...args: string[]): Promise<Json> {
    const shown = new Set<string>();
    const looking = setInterval(() => {
      for (const line of commandLines())
        if (line.includes(password) || line.includes(encodeURIComponent(password))) shown.add(line);
    }, 20);
    const ended = await world.run(command, [...args, '--json']);
    clearInterval(looking);
    expect([...shown]).toEqual([]);
    for (const text of [ended.stdout, ended.stderr]) {
      expect(text).not.toContain(password);
      expect(text).not.toContain(encodeURIComponent(password));
    }
    return { ...ended, json: ended.stdout === '' ? undefined : JSON.parse(ended.stdout) };
  }

  test('at 02:05 its night leaves a proven dump, beside the app at work', async () => {
    expect((await type('db-backup', 'test')).exitCode).toBe(0);
    startApp();
    const { exitCode, json } = await type('db-backup', 'run');
    expect(exitCode).toBe(0);
    expect(json.result.apps[0].value).toMatchObject({ integrity: 'full', tables: 10, suspect: [] });
    const [backup = '', manifest = ''] = world.stored();
    const listed = execFileSync(join(postgresPrograms() ?? '', 'pg_restore'), [
      '--list',
      join(world.store, backup),
    ]);
    expect(listed.toString()).toContain('TABLE DATA public scan traitortrack');
    const { postgres } = JSON.parse(readFileSync(join(world.store, manifest), 'utf8'));
    expect(postgres.roles).toEqual([
      'CREATE ROLE reports NOLOGIN;',
      'CREATE ROLE traitortrack CREATEDB LOGIN;',
    ]);
    expect(await ofToday()).toBeGreaterThan(0);
    expect(await databases()).toEqual([name]);
  });

  test('by hand a person restores it without Holdfast', async () => {
    const [backup = ''] = world.stored();
    await server.sql('create database by_hand template template0');
    const where = ['-h', server.directory, '-p', String(server.port), '-U', 'postgres', '-d', 'by_hand'];
    execFileSync(join(postgresPrograms() ?? '', 'pg_restore'), [...where, join(world.store, backup)]);
    expect(await server.sql('select count(*)::int as n from bag', 'by_hand')).toEqual([{ n: 2000 }]);
    await server.sql('drop database by_hand');
  });

  test('when its pool fills up it is told at 70, 85 and 95 per cent', async () => {
    const verdict = async () => {
      const { json } = await type('health-check', 'run');
      const checks = json.result.checks as { check: string; verdict: string; message: string }[];
      return checks.find(({ check }) => check === 'postgres-connections');
    };
    expect(await verdict()).toMatchObject({ verdict: 'ok' });
    const taken = [];
    for (const [upTo, is, words] of [
      [12, 'warning', /7\d% /],
      [15, 'critical', /8\d% /],
      [17, 'critical', /100% taken, nobody gets in/],
    ] as const) {
      while (taken.length < upTo) taken.push(await server.connect({ user: name, database: name }));
      expect(await verdict()).toMatchObject({ verdict: is, message: expect.stringMatching(words) as string });
    }
    await Promise.all(taken.map((client) => client.end()));
  });

  test('at noon somebody deletes half of it: the night calls that suspect, and the state before comes back beside an app that never lets go', async () => {
    const before = { dress: await dress(), bags: await bags() };
    await server.sql(`set role traitortrack; delete from link; delete from scan where id % 2 = 0`, name);
    const night = await type('db-backup', 'run');
    expect(night.exitCode).toBe(1);
    expect(night.json.result.apps[0].value.suspect.join()).toContain('table link is empty');
    // What its services do not stop: it reconnects in a tight loop, and would be in the way of a rename.
    const stranger = spawn(process.execPath, [join(import.meta.dirname, '../support/traitortrack-app.ts')], {
      env: {
        ...process.env,
        PGHOST: server.directory,
        PGPORT: String(server.port),
        PGUSER: name,
        PGDATABASE: name,
      },
      stdio: 'ignore',
    });
    apps.push(stranger.pid ?? 0);
    const { exitCode, json } = await type('restore', 'run', 'latest', '--yes');
    apps.push(pidOfApp());
    expect(exitCode).toBe(0);
    expect(json.result).toMatchObject({
      is_in_place: true,
      replaced: { health: 'well', previous: 'whole', not_carried: [] },
    });
    expect((await one('select count(*)::int as n from link')).n).toBeGreaterThan(1000);
    expect({ dress: await dress(), bags: await bags() }).toEqual(before);
    const at = await scans();
    while ((await scans()) === at) await new Promise(setImmediate);
    stranger.kill('SIGTERM');
    await new Promise((done) => stranger.once('close', done));
  });

  test('killed in the middle of a restore, the one in place is whole, and the next command says and settles it', async () => {
    const at = await bags();
    let isKilled = false;
    const looking = async (pid: number) => {
      while (!isKilled) {
        const made = (await databases()).some((each) => each.startsWith('holdfast_new'));
        if (made) {
          process.kill(pid, 'SIGKILL');
          isKilled = true;
        }
      }
    };
    let watch: Promise<void> | undefined;
    const ended = await world.run('restore', ['run', 'latest', '--yes'], {
      onStart(pid) {
        watch = looking(pid);
      },
    });
    isKilled = true;
    await watch;
    expect(ended.signal).toBe('SIGKILL');
    expect(await bags()).toBe(at);
    const status = await type('restore', 'status');
    expect([status.exitCode, status.json.result.apps[0].value.interrupted.join()]).toEqual([
      1,
      expect.stringContaining('holdfast_new'),
    ]);
    expect((await type('restore', 'undo', '--discard', '--yes')).exitCode).toBe(0);
    expect((await databases()).filter((each) => each.startsWith('holdfast_new'))).toEqual([]);
  });

  test('in the evening the day is wanted after all: undo, and that can be undone as well', async () => {
    expect((await type('restore', 'undo', '--yes')).exitCode).toBe(0);
    apps.push(pidOfApp());
    expect((await one('select count(*)::int as n from link')).n).toBe(0);
    expect((await type('restore', 'undo', '--yes')).exitCode).toBe(0);
    apps.push(pidOfApp());
    expect((await one('select count(*)::int as n from link')).n).toBeGreaterThan(1000);
  });

  test('a new version hides rows from its role, or relies on a search path: a word the first night, and no smaller dump', async () => {
    const dumps = () => world.stored().filter((each) => each.endsWith('.dump')).length;
    const had = dumps();
    await server.sql(
      `set role traitortrack; alter table bill enable row level security; alter table bill force row level security`,
      name,
    );
    const hidden = await type('db-backup', 'run');
    expect([hidden.exitCode, hidden.stderr, dumps()]).toEqual([
      77,
      expect.stringContaining('bypassrls'),
      had,
    ]);
    await server.sql(
      `set role traitortrack; alter table bill disable row level security; alter table bill no force row level security;
      create function open_bags() returns bigint language sql immutable as 'select count(*) from bag';
      create index on bill ((open_bags()))`,
      name,
    );
    const odd = await type('db-backup', 'run');
    expect([odd.exitCode, dumps()]).toEqual([1, had + 1]);
    expect(odd.json.result.apps[0].value.suspect.join()).toContain('set search_path');
  });
});

/** Of every process, as `ps` shows it. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((each) => /^\d+$/.test(each))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return []; // it has ended
      }
    });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}
