// The service: it looks when its time has come, when it is told, and when a person asks for all of it; and says how it stands.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serve } from '../../../jobs/delta-pull/run.ts';
import { openLive, openOwn } from '../../../lib/sqlite/open.ts';
import { HostedService } from '../../support/service-host.ts';
import { readerKey, startMaster } from '../../support/sync-master.ts';
import { TypedWorld } from '../../support/typed-world.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** `isAway`: the master was looked at once, by hand, and is out of reach when the service starts. */
async function running({ isAway = false } = {}) {
  const hosted = new HostedService();
  const { world, time } = hosted;
  const directory = join(world.home, 'master');
  mkdirSync(directory);
  const master = await startMaster(directory);
  const replica = join(world.home, 'replica.db');
  const port = await freePort();
  const directories = [`state_directory = "${world.state}"`, `run_directory = "${join(world.home, 'run')}"`];
  const pull = ['[pulls.herd]', `from = "${master.url}"`, `replica = "${replica}"`, 'every_seconds = 10'];
  writeFileSync(world.config, [...directories, ...pull, `status = "127.0.0.1:${port}"`].join('\n'));
  const environment = { PI_API_KEY: readerKey };
  if (isAway) {
    await using typed = new TypedWorld();
    const seen = { ...environment, HOLDFAST_CONFIG: world.config };
    expect((await typed.run('delta-pull', ['once'], { environment: seen })).exitCode).toBe(0);
    await master.stop();
  }
  const { exitCode } = await hosted.start(
    { graceMs: 1000, serve: (context, ready) => serve(context, ready, { pull: undefined }) },
    { environment },
  );
  onTestFinished(async () => {
    await hosted.tellToStop();
    await exitCode;
    await master[Symbol.asyncDispose]();
    await hosted[Symbol.asyncDispose]();
  });
  const until = async (isSo: () => boolean) => {
    for (let turns = 0; !isSo(); turns += 1) {
      if (turns > 200_000) throw new Error(`it does not come: ${hosted.log}`);
      await new Promise(setImmediate);
    }
  };
  const ids = () => {
    if (!existsSync(replica)) return undefined;
    const reader = openLive(replica);
    try {
      return String(
        reader.prepare('SELECT group_concat(id) FROM (SELECT id FROM batches ORDER BY id)').pluck().get(),
      );
    } catch {
      return undefined; // before its first sync
    } finally {
      reader.close();
    }
  };
  const looks = () => master.asked.filter((path) => /changes|export/.test(path)).length;
  const status = async () =>
    (await (await fetch(`http://127.0.0.1:${port}/office/api/sync-status`)).json()) as Record<
      string,
      unknown
    >;
  /** Until its pauses are waited for: the short one, and the one that an announcement ends. */
  const pass = async (ms: number) => {
    await until(() => time.waiting() > 0);
    await time.pass(ms);
  };
  /** As often as it takes: what answers from outside takes as many turns as the machine is busy. */
  const passUntil = async (ms: number, isSo: () => boolean) => {
    for (let turns = 0; !isSo(); turns += 1) {
      if (turns > 200_000) throw new Error(`it does not come: ${hosted.log}`);
      await pass(ms);
    }
  };
  return { hosted, master, until, ids, looks, status, pass, passUntil, world, environment, replica };
}

test('it looks at once, then when its time has come, and says how it stands', async () => {
  const { master, until, ids, looks, status, pass, passUntil, hosted } = await running();
  await until(() => ids() !== undefined);
  master.run('INSERT INTO batches (id) VALUES (1)');
  await pass(200);
  await passUntil(10_000, () => ids() === '1');
  expect(ids()).toBe('1');
  const { running: isRunning, sync_interval: interval, error, ...rest } = await status();
  expect([isRunning, interval, error]).toEqual([true, 10, null]);
  expect(rest).toMatchObject({
    total_syncs: looks(),
    failed_syncs: 0,
    last_sync_time: expect.stringMatching(/^2026-11-20T\d\d:\d\d:13\.000000$/),
  });
  expect(hosted.said[0]).toBe(`ready: following ${master.url}`);
});

test('an announcement is looked after without the time that is left', async () => {
  const { master, until, ids, pass, passUntil } = await running();
  await until(() => ids() !== undefined && master.announcer.listeners() === 1);
  await pass(200);
  master.run('INSERT INTO batches (id) VALUES (1)');
  master.announcer.announce({ event: 'changed' });
  await passUntil(200, () => ids() === '1');
  expect(ids()).toBe('1');
});

test('a master that goes away is told of once, and its replica is read on', async () => {
  const { master, until, ids, status, pass, passUntil, hosted } = await running();
  master.run('INSERT INTO batches (id) VALUES (1)');
  await until(() => ids() !== undefined);
  await master.stop();
  await passUntil(60_000, () => hosted.log.includes('ECONNREFUSED'));
  for (let tries = 0; tries < 6; tries += 1) await pass(10_000);
  expect(hosted.log.split('ECONNREFUSED').length - 1).toBe(1);
  expect(await status()).toMatchObject({ running: true, error: expect.stringContaining('ECONNREFUSED') });
  expect(ids()).not.toBeUndefined();
  await master.start();
  await passUntil(60_000, () => hosted.log.includes('answers again'));
  expect(hosted.log).toContain('answers again');
});

test('a person who asks for all of it is served by the service, which holds the lock', async () => {
  const { world, environment, master, until, ids, passUntil } = await running();
  await until(() => ids() !== undefined);
  const typed = new TypedWorld();
  onTestFinished(() => typed[Symbol.asyncDispose]());
  const ended = await typed.run('delta-pull', ['resync'], {
    environment: { ...environment, HOLDFAST_CONFIG: world.config },
  });
  expect(ended).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('the service was told') });
  const exports = () => master.asked.filter((path) => path === '/api/sync/full-export').length;
  await passUntil(10_000, () => exports() >= 2);
  expect(exports()).toBe(2);
});

test('a service that starts while the master is away says how old the replica is', async () => {
  const { hosted, until, ids, status } = await running({ isAway: true });
  await until(() => hosted.log.includes('ECONNREFUSED'));
  const { error, ...rest } = await status();
  expect(String(error)).toContain('ECONNREFUSED');
  expect(rest).toMatchObject({ last_sync_time: expect.stringMatching(/^2026-11-/), age: expect.any(Number) });
  expect(ids()).toBe('null');
});

const ways: [string, (replica: string) => void][] = [
  ['taken away', (replica) => ['', '-wal', '-shm'].forEach((suffix) => rmSync(replica + suffix))],
  ['taken away without what lies beside it', (replica) => rmSync(replica)],
  ['emptied', (replica) => (rmSync(replica), writeFileSync(replica, ''))],
];

test.each(ways)('a replica that is %s under it is made anew, and told as one', async (_, lose) => {
  const { master, until, ids, looks, status, pass, passUntil, replica } = await running();
  master.run('INSERT INTO batches (id) VALUES (1)');
  await until(() => ids() !== undefined);
  await passUntil(10_000, () => ids() === '1');
  lose(replica);
  await passUntil(10_000, () => ids() === '1');
  expect(ids()).toBe('1');
  const before = looks();
  await passUntil(10_000, () => looks() > before);
  await pass(0);
  expect(await status()).toMatchObject({ error: null, failed_syncs: 0 });
});

test('a database of somebody else in its place is told, and left alone', async () => {
  const { until, ids, hosted, status, passUntil, replica } = await running();
  await until(() => ids() !== undefined);
  ['', '-wal', '-shm'].forEach((suffix) => rmSync(replica + suffix));
  openOwn(replica, { create: true })
    .exec('CREATE TABLE batches (id); INSERT INTO batches VALUES (7)')
    .close();
  await passUntil(10_000, () => hosted.log.includes('the database of something else'));
  expect(await status()).toMatchObject({ last_sync_time: null, age: null, running: true });
  expect(ids()).toBe('7');
});
