// Announcements: at once to all who listen, to nobody else, and again after whatever ended a connection.
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../lib/base/log.ts';
import { listenForAnnouncements } from '../../../lib/http/announcements.ts';
import { scratch } from '../../support/scratch.ts';
import { readerKey, startMaster } from '../../support/sync-master.ts';

async function listening(key = readerKey, tls = false) {
  const master = await startMaster(scratch(), { tls });
  const stop = new AbortController();
  const pauses: number[] = [];
  let heard = 0;
  let next = Promise.withResolvers<void>();
  const waiting: (() => void)[] = [];
  const over = listenForAnnouncements({
    to: new URL(master.url),
    pin: master.fingerprint,
    headers: async () => ({ 'x-api-key': key }),
    onAnnouncement() {
      heard += 1;
      next.resolve();
      next = Promise.withResolvers();
    },
    wait: async (ms, signal) => {
      signal.throwIfAborted();
      pauses.push(ms);
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    },
    random: () => 0.5,
    signal: stop.signal,
    log: silentLog,
  });
  onTestFinished(async () => {
    stop.abort();
    await over;
    await master[Symbol.asyncDispose]();
  });
  const until = async (isSo: () => boolean) => {
    for (let turns = 0; !isSo(); turns += 1) {
      if (turns > 200_000) throw new Error('it does not come');
      await new Promise(setImmediate);
    }
  };
  return { master, pauses, waiting, until, heard: () => heard, news: () => next.promise };
}

test.each([false, true])(
  'who listens is told at once, and first of all that something may have been missed (TLS: %s)',
  async (tls) => {
    const { master, until, heard, news } = await listening(readerKey, tls);
    await until(() => heard() === 1);
    const told = news();
    master.announcer.announce({ event: 'changed' });
    await told;
    expect(heard()).toBe(2);
  },
);

test('who is not known is told nothing, and asks ever less', async () => {
  const { master, pauses, waiting, until, heard } = await listening(`hxb_${'x'.repeat(40)}`);
  for (let tries = 1; tries <= 9; tries += 1) {
    await until(() => pauses.length === tries);
    master.announcer.announce({ event: 'changed' });
    waiting.shift()?.();
  }
  expect(heard()).toBe(0);
  expect(pauses.slice(0, 9)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test('a connection that ends is made again, soon after one that worked', async () => {
  const { master, pauses, waiting, until, heard } = await listening();
  await until(() => heard() === 1);
  await master.stop();
  await until(() => pauses.length === 1);
  waiting.shift()?.();
  await until(() => pauses.length === 2);
  await master.start();
  waiting.shift()?.();
  await until(() => heard() === 2);
  await master.stop();
  await until(() => pauses.length === 3);
  expect(pauses).toEqual([1000, 2000, 1000]);
  await master.start();
});

test('a listener that has not answered since the last time is let go', async () => {
  const { master, until, heard } = await listening();
  await until(() => heard() === 1);
  expect(master.announcer.listeners()).toBe(1);
  master.announcer.checkListeners();
  master.announcer.checkListeners(); // the answer to the first is still on its way
  await until(() => master.announcer.listeners() === 0);
});

test.each(['/api/sync/changes', '/', '/api/sync/announcements/x'])(
  'at %s nothing is announced',
  async (path) => {
    const { master } = await listening();
    const socket = new WebSocket(`${master.url.replace('http', 'ws')}${path}`);
    const closed = await new Promise<boolean>((resolve) => {
      socket.onopen = () => resolve(false);
      socket.onerror = () => resolve(true);
    });
    expect(closed).toBe(true);
  },
);
