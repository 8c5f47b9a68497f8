// The service: it looks when its time has come, when it is told, and when a person asks for all of it; and says how it stands.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serve } from '../../../jobs/delta-pull/run.ts';
import { openLive } from '../../../lib/sqlite/open.ts';
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

async function running() {
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
  return { hosted, master, until, ids, looks, status, pass, passUntil, world, environment };
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
    last_sync_time: expect.stringMatching(/Z$/),
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
