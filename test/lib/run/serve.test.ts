// The life of a service in its frame: when it counts as ready, how it stops, and what its failures become.
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import type { Service } from '../../../lib/run/service.ts';
import { openHistoryDatabase } from '../../support/history-database.ts';
import { HostedService } from '../../support/service-host.ts';
import { settled } from '../../support/virtual-time.ts';

const graceMs = 20_000;
const readiness = { status: 'listening on port 1', probe: async () => undefined };
const service = (serve: Service['serve']) => ({ graceMs, serve });
const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));

/** The rows of a history, which may not have been begun. */
function runsIn(path: string): object[] {
  if (!existsSync(path)) return [];
  const database = openHistoryDatabase(path);
  const runs = database.all('SELECT * FROM runs');
  database.close();
  return runs;
}

/** Ready at once, and stops at once. */
const obedient = service(async ({ signal }, ready) => {
  await ready(readiness);
  await untilAborted(signal);
});

describe('a service', () => {
  test('is ready when it says so, and not before', async () => {
    await using hosted = new HostedService();
    const opened = Promise.withResolvers<void>();
    await hosted.start(
      service(async ({ signal }, ready) => {
        await opened.promise;
        await ready(readiness);
        await untilAborted(signal);
      }),
    );
    expect(hosted.said).toEqual([]);
    opened.resolve();
    await settled();
    expect(hosted.said).toEqual(['ready: listening on port 1', 'told: well']);
    expect(hosted.log).toBe('<6>listening on port 1\n');
  });

  test('told to stop says that it does, finishes what it has in hand, and exits with 0', async () => {
    await using hosted = new HostedService();
    const finished = Promise.withResolvers<void>();
    const { exitCode } = await hosted.start(
      service(async ({ signal }, ready) => {
        await ready(readiness);
        await untilAborted(signal);
        await finished.promise;
      }),
    );
    await hosted.tellToStop();
    await hosted.time.pass(graceMs - 1);
    expect(hosted.said.slice(2)).toEqual(['stopping: 25000']);
    finished.resolve();
    expect(await exitCode).toBe(0);
    expect(hosted.said.slice(2)).toEqual(['stopping: 25000']);
    expect(hosted.log).toContain('<6>told to stop by SIGTERM: stopping within 20 s\n<6>stopped\n');
    expect(hosted.time.waiting()).toBe(0);
    expect(hosted.result).toBe('');
  });

  test.each(['SIGTERM', 'SIGHUP'] as const)('that %s stops exits with 0', async (signalName) => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(obedient);
    await hosted.tellToStop(signalName);
    expect(await exitCode).toBe(0);
  });

  test('that Ctrl-C stops exits with 130, as every command does', async () => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(obedient);
    await hosted.tellToStop('SIGINT');
    expect(await exitCode).toBe(130);
  });

  test.each([
    ["the signal's reason", (signal: AbortSignal): unknown => signal.reason],
    ['an AbortError', () => new DOMException('The operation was aborted', 'AbortError')],
  ])('that stops by throwing %s has stopped cleanly', async (_, reason) => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(
      service(async ({ signal }) => {
        await untilAborted(signal);
        throw reason(signal);
      }),
    );
    await hosted.tellToStop();
    expect(await exitCode).toBe(0);
  });

  test('told to stop before it is ready never becomes ready', async () => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(
      service(async ({ signal }, ready) => {
        await untilAborted(signal);
        await ready(readiness);
      }),
    );
    await hosted.tellToStop();
    expect(await exitCode).toBe(0);
    expect(hosted.said).toEqual(['stopping: 25000']);
  });

  test('that does not stop in its grace time is given up, which is said and told', async () => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(service(() => new Promise(() => undefined)));
    await hosted.tellToStop();
    await hosted.time.pass(graceMs);
    expect(await exitCode).toBe(143);
    const message = 'cannot stop test-service cleanly: after 20 s it still has work in hand';
    expect(hosted.log).toContain(`<3>error: ${message}\n`);
    expect(hosted.said).toEqual(['stopping: 25000', `told: ${message}`]);
  });

  test('leaves no row in the history', async () => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(obedient);
    await hosted.tellToStop();
    await exitCode;
    expect(runsIn(hosted.history)).toEqual([]);
  });

  test('without a service manager does the same', async () => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(obedient, { manager: undefined });
    await hosted.tellToStop();
    expect(await exitCode).toBe(0);
    expect(hosted.said).toEqual(['told: well']);
  });
});

describe('a service that cannot go on', () => {
  const refusal = new OpsError('denied', 'cannot listen on port 1: permission denied', { hint: 'use 8790' });

  test('says why and what helps, is told of, and exits with the code of the error', async () => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(
      service(async () => {
        throw refusal;
      }),
    );
    expect(await exitCode).toBe(77);
    expect(hosted.log).toBe(`<3>error: ${refusal.message}\n<3>hint: use 8790\n`);
    expect(hosted.said).toEqual([`told: ${refusal.message}`]);
    expect(hosted.result).toBe('denied 77');
  });

  test('because of its configuration is not even loaded', async () => {
    await using hosted = new HostedService();
    hosted.world.configure({ top: 'stor = 1' });
    const { exitCode } = await hosted.start({ graceMs, serve: () => Promise.reject(new Error('loaded')) });
    expect(await exitCode).toBe(78);
    expect(hosted.log).toContain('stor');
  });

  test('because the service manager cannot be told is not ready', async () => {
    await using hosted = new HostedService();
    const failing = async () => {
      throw new OpsError('missing', 'cannot run systemd-notify: it is not installed');
    };
    const manager = { ready: failing, alive: failing, stopping: failing };
    const { exitCode } = await hosted.start(obedient, { manager });
    expect(await exitCode).toBe(66);
    expect(hosted.said).toEqual(['told: cannot run systemd-notify: it is not installed']);
  });

  test('while it stops has not stopped cleanly', async () => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(
      service(async ({ signal }) => {
        await untilAborted(signal);
        throw new OpsError('io', 'cannot write the queue: no space left on the device');
      }),
    );
    await hosted.tellToStop();
    expect(await exitCode).toBe(74);
  });

  test('by a mistake shows its stack, and exits with 70', async () => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(
      service(async () => {
        throw new TypeError('queue is undefined');
      }),
    );
    expect(await exitCode).toBe(70);
    expect(hosted.log).toMatch(/this is a mistake in Holdfast: queue is undefined\n[^]*\n {4}at /);
    expect(hosted.said).toEqual(['told: this is a mistake in Holdfast: queue is undefined']);
  });

  test('by a mistake in a callback ends at once', async () => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(obedient);
    hosted.throwAside(new TypeError('peer is undefined'));
    expect(await exitCode).toBe(70);
    expect(hosted.said.at(-1)).toBe('told: this is a mistake in Holdfast: peer is undefined');
  });

  test('and simply ends is a mistake as well', async () => {
    await using hosted = new HostedService();
    const { exitCode } = await hosted.start(service(async (_, ready) => ready(readiness)));
    expect(await exitCode).toBe(70);
    expect(hosted.log).toContain('test-service has ended, and nobody told it to');
  });
});

describe('a service that is watched', () => {
  const watched = { watchdogPeriodMs: () => 60_000 };

  test('gives signs of life from the moment it is ready until it is told to stop', async () => {
    await using hosted = new HostedService();
    const opened = Promise.withResolvers<void>();
    const { exitCode } = await hosted.start(
      service(async ({ signal }, ready) => {
        await opened.promise;
        await ready(readiness);
        await untilAborted(signal);
      }),
      watched,
    );
    await hosted.time.pass(60_000);
    expect(hosted.said).toEqual([]);
    opened.resolve();
    await settled();
    await hosted.time.pass(30_000);
    const signs = () => hosted.said.filter((word) => word === 'alive').length;
    expect(signs()).toBe(2);
    await hosted.tellToStop();
    await hosted.time.pass(30_000);
    expect(await exitCode).toBe(0);
    expect(signs()).toBe(2);
  });

  test('gives none when what it is for hangs, though it runs', async () => {
    await using hosted = new HostedService();
    await hosted.start(
      service(async ({ signal }, ready) => {
        await ready({ ...readiness, probe: () => new Promise(() => undefined) });
        await untilAborted(signal);
      }),
      watched,
    );
    for (let half = 0; half < 4; half += 1) await hosted.time.pass(30_000);
    expect(hosted.said).not.toContain('alive');
    expect(hosted.log).toContain('<3>error: this service gives no sign of life');
  });
});
