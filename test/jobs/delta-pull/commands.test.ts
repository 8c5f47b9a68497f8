// The commands of delta-pull as an operator types them: what they say, what they refuse, and which command helps then.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pullNotes, type SyncStatus } from '../../../jobs/delta-pull/steps/pull-status.ts';
import { readerKey, startMaster } from '../../support/sync-master.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import type { World } from '../../support/world.ts';

interface Following {
  readonly world: TypedWorld;
  /** Writes the configuration: `[pulls.herd]` of that master with further lines. */
  configure(lines?: string, more?: string): void;
}

function following(from = 'https://127.0.0.1:1'): Following {
  const world = new TypedWorld();
  onTestFinished(() => world[Symbol.asyncDispose]());
  writeFileSync(join(world.home, 'key'), readerKey, { mode: 0o600 });
  const configure = (lines = `key_file = "${join(world.home, 'key')}"`, more = '') =>
    world.configure({
      apps: `[pulls.herd]\nfrom = "${from}"\nreplica = "${join(world.home, 'replica.db')}"\n${lines}\n${more}`,
    });
  configure();
  return { world, configure };
}

async function master(tls: boolean) {
  const directory = join(following().world.home, 'master');
  mkdirSync(directory);
  const started = await startMaster(directory, { tls });
  onTestFinished(() => started[Symbol.asyncDispose]());
  return started;
}

const left: SyncStatus = {
  running: true,
  sync_interval: 10,
  last_sync_time: null,
  total_syncs: 3,
  successful_syncs: 1,
  failed_syncs: 2,
  total_records_synced: 5,
  last_change_time: null,
  last_full_sync_time: null,
  age: null,
  master: 'https://herd.lan:5001',
  error: null,
};

const ages: [string, Partial<SyncStatus> & { agoMs?: number }, number, RegExp][] = [
  ['young', { agoMs: 0 }, 0, /as the master was +2\d{3}[^]*looks +3, of which 2 failed\n$/],
  [
    'old, for the master is away',
    { agoMs: 86_400_000, error: 'no answer within 30 s' },
    1,
    /WARNING: herd: it is (24 h|1 d).* old: no answer within 30 s\n +hint: systemctl status delta-pull@herd/,
  ],
  ['old, for nobody keeps it', { agoMs: 86_400_000, running: false }, 1, /old: its service has stopped/],
  [
    'that was never made',
    { error: 'no answer within 30 s' },
    1,
    /it was never as the master is: no answer within 30 s/,
  ],
];

test.each(ages)('status of a replica that is %s', async (_, { agoMs, ...status }, exitCode, words) => {
  const { world } = following();
  const at = agoMs === undefined ? null : new Date(world.clock.now().getTime() - agoMs).toISOString();
  await pullNotes(join(world.home, 'run'), 'herd').writeStatus({ ...left, ...status, last_sync_time: at });
  const ended = await world.run('delta-pull', ['status']);
  expect(ended.stdout).toMatch(words);
  expect(ended.exitCode).toBe(exitCode);
});

test('status where no service keeps it says how one is started', async () => {
  const { exitCode, stdout } = await following().world.run('delta-pull', ['status']);
  expect(stdout).toMatch(
    /WARNING: herd: no service keeps this replica\n +hint: systemctl start delta-pull@herd/,
  );
  expect(exitCode).toBe(1);
});

test('status of several shows all, and of each what is wrong', async () => {
  const { world, configure } = following();
  configure(
    undefined,
    `[pulls.other]\nfrom = "http://127.0.0.1:2"\nreplica = "${join(world.home, 'other.db')}"\n`,
  );
  const { stdout } = await world.run('delta-pull', ['status']);
  expect(stdout).toMatch(/herd: no service[^]*other: no service/);
});

test.each(['once', 'resync', 'fingerprint', 'status'])(
  '%s where no master is named says where to write one',
  async (command) => {
    const { world } = following();
    world.configure();
    const { exitCode, stderr } = await world.run('delta-pull', [command]);
    expect(stderr).toMatch(/names no master[^]*write \[pulls\.<name>\] with from and replica/);
    expect(exitCode).toBe(78);
  },
);

test.each(['once', 'resync', 'fingerprint'])(
  '%s of one of several needs its name, and of none tells those there are',
  async (command) => {
    const { world, configure } = following();
    configure(
      undefined,
      `[pulls.other]\nfrom = "https://127.0.0.1:2"\nreplica = "${join(world.home, 'other.db')}"\n`,
    );
    expect(await world.run('delta-pull', [command])).toMatchObject({
      exitCode: 64,
      stderr: expect.stringMatching(/there are several[^]*name one of herd, other/) as string,
    });
    expect(await world.run('delta-pull', [command, 'hard'])).toMatchObject({
      exitCode: 64,
      stderr: expect.stringMatching(/cannot find the replica "hard"[^]*there is herd, other/) as string,
    });
  },
);

const unable: [string, (world: World) => string, Record<string, string>, number, RegExp][] = [
  [
    'without a key',
    () => '',
    {},
    78,
    /there is no key for it[^]*key_file, or set PI_API_KEY; delta-serve key makes one/,
  ],
  ['with a key that is gone', ({ home }) => `key_file = "${home}/none"`, {}, 66, /none/],
  [
    'of a certificate that nobody vouches for',
    ({ home }) => `key_file = "${home}/key"`,
    {},
    73,
    /nobody whom this machine trusts vouches for it[^]*pin its certificate: delta-pull fingerprint/,
  ],
  [
    'of another certificate',
    ({ home }) => `key_file = "${home}/key"\npin = "sha256:${'0'.repeat(64)}"`,
    {},
    73,
    /another certificate than the pinned one: sha256:[0-9a-f]{64}[^]*delta-serve status there/,
  ],
  [
    'with a key that the master does not know',
    ({ home }) => `key_file = "${home}/other"\npin = "PIN"`,
    {},
    77,
    /does not take our key[^]*delta-serve key makes one there/,
  ],
];

test.each(unable)(
  'once %s takes nothing in, and says what helps',
  async (_, lines, environment, exitCode, words) => {
    const started = await master(true);
    const { world, configure } = following(started.url);
    writeFileSync(join(world.home, 'other'), `hxb_${'z'.repeat(40)}`, { mode: 0o600 });
    configure(lines(world).replace('PIN', `sha256:${started.fingerprint}`));
    const ended = await world.run('delta-pull', ['once'], { environment });
    expect(ended.stderr).toMatch(words);
    expect(ended.exitCode).toBe(exitCode);
    expect(started.asked.filter((path) => path.startsWith('/api/sync'))).toEqual([]);
  },
);

test('a key that others may read is refused', async () => {
  const { world } = following();
  chmodSync(join(world.home, 'key'), 0o644);
  const { exitCode, stderr } = await world.run('delta-pull', ['once']);
  expect(stderr).toMatch(/chmod 600/);
  expect(exitCode).not.toBe(0);
});

test('fingerprint shows what is to be pinned, and whether it is', async () => {
  const started = await master(true);
  const { world, configure } = following(started.url);
  const shown = await world.run('delta-pull', ['fingerprint', 'herd']);
  expect(shown).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(
      /^sha256:\S{64}\ncompare it with what the master says itself: delta-serve status there/,
    ) as string,
  });
  configure(`pin = "${shown.stdout.split('\n')[0]}"`);
  expect((await world.run('delta-pull', ['fingerprint'])).stdout).toContain('it is the one that is pinned');
});

test('fingerprint of who is asked without TLS, or away, says so', async () => {
  const plain = following('http://127.0.0.1:1');
  expect(await plain.world.run('delta-pull', ['fingerprint'])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('it is asked without one') as string,
  });
  expect(await following().world.run('delta-pull', ['fingerprint'])).toMatchObject({
    exitCode: 69,
    stderr: expect.stringContaining('cannot reach https://127.0.0.1:1') as string,
  });
});

test('resync where no service runs takes all of it itself', async () => {
  const started = await master(false);
  started.run('INSERT INTO batches (id) VALUES (1), (2)');
  const { world } = following(started.url);
  expect((await world.run('delta-pull', ['once'])).exitCode).toBe(0);
  expect(await world.run('delta-pull', ['resync'])).toMatchObject({
    exitCode: 0,
    stdout: 'herd: took all of it, 2 rows\n',
  });
});
