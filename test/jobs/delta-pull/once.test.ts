// A replica is what its master is, whatever happens between two looks; what is no master changes nothing.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLive } from '../../../lib/sqlite/open.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { readerKey, startMaster, type SyncMasterOptions } from '../../support/sync-master.ts';
import { TypedWorld } from '../../support/typed-world.ts';

async function following(options: SyncMasterOptions & { pull?: string } = {}) {
  const world = new TypedWorld();
  const directory = join(world.home, 'master');
  mkdirSync(directory);
  const master = await startMaster(directory, options);
  onTestFinished(async () => {
    await master[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });
  const replica = join(world.home, 'replica.db');
  const follow = (from: string, more = options.pull ?? '') => {
    const lines = [`state_directory = "${world.state}"`, `run_directory = "${join(world.home, 'run')}"`];
    const pull = ['[pulls.herd]', `from = "${from}"`, `replica = "${replica}"`, 'timeout_seconds = 5', more];
    writeFileSync(world.config, [...lines, ...pull].join('\n'));
  };
  const pin = master.fingerprint === undefined ? '' : `pin = "sha256:${master.fingerprint}"`;
  follow(master.url, options.pull ?? pin);
  const pull = (command = 'once', key = readerKey) =>
    world.run('delta-pull', [command], { environment: { PI_API_KEY: key } });
  const rows = (sql = 'SELECT id FROM batches ORDER BY id') => {
    const reader = openLive(replica);
    try {
      return reader.prepare(sql).pluck().all();
    } finally {
      reader.close();
    }
  };
  return { world, master, replica, follow, pull, rows };
}

test.each([false, true])('the first look takes all, the next ones what changed (TLS: %s)', async (tls) => {
  const { master, pull, rows } = await following({ tls });
  master.run(
    "INSERT INTO batches VALUES (1, 'B1', '2024-01-15', '2024-01-15 10:30:00.000000'), (2, 'B2', NULL, NULL)",
  );
  expect(await pull()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('2 rows') });
  master.run('DELETE FROM batches WHERE id = 1; INSERT INTO batches (id) VALUES (3)');
  expect(await pull()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('2 changes') });
  expect(rows()).toEqual([2, 3]);
  expect(await pull()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nothing has changed') });
});

test('more than one page arrives in one transaction', async () => {
  const { master, pull, rows } = await following();
  await pull();
  master.run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
    INSERT INTO cattle (id, notes) SELECT i, 'n' FROM n`);
  expect(await pull()).toMatchObject({ stdout: expect.stringContaining('12,000 changes') });
  expect(rows('SELECT count(*) FROM cattle')).toEqual([12000]);
});

test('of a long backlog only the first page is held in memory', async () => {
  let spooled: string[] = [];
  const { world, master, pull, rows } = await following({
    before: () => {
      const scratches = join(world.state, 'scratch');
      if (existsSync(scratches)) spooled = readdirSync(scratches, { recursive: true }).map(String);
    },
  });
  await pull();
  master.run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 22000)
    INSERT INTO cattle (id) SELECT i FROM n`);
  await pull();
  // As the fifth page is asked for, three lie there.
  expect(spooled.filter((name) => name.includes('changes-'))).toHaveLength(3);
  expect(rows('SELECT count(*) FROM cattle')).toEqual([22000]);
});

test('an answer larger than memory takes goes through a file, and leaves none behind', async () => {
  const { world, master, pull, rows } = await following();
  master.run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO cattle (id, notes) SELECT i, hex(randomblob(500)) FROM n`);
  expect(await pull()).toMatchObject({ exitCode: 0 });
  expect(rows('SELECT count(*) FROM cattle')).toEqual([3000]);
  expect(readdirSync(join(world.state, 'scratch'))).toEqual([]);
});

test('a master that is away changes nothing', async () => {
  const { master, pull, rows } = await following();
  master.run('INSERT INTO batches (id) VALUES (1)');
  await pull();
  await master.stop();
  expect(await pull()).toMatchObject({ exitCode: 69, stderr: expect.stringContaining('ECONNREFUSED') });
  expect(rows()).toEqual([1]);
  await master.start();
  master.run('INSERT INTO batches (id) VALUES (2)');
  expect(await pull()).toMatchObject({ exitCode: 0 });
  expect(rows()).toEqual([1, 2]);
});

const strangers: [string, RequestListener][] = [
  [
    'a login page that answers 200',
    (_, response) => response.setHeader('content-type', 'text/html').end('<form>'),
  ],
  [
    'one that says JSON and is none',
    (_, response) => response.setHeader('content-type', 'application/json').end('<'),
  ],
  [
    'one with JSON of its own',
    (_, response) => response.setHeader('content-type', 'application/json').end('{"ok":true}'),
  ],
  [
    'lines that end too early',
    (request, response) => {
      response.setHeader('content-type', 'application/x-ndjson');
      response.end(
        '{"format":"holdfast-rows","version":1,"kind":"all","schema_version":"v","tables":[],"full_only":[]}\n',
      );
      void request;
    },
  ],
  [
    'lines of which some are missing',
    (_, response) => {
      const header = {
        format: 'holdfast-rows',
        version: 1,
        kind: 'all',
        schema_version: 'v',
        tables: [],
        full_only: [],
      };
      const end = { end: true, changes: 3, cursor: `1.${'0'.repeat(32)}`, has_more: false };
      response
        .setHeader('content-type', 'application/x-ndjson')
        .end(`${JSON.stringify(header)}\n${JSON.stringify(end)}\n`);
    },
  ],
  [
    'lines of a format that nobody knows',
    (_, response) => {
      response
        .setHeader('content-type', 'application/x-ndjson')
        .end(
          '{"format":"holdfast-rows","version":2}\n{"end":true,"changes":0,"cursor":"1.00000000000000000000000000000000","has_more":false}\n',
        );
    },
  ],
  ['a redirect', (_, response) => response.writeHead(302, { location: 'https://login.example/' }).end()],
  ['an error', (_, response) => response.writeHead(502).end('bad gateway')],
  [
    'a connection that breaks',
    (_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson', 'content-length': '5000' });
      response.write('{"format"');
      setImmediate(() => response.destroy());
    },
  ],
  [
    'rows for a table of SQLite',
    (_, response) => {
      const table = {
        name: 'sqlite_sequence',
        columns: [{ name: 'a', declared: '', not_null: false }],
        key: ['a'],
        identity: 'primary',
      };
      const header = {
        format: 'holdfast-rows',
        version: 1,
        kind: 'all',
        schema_version: 'v',
        tables: [table],
        full_only: [],
      };
      const end = { end: true, changes: 0, cursor: `1.${'0'.repeat(32)}`, has_more: false };
      response
        .setHeader('content-type', 'application/x-ndjson')
        .end(`${JSON.stringify(header)}\n${JSON.stringify(end)}\n`);
    },
  ],
];

test.each(strangers)('%s is no master: the replica stays as it was', async (_, answer) => {
  const { master, follow, pull, rows } = await following();
  master.run('INSERT INTO batches (id) VALUES (1)');
  await pull();
  const stranger = createServer((request, response) => {
    if (request.method === 'POST') response.writeHead(404).end();
    else answer(request, response);
  });
  await once(stranger.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void stranger.close());
  follow(`http://127.0.0.1:${(stranger.address() as AddressInfo).port}`);
  for (const command of ['once', 'resync'])
    expect(await pull(command)).toMatchObject({
      exitCode: 69,
      stderr: expect.stringMatching(/cannot (pull|use)/),
    });
  expect(rows()).toEqual([1]);
});

test('a key that nobody knows is told as such, and one that was taken away takes its tokens with it', async () => {
  const { master, pull } = await following();
  expect(await pull('once', `hxb_${'x'.repeat(40)}`)).toMatchObject({ exitCode: 77 });
  expect(await pull()).toMatchObject({ exitCode: 0 });
  master.names.clear();
  expect(await pull()).toMatchObject({ exitCode: 77, stderr: expect.stringContaining('delta-serve key') });
});

test('another certificate than the pinned one is refused before the key is shown to it', async () => {
  const { master, pull, replica } = await following({ tls: true, pull: `pin = "${'ab'.repeat(32)}"` });
  expect(await pull()).toMatchObject({
    exitCode: 73,
    stderr: expect.stringContaining(master.fingerprint ?? ''),
  });
  expect(master.asked).toEqual([]);
  expect(existsSync(replica)).toBe(true);
});

test('without a pin a certificate that signed itself is not believed, and fingerprint shows it', async () => {
  const { master, pull } = await following({ tls: true, pull: '' });
  expect(await pull()).toMatchObject({
    exitCode: 73,
    stderr: expect.stringContaining('delta-pull fingerprint'),
  });
  expect(await pull('fingerprint')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(master.fingerprint ?? ''),
  });
  expect(master.asked).toEqual([]);
});

test.each([
  ['in its header', 0],
  ['behind its header', 100],
])('a replica that is damaged %s is made anew once it is taken away, as the hint says', async (_, from) => {
  const { master, pull, rows, replica } = await following();
  master.run('INSERT INTO batches (id) VALUES (1)');
  await pull();
  writeFileSync(replica, readFileSync(replica).fill(0xee, from));
  const said = await pull();
  expect(said).toMatchObject({ exitCode: 65, stderr: expect.stringContaining('rm -f ') });
  execFileSync('sh', ['-c', /rm -f .*/.exec(said.stderr)?.[0] ?? 'false']);
  expect(await pull()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('it is the first') });
  expect(rows()).toEqual([1]);
});

test('a directory that is not there is named, and made as the hint says', async () => {
  const { world, pull, replica } = await following();
  const moved = readFileSync(world.config, 'utf8').replace('/replica.db', '/srv/herd/replica.db');
  writeFileSync(world.config, moved);
  const said = await pull();
  expect(said).toMatchObject({ exitCode: 66, stderr: expect.stringContaining('its directory is not there') });
  execFileSync('sh', ['-c', /mkdir -p .*/.exec(said.stderr)?.[0] ?? 'false']);
  expect(await pull()).toMatchObject({ exitCode: 0 });
  expect(existsSync(replica)).toBe(false);
});

const isRoot = process.geteuid?.() === 0;

test.runIf(isRoot)(
  'what root makes by hand belongs to whose directory it is, as the service does',
  async () => {
    const { world, master, pull, replica } = await following();
    const directory = join(world.home, 'srv');
    mkdirSync(directory);
    chownSync(directory, 4242, 4243);
    const moved = readFileSync(world.config, 'utf8').replace(replica, join(directory, 'replica.db'));
    writeFileSync(world.config, moved);
    master.run('INSERT INTO batches (id) VALUES (1)');
    expect(await pull()).toMatchObject({ exitCode: 0 });
    expect(statSync(join(directory, 'replica.db'))).toMatchObject({ uid: 4242, gid: 4243 });
  },
);

test.runIf(isRoot)('who may only read the replica reads it, also while nothing keeps it', async () => {
  const { world, master, pull, replica, rows } = await following();
  master.run('INSERT INTO batches (id) VALUES (1)');
  await pull();
  chmodSync(world.home, 0o755);
  await asNobody(() => Promise.resolve(expect(rows()).toEqual([1])));
  expect(readdirSync(world.home).filter((name) => name.startsWith(basename(replica)))).toEqual([
    'replica.db',
  ]);
});

test('a forced resync takes all of it, also what was changed in the replica by hand', async () => {
  const { master, pull, rows } = await following();
  master.run('INSERT INTO batches (id) VALUES (1), (2)');
  await pull();
  expect(await pull('resync')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('2 rows') });
  expect(rows()).toEqual([1, 2]);
});

test('a master whose log was pruned, or whose tables changed, is taken anew', async () => {
  const { master, pull, rows } = await following();
  await pull();
  master.run('DELETE FROM _holdfast_log; INSERT INTO batches (id) VALUES (5)');
  expect(await pull()).toMatchObject({ stdout: expect.stringContaining('cannot tell what changed since') });
  expect(rows()).toEqual([5]);
});

test('the environment of HerdLinx is enough', async () => {
  const { world, master } = await following();
  master.run('INSERT INTO batches (id) VALUES (1)');
  const replica = join(world.home, 'theirs.db');
  const port = new URL(master.url).port;
  const environment = {
    HOLDFAST_CONFIG: '',
    HOLDFAST_STATE: world.state,
    HOLDFAST_RUN: join(world.home, 'run'),
    HOLDFAST_REPLICA: replica,
    REMOTE_PI_HOST: '127.0.0.1',
    REMOTE_PI_PORT: port,
    PI_API_KEY: readerKey,
    DB_SYNC_INTERVAL: '10',
    USE_SSL_FOR_PI: 'false',
    USE_SELF_SIGNED_CERT: 'false',
  };
  expect(await world.run('delta-pull', ['once'], { environment })).toMatchObject({ exitCode: 0 });
  expect(existsSync(replica)).toBe(true);
  // As it stands in theirs, remarks and all; without TLS nobody shows a certificate.
  const remarked = Object.entries(environment).map(([name, value]) => [
    name,
    `${value}  # MUST MATCH the Pi`,
  ]);
  const asTheirs = {
    ...Object.fromEntries(remarked.filter(([name = '']) => !name.startsWith('HOLDFAST'))),
    ...{ HOLDFAST_CONFIG: '', HOLDFAST_STATE: world.state, HOLDFAST_RUN: join(world.home, 'run') },
    ...{ HOLDFAST_REPLICA: replica, USE_SELF_SIGNED_CERT: 'True  # theirs has it on' },
  };
  expect(await world.run('delta-pull', ['once'], { environment: asTheirs })).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('nothing has changed'),
  });
  expect(
    await world.run('delta-pull', ['once'], { environment: { ...asTheirs, HOLDFAST_REPLICA: '' } }),
  ).toMatchObject({ exitCode: 0 });
  expect(existsSync(join(world.state, 'pull/herdlinx/replica.db'))).toBe(true);
  const unpinned = { ...environment, USE_SSL_FOR_PI: '', USE_SELF_SIGNED_CERT: 'True' };
  expect(await world.run('delta-pull', ['once'], { environment: unpinned })).toMatchObject({
    exitCode: 78,
    stderr: expect.stringContaining('HOLDFAST_PULL_PIN'),
  });
});
