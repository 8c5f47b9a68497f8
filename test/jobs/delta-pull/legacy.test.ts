// A master of before is followed as well as it lets itself be: nothing is lost at its limit, and deletions come with the next full
// sync.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serve } from '../../../jobs/delta-pull/run.ts';
import { openLive } from '../../../lib/sqlite/open.ts';
import { herdlinxMaster } from '../../stand-ins/herdlinx/master.ts';
import { HostedService } from '../../support/service-host.ts';
import { readerKey } from '../../support/sync-master.ts';
import { TypedWorld } from '../../support/typed-world.ts';

async function following() {
  const world = new TypedWorld();
  const master = await herdlinxMaster(readerKey);
  onTestFinished(async () => {
    await master[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });
  const replica = join(world.home, 'replica.db');
  const lines = [`state_directory = "${world.state}"`, `run_directory = "${join(world.home, 'run')}"`];
  const pull = ['[pulls.herd]', `from = "${master.url}"`, `replica = "${replica}"`, 'full_every = "1h"'];
  writeFileSync(world.config, [...lines, ...pull].join('\n'));
  const look = () => world.run('delta-pull', ['once'], { environment: { PI_API_KEY: readerKey } });
  const rows = (sql: string) => {
    const reader = openLive(replica);
    try {
      return reader.prepare(sql).raw().all();
    } finally {
      reader.close();
    }
  };
  const put = (id: number, weight: number, at: string) =>
    master.cattle.set(id, { id, weight, updatedAt: new Date(at) });
  return { world, master, look, rows, put, replica };
}

test('times arrive as SQLAlchemy stores them, numbers as numbers', async () => {
  const { look, rows, put } = await following();
  put(1, 200.5, '2024-01-15T10:30:00Z');
  expect(await look()).toMatchObject({ exitCode: 0 });
  expect(rows('SELECT id, typeof(id), weight, induction_date, updated_at FROM cattle')).toEqual([
    [1, 'integer', 200.5, '2024-01-15', '2024-01-15 10:30:00.000000'],
  ]);
});

test('more changes than its limit are taken with all of it, and nothing that is unchanged is written again', async () => {
  const { master, look, rows, put } = await following();
  put(1, 1, '2024-01-15T10:30:00Z');
  await look();
  for (let id = 2; id <= 6000; id += 1) put(id, 2, '2024-01-15T11:00:00Z');
  put(6001, 3, '2024-01-15T12:00:00Z');
  expect(await look()).toMatchObject({
    stdout: expect.stringContaining('more has changed than the master tells'),
  });
  expect(rows('SELECT count(*) FROM cattle')).toEqual([[6001]]);
  expect(await look()).toMatchObject({ stdout: expect.stringContaining('nothing has changed') });
  put(5, 9, '2024-01-15T12:00:01Z');
  expect(await look()).toMatchObject({ stdout: expect.stringContaining('took in') });
  expect(rows('SELECT weight FROM cattle WHERE id = 5')).toEqual([[9]]);
  expect(master.asked.filter((path) => path === '/api/sync/full-export')).toHaveLength(2);
});

test('what is deleted there goes with the next full sync, which comes by itself', async () => {
  const { world, master, look, rows, put } = await following();
  put(1, 1, '2024-01-15T10:30:00Z');
  put(2, 1, '2024-01-15T10:30:00Z');
  await look();
  master.cattle.delete(2);
  await look();
  expect(rows('SELECT id FROM cattle')).toEqual([[1], [2]]);
  world.clock.advance(3_600_000);
  expect(await look()).toMatchObject({ stdout: expect.stringContaining('the master tells no deletions') });
  expect(rows('SELECT id FROM cattle')).toEqual([[1]]);
});

test('a table that becomes empty there is kept, empty, for who reads it', async () => {
  const { world, master, look, rows, put } = await following();
  put(1, 1, '2024-01-15T10:30:00Z');
  await look();
  master.cattle.clear();
  world.clock.advance(3_600_000);
  await look();
  expect(rows('SELECT count(*) FROM cattle')).toEqual([[0]]);
});

/** The service, which looks when the test lets its time pass. */
async function kept() {
  const { master, put, replica, rows } = await following();
  const hosted = new HostedService();
  const lines = [`state_directory = "${hosted.world.state}"`, `run_directory = "${hosted.world.home}/run"`];
  const pull = ['[pulls.herd]', `from = "${master.url}"`, `replica = "${replica}"`, 'full_every = "1h"'];
  writeFileSync(hosted.world.config, [...lines, ...pull].join('\n'));
  put(1, 1, '2026-11-20T10:00:00Z');
  const { exitCode } = await hosted.start(
    { graceMs: 1000, serve: (context, ready) => serve(context, ready, { pull: undefined }) },
    { environment: { PI_API_KEY: readerKey } },
  );
  onTestFinished(async () => {
    await hosted.tellToStop();
    await exitCode;
    await hosted[Symbol.asyncDispose]();
  });
  const waits = async () => {
    while (hosted.time.waiting() === 0) await new Promise(setImmediate);
  };
  const weights = () => rows('SELECT id, weight FROM cattle ORDER BY id');
  /** Looks until it is so. */
  const look = async (isSo: () => boolean) => {
    for (let turns = 0; !isSo(); turns += 1) {
      if (turns > 50_000) throw new Error(`it does not come: ${hosted.log}`);
      await waits();
      await hosted.time.pass(10_000);
    }
  };
  const asked = () => master.asked.filter((path) => /changes|export/.test(path)).length;
  await waits();
  return { master, put, look, asked, weights, hosted };
}

test('what a master stamps while its clock is behind is taken, and nothing is written where nothing is new', async () => {
  const { master, put, look, asked, weights, hosted } = await kept();
  put(2, 2, '2026-11-20T10:00:01Z');
  await look(() => weights().length === 2);
  master.now = () => new Date('1970-01-01T00:00:42Z');
  put(3, 3, '1970-01-01T00:00:41Z');
  put(1, 9, '1970-01-01T00:00:42Z');
  await look(() => weights().length === 3);
  expect(weights()[0]).toEqual([1, 9]);
  const before = asked();
  await look(() => asked() > before + 5);
  expect(hosted.log.split('took all of it').length - 1).toBe(2);
  // The last that it writes before somebody sets its clock.
  put(4, 4, '1970-01-01T00:00:43Z');
  master.now = () => new Date('2026-11-20T10:05:00Z');
  await look(() => weights().length === 4);
  expect(hosted.log.split('took all of it').length - 1).toBe(3);
});

test('what a master wrote while it was away is taken, whatever time it has', async () => {
  const { master, put, look, weights, hosted } = await kept();
  master.isAway = true;
  await look(() => hosted.log.includes('it answers 502'));
  put(2, 2, '1970-01-01T00:00:41Z');
  master.isAway = false;
  await look(() => weights().length === 2);
  expect(hosted.log).toContain('may have any time');
});
