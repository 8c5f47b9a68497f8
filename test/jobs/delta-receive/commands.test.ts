// The commands of delta-receive as an operator types them, on a replica in a SQLite file beside a service or without one.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { arrivingBatch } from '../../../jobs/delta-receive/steps/arriving-batch.ts';
import { serve } from '../../../jobs/delta-receive/run.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import { openReplica } from '../../../lib/run/open-replica.ts';
import { HostedService } from '../../support/service-host.ts';
import { batchFile, epoch, sha256Of } from '../../support/receiver-world.ts';
import { TypedWorld } from '../../support/typed-world.ts';

const dayed = {
  name: 'DAY',
  columns: [
    { name: 'date', declared: 'TEXT', notNull: true },
    { name: 'note', declared: 'TEXT', notNull: false },
  ],
  key: ['date'],
  identity: 'primary',
} as const;

function world(replica = '', rules = '[replicas.tt.tables.DAY]\nday = "date"'): TypedWorld {
  const made = new TypedWorld();
  const files = `certificate = "${join(made.home, 'tls/c.pem')}"\nprivate_key = "${join(made.home, 'tls/k.pem')}"`;
  made.configure({
    apps: `[receive]\nlisten = "127.0.0.1:1"\n${files}\n[replicas.tt]\ndatabase = "${join(made.home, 'tt.db')}"\nsources = ["laptop-1"]\n${replica}\n${rules}\n`,
  });
  return made;
}

/** A batch of a row for each of the days, as the service would take it. */
async function receive(
  made: TypedWorld,
  batchNo: number,
  days: readonly (string | null)[],
  note = 'from the laptop',
) {
  const config = loadConfig({ path: made.config, environment: {} });
  const [replica] = config.replicas;
  if (replica === undefined) throw new Error('no replica');
  const open = await openReplica(replica, { clock: made.clock, signal: new AbortController().signal });
  try {
    const state = await open.state('laptop-1');
    const lines = days.map((day) => JSON.stringify([0, day, note]));
    const file = batchFile(
      days.length,
      {
        tables: [dayed],
        batchNo,
        heldNonce: state.nonce,
        lineage: `${batchNo}-${'a'.repeat(16)}-${'b'.repeat(16)}`,
        heldLineage: state.lineage,
        takenAt: made.clock.now().toISOString(),
      },
      () => lines.shift() ?? '',
    );
    const path = join(made.home, `batch-${batchNo}`);
    writeFileSync(path, file);
    await open.offer('laptop-1', [dayed]);
    const name = { epoch, batchNo, sizeBytes: file.length, sha256: sha256Of(file) };
    return await open.apply(await arrivingBatch(path, 'laptop-1', name));
  } finally {
    await open.close();
  }
}

const result = ({ stdout }: { stdout: string }) =>
  (JSON.parse(stdout) as { result: Record<string, unknown> }).result;

describe('a key', () => {
  test('is shown once, kept as a hash, listed and revoked', async () => {
    await using made = world();
    const added = await made.run('delta-receive', ['key', 'add', 'laptop-1']);
    expect(added.exitCode).toBe(0);
    const key = /hfd_[A-Za-z0-9]{40}/.exec(added.stdout)?.[0] ?? 'none';
    expect(key).not.toBe('none');
    const file = join(made.state, 'receive/keys.json');
    expect(readFileSync(file, 'utf8')).not.toContain(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await made.run('delta-receive', ['key', 'add', 'laptop-1']);
    expect(again).toMatchObject({ exitCode: 73, stderr: expect.stringContaining('it has one') as string });
    const listed = await made.run('delta-receive', ['key', 'list']);
    expect(listed.stdout).toMatch(/laptop-1 +taken +\S+ +tt/);
    expect(listed.stdout + added.stderr + again.stderr).not.toContain(key);
    expect((await made.run('delta-receive', ['key', 'revoke', 'laptop-1'])).exitCode).toBe(0);
    expect((await made.run('delta-receive', ['key', 'list'])).stdout).toMatch(/laptop-1 +revoked/);
    expect((await made.run('delta-receive', ['key', 'revoke', 'laptop-1'])).exitCode).toBe(66);
  });

  test('of a source that feeds nothing is told', async () => {
    await using made = world();
    const added = await made.run('delta-receive', ['key', 'add', 'laptop-2']);
    expect(added).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('feeds no replica') as string,
    });
  });

  test.each([
    [['key', 'add'], 64],
    [['key', 'add', '../x'], 64],
    [['key', 'rovoke', 'laptop-1'], 64],
    [['key', 'revoke', 'laptop-1'], 66],
    [['held', 'aply'], 64],
    [['held', '--for', 'fun'], 64],
    [['freeze', '2026-02-30'], 64],
    [['status', '--replica', 'tx'], 64],
    [['correct', 'nothing.sql'], 66],
  ])('%j is refused with %i', async (args, exitCode) => {
    await using made = world();
    expect(await made.run('delta-receive', args)).toMatchObject({ exitCode });
    expect(existsSync(join(made.state, 'receive/keys.json'))).toBe(false);
  });
});

test('whoever looks before anything has arrived makes no replica, which might be of another user than the service', async () => {
  await using made = world();
  expect((await made.run('delta-receive', ['status'])).stdout).toContain('tt: no tables yet');
  for (const args of [['frozen'], ['held'], ['approve'], ['freeze', '2026-11-26']])
    expect(await made.run('delta-receive', args)).toMatchObject({
      exitCode: 66,
      stderr: expect.stringContaining('nothing has arrived yet') as string,
    });
  expect(existsSync(join(made.home, 'tt.db'))).toBe(false);
});

test('a certificate is made once, and stays until it is forced', async () => {
  await using made = world();
  const first = await made.run('delta-receive', ['cert', '--name', 'reports.lan,192.168.1.9']);
  expect(first.exitCode, first.stderr).toBe(0);
  const pin = /sha256:[0-9a-f]{64}/.exec(first.stdout)?.[0] ?? 'none';
  expect(statSync(join(made.home, 'tls/k.pem')).mode & 0o777).toBe(0o600);
  const second = await made.run('delta-receive', ['cert']);
  expect(second.stdout).toContain(pin);
  expect(second.stdout).toContain('stays');
  const forced = await made.run('delta-receive', ['cert', '--force']);
  expect(forced.stdout).toMatch(/sha256:[0-9a-f]{64}/);
  expect(forced.stdout).not.toContain(pin);
});

test('a day is frozen, what would change it is held, and to reopen it takes that in', async () => {
  await using made = world();
  await receive(made, 1, ['2026-11-26', '2026-11-27']);
  const frozen = await made.run('delta-receive', [
    'freeze',
    '2026-11-26',
    '--by',
    'kim',
    '--reason',
    'reported',
  ]);
  expect(frozen, frozen.stderr).toMatchObject({ exitCode: 0 });
  expect((await made.run('delta-receive', ['frozen'])).stdout).toMatch(/2026-11-26 .* by kim: reported/);
  const taken = await receive(made, 2, ['2026-11-26', '2026-11-27'], 'changed');
  expect(taken).toMatchObject({ applied: { upserts: 1 }, held: { 'frozen-day': 1 } });
  expect((await made.run('delta-receive', ['held'])).stdout).toMatch(
    /DAY +\["2026-11-26"\] +2026-11-26 +frozen-day/,
  );
  const status = result(await made.run('delta-receive', ['status', '--json']));
  expect(status).toMatchObject({
    running: false,
    interval: null,
    total_syncs: 2,
    successful_syncs: 2,
    failed_syncs: 0,
    held: { 'frozen-day': 1 },
    quarantined: 0,
    replicas: [
      {
        replica: 'tt',
        tables: [{ table: 'DAY', rows: 2, state: 'live' }],
        sources: [{ source: 'laptop-1', batch_no: 2 }],
      },
    ],
  });
  const sql = join(made.home, 'fix.sql');
  writeFileSync(sql, `UPDATE DAY SET note = 'by staff' WHERE date = '2026-11-27'`);
  const corrected = await made.run('delta-receive', [
    'correct',
    sql,
    '--by',
    'kim',
    '--reason',
    'typing mistake',
  ]);
  expect(corrected, corrected.stderr).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('1 row of tt') as string,
  });
  const reopened = await made.run('delta-receive', ['reopen', '2026-11-26']);
  expect(reopened, reopened.stderr).toMatchObject({ exitCode: 0 });
  expect(reopened.stdout).toContain('1 held change taken in');
  expect((await made.run('delta-receive', ['held', 'list'])).stdout).toContain('nothing is held');
});

test('what waits for approval is approved, and what is held is forgotten, when a person says so', async () => {
  await using made = world('schema = "approve"');
  await receive(made, 1, ['2026-11-26']);
  expect((await made.run('delta-receive', ['approve'])).stdout).toContain('approved: DAY');
  expect((await made.run('delta-receive', ['approve'])).stdout).toContain('nothing waits');
  await receive(made, 2, ['2026-11-26', 'no day']);
  expect((await made.run('delta-receive', ['held', '--for', 'no-day'])).stdout).toContain('no-day');
  expect((await made.run('delta-receive', ['held', 'discard', '--for', 'no-day'])).stdout).toContain(
    '1 change forgotten',
  );
  expect((await made.run('delta-receive', ['held', 'apply'])).exitCode).toBe(0);
});

test('why a change is held is said below it', async () => {
  await using made = world('', '');
  await receive(made, 1, ['2026-11-26', null]);
  expect((await made.run('delta-receive', ['held'])).stdout).toMatch(
    /\nDAY .* unfit .*\n {2}its key is NULL\n$/,
  );
});

test.each([
  [['held', '--table', 'DAI'], 'cannot find the table "DAI": the replica has DAY; did you mean DAY?'],
  [['held', 'discard', '--table', 'nope'], 'cannot find the table "nope": the replica has DAY'],
  [['approve', 'nope'], 'cannot find the table "nope": the replica has DAY'],
])('%j names what there is', async (args, message) => {
  await using made = world();
  await receive(made, 1, ['2026-11-26']);
  expect(await made.run('delta-receive', args)).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining(message) as string,
  });
});

test('of more than can be read it is said that there are more', async () => {
  await using made = world();
  await receive(
    made,
    1,
    Array.from({ length: 1001 }, (_, day) => `no day ${day}`),
  );
  expect((await made.run('delta-receive', ['held'])).stdout).toMatch(/\nmore than 1000 are held: .*--for/);
  const cut = result(await made.run('delta-receive', ['held', '--json']));
  expect([cut.is_cut, (cut.held as unknown[]).length]).toEqual([true, 1000]);
  await made.run('delta-receive', ['held', 'discard']);
  expect(result(await made.run('delta-receive', ['held', '--json']))).toMatchObject({
    is_cut: false,
    held: [],
  });
});

describe('rows are corrected by what is piped in', () => {
  const correct = async (input: string | Buffer) => {
    const made = world();
    onTestFinished(() => made[Symbol.asyncDispose]());
    await receive(made, 1, ['2026-11-26']);
    return made.run('delta-receive', ['correct', '-', '--by', 'kim'], { input });
  };

  test('as by a file', async () => {
    expect(await correct("UPDATE DAY SET note = 'by staff'")).toMatchObject({
      exitCode: 0,
      stdout: '1 row of tt corrected\n',
    });
  });

  test.each<[string, string | Buffer, number, RegExp]>([
    ['nothing', '', 64, /cannot correct rows: .* no statement/],
    ['a remark', '-- later\n', 64, /cannot correct rows: .* no statement/],
    ['no SQL', 'hello', 64, /cannot correct rows/],
    ['bytes', Buffer.from([0xff]), 65, /the statements on the standard input: they are not UTF-8/],
    ['too much', Buffer.alloc(4 * 1024 * 1024 + 1), 65, /the standard input: it is larger than/],
  ])('and not by %s', async (_, input, exitCode, stderr) => {
    expect(await correct(input)).toMatchObject({ exitCode, stderr: expect.stringMatching(stderr) as string });
  });
});

test('without [receive] or [replicas] it says what is missing', async () => {
  await using made = new TypedWorld();
  made.configure();
  for (const args of [['status'], ['cert'], ['frozen']])
    expect(await made.run('delta-receive', args)).toMatchObject({ exitCode: 78 });
});

test('the service is ready when it listens, excludes a second one, and stops when it is told to', async () => {
  await using hosted = new HostedService();
  const { world: made } = hosted;
  const port = await freePort();
  made.configure({
    apps: `[receive]\nlisten = "127.0.0.1:${port}"\n[replicas.tt]\ndatabase = "${join(made.home, 'tt.db')}"\nsources = ["laptop-1"]\n`,
  });
  const started = await hosted.start({ graceMs: 1000, serve: (context, ready) => serve(context, ready, {}) });
  while (!hosted.said.includes('told: well')) await new Promise((resolve) => setImmediate(resolve));
  expect(hosted.said).toEqual([`ready: listening on 127.0.0.1:${port}`, 'told: well']);
  expect(await (await fetch(`http://127.0.0.1:${port}/health`)).json()).toMatchObject({ ok: true });
  expect(hosted.log).toContain('no source has a key yet');
  const second = new HostedService();
  second.world.configure({ apps: '' });
  writeFileSync(second.world.config, readFileSync(made.config, 'utf8'));
  const refused = await second.start({ graceMs: 1000, serve: (context, ready) => serve(context, ready, {}) });
  expect(await refused.exitCode).toBe(75);
  await second[Symbol.asyncDispose]();
  await hosted.tellToStop();
  expect(await started.exitCode, hosted.log).toBe(0);
});

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
