// Case 25: killed and resumed. What Dropbox holds of an upload is not sent again, and nothing but this upload resumes it.
import { describe, expect, test } from 'vitest';
import { type DropboxWorld, latestPath } from '../../support/dropbox-world.ts';
import { grownWorld } from '../../support/dropbox-world-grown.ts';
import { addBallast } from '../../support/dropbox-world-rows.ts';
import {
  expectCleanEnd,
  expectNextRun,
  expectSentOnce,
  requireBytes,
  requireStanding,
} from '../../support/dropbox-world-checks.ts';
import { type KillMoment, runKilled } from '../../support/dropbox-world-kill.ts';

const append = 'files/upload_session/append_v2';
const start = 'files/upload_session/start';
const finish = 'files/upload_session/finish';

/** Kills a run at a moment of an append, and holds the next one to going on exactly where Dropbox is. */
async function expectResumed(world: DropboxWorld, moment: Omit<KillMoment, 'route'>): Promise<void> {
  const before = world.remote();
  await runKilled(world, { route: append, ...moment });
  expect(world.remote()).toEqual(before);
  const [session] = world.standIn.sessions;
  const held = session?.length ?? 0;
  const last = world.standIn.requests.length;
  expect(world.notes()).toHaveLength(1);

  const ended = await expectNextRun(world);
  expect(ended.stderr).toMatch(/going on with an upload that was interrupted/);
  expect(world.standIn.sessions).toMatchObject([{ id: session?.id, committed: true }]);
  const size = world.standIn.files.list().find(({ path }) => path === latestPath)?.size ?? 0;
  const sent = world.standIn.requests.filter(({ number, route }) => number > last && route === append);
  expect(sent.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)).toBe(size - held);
  expectSentOnce(world, Infinity);
  expect(world.notes()).toEqual([]);
}

describe('case 25: killed in the middle of the upload', () => {
  for (const partialAppend of ['discard', 'keep'] as const) {
    for (const [words, moment] of [
      ['in the middle of the first append', { afterBytes: 3_000_001 }],
      ['in the middle of the second append', { nth: 2, afterBytes: 1_234_567 }],
      ['before the second append', { nth: 2 }],
      ['after the last append arrived', { nth: 2, when: 'after-apply' }],
    ] as const) {
      test(`${words}, Dropbox ${partialAppend}s a part: the next run goes on at its offset`, async () => {
        await using world = await grownWorld();
        world.standIn.switches.partialAppend = partialAppend;
        await expectResumed(world, moment);
      });
    }
  }

  test('stopped by SIGTERM: says so at once, and the next run goes on', async () => {
    await using world = await grownWorld();
    await runKilled(world, { route: append, nth: 2, afterBytes: 1_000_000, signal: 'SIGTERM' });
    // It ended while its request was held: whether the rest of that had left the process by then is chance.
    expect(world.standIn.requests.at(-1)).toMatchObject({ route: append });
    const ended = await expectNextRun(world);
    expect(ended.stderr).toMatch(/going on with an upload that was interrupted/);
  });

  test('before the id of the session was noted: a new one, the orphan stays empty', async () => {
    await using world = await grownWorld();
    await runKilled(world, { route: start, when: 'after-apply' });
    expect(world.notes()).toEqual([]);
    await expectNextRun(world);
    expect(world.standIn.sessions).toMatchObject([{ journal: [], committed: false }, { committed: true }]);
  });
});

describe('case 25: killed at the commit or after it', () => {
  test('before the commit: only the commit is left to do', async () => {
    await using world = await grownWorld();
    await expectResumed(world, { nth: 2, when: 'after-apply' });
  });

  for (const [words, moment] of [
    ['right after the commit of the latest copy', { route: finish, when: 'after-apply' }],
    ['before the copy to the name of the backup', { route: 'files/copy_v2' }],
  ] as const) {
    test(`${words}: nothing is sent again`, async () => {
      await using world = await grownWorld();
      const before = world.remote();
      await runKilled(world, moment);
      requireStanding(world, { ...before }, []);
      const last = world.standIn.requests.length;
      await expectNextRun(world);
      expect(world.calls(append, last) + world.calls(start, last)).toBe(0);
      expect(world.notes()).toEqual([]);
    });
  }

  for (const [words, moment] of [
    ['right after the copy', { route: 'files/copy_v2', when: 'after-apply' }],
    ['before the manifest', { route: 'files/upload' }],
    ['right after the manifest', { route: 'files/upload', when: 'after-apply' }],
  ] as const) {
    test(`${words}: the next run finishes that backup, and makes its own`, async () => {
      await using world = await grownWorld();
      const before = world.remote();
      await runKilled(world, moment);
      const listed = Object.keys(world.remote()).filter((path) => path.endsWith('.db') && !(path in before));
      expect(listed).toHaveLength(1);
      const backup = listed[0] ?? '';
      // What the killed run leaves is finished first, then the next one stands beside it.
      const ended = await world.run('db-backup', ['prune']);
      expect(ended.exitCode).toBe(0);
      requireStanding(world, before, [backup]);
      await expectNextRun(world);
    });
  }

  for (const afterCommit of ['not_found', 'closed', 'idempotent'] as const) {
    test(`the latest copy is gone again, and the session answers ${afterCommit}: sent anew, whole`, async () => {
      await using world = await grownWorld();
      world.standIn.switches.afterCommit = afterCommit;
      await runKilled(world, { route: finish, when: 'after-apply' });
      world.standIn.files.remove(latestPath);
      expect(world.notes()).toHaveLength(1);
      await expectNextRun(world);
      expect(world.notes()).toEqual([]);
    });
  }
});

describe('case 25: what may not go on', () => {
  test('the database changed in between: a new session, and the old note is gone', async () => {
    await using world = await grownWorld();
    await runKilled(world, { route: append, nth: 2, afterBytes: 1_000_000 });
    addBallast(world.database, 1, 'in between');
    const ended = await expectNextRun(world);
    expect(ended.stderr).not.toMatch(/going on with an upload/);
    expect(world.standIn.sessions).toMatchObject([{ committed: false }, { committed: true }]);
    expect(world.notes()).toEqual([]);
  });

  test('Dropbox forgot the session: begun anew', async () => {
    await using world = await grownWorld();
    await runKilled(world, { route: append, nth: 2, afterBytes: 1_000_000 });
    const { standIn } = world;
    const before = world.remote();
    standIn.fault({ route: append, action: { kind: 'sessionForget' } });
    const ended = await world.run('db-backup', ['run']);
    expect(ended.exitCode).toBe(0);
    expectCleanEnd(world, ended);
    expect(Object.keys(world.remote())).toHaveLength(Object.keys(before).length + 2);
    requireBytes(world, latestPath);
    expectSentOnce(world, Infinity);
    expect(world.calls(start)).toBe(2);
  });

  test('the session is older than seven days: begun anew', async () => {
    await using world = await grownWorld();
    await runKilled(world, { route: append, nth: 2, afterBytes: 1_000_000 });
    world.standIn.clock.advance(8 * 24 * 3600);
    await expectNextRun(world);
    expect(world.calls(start)).toBe(2);
    expectSentOnce(world, Infinity);
  });
});

describe('case 25: killed five times at random points', () => {
  for (const [partialAppend, seed] of [
    ['discard', 11],
    ['keep', 12],
  ] as const) {
    test(`Dropbox ${partialAppend}s a part (seed ${seed}): 12 MB arrive whole`, async () => {
      await using world = await grownWorld();
      const { standIn } = world;
      standIn.switches.partialAppend = partialAppend;
      const before = world.remote();
      const random = seededRandom(seed);
      for (let kills = 0; kills < 5; kills += 1) {
        const held = standIn.sessions[0]?.length ?? 0;
        const atOffset = held + Math.floor((0.05 + 0.25 * random()) * (12 * 1024 * 1024 - held));
        await runKilled(world, { route: append, atOffset });
        expect(world.remote()).toEqual(before);
      }
      const ended = await expectNextRun(world);
      expect(ended.stderr).toMatch(/going on with an upload that was interrupted/);
      expect(standIn.sessions).toMatchObject([{ committed: true }]);
      expectSentOnce(world, Infinity);
      // Nothing but what was cut was ever sent twice.
      const size = standIn.files.list().find(({ path }) => path === latestPath)?.size ?? 0;
      const appends = standIn.requests.filter(({ route }) => route === append);
      const cut = appends.filter(({ outcome }) => outcome === 'dropped');
      const sum = (requests: typeof appends) =>
        requests.reduce((bytes, { bodyBytes }) => bytes + bodyBytes, 0);
      if (partialAppend === 'discard') expect(sum(appends) - sum(cut)).toBe(size);
      else expect(sum(appends)).toBe(size);
    });
  }
});

/** Numbers between 0 and 1 that look random and are the same each time (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
