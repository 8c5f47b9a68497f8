// Faults at the commit: whether a file became visible is asked of Dropbox, never guessed.
import { describe, expect, test } from 'vitest';
import { type DropboxWorld, latestPath } from '../../../support/dropbox-world.ts';
import { grownWorld } from '../../../support/dropbox-world-grown.ts';
import { addBallast } from '../../../support/dropbox-world-rows.ts';
import {
  expectFailed,
  expectNextRun,
  expectSentOnce,
  expectSurvived,
  staleLook,
} from '../../../support/dropbox-world-checks.ts';

const finish = 'files/upload_session/finish';
const conflict = {
  kind: 'reply',
  status: 409,
  body: {
    error_summary: 'path/conflict/file/..',
    error: { '.tag': 'path', path: { '.tag': 'conflict', conflict: { '.tag': 'file' } } },
  },
} as const;

describe('case 5: finish 5xx but committed', () => {
  test('the metadata says so: success, without another finish', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) =>
        standIn.fault({ route: finish, action: { kind: 'replyAfterApply', status: 503, body: '' } }),
    });
    expect(world.calls(finish)).toBe(1);
    expectSentOnce(world, 0);
  });

  for (const afterCommit of ['not_found', 'closed', 'idempotent'] as const) {
    test(`the metadata is late and the retry meets ${afterCommit}: success`, async () => {
      await using world = await grownWorld();
      world.standIn.switches.afterCommit = afterCommit;
      await expectSurvived(world, {
        disturb: ({ standIn }) => {
          standIn.fault({ route: finish, action: { kind: 'replyAfterApply', status: 500, body: '' } });
          standIn.fault(staleLook(world));
        },
      });
      expect(world.calls(finish)).toBe(2);
      expectSentOnce(world, 0);
    });
  }
});

describe('case 6: finish 5xx but committed, and the retry meets a conflict', () => {
  test('with equal content: success', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) => {
        standIn.fault({ route: finish, action: { kind: 'replyAfterApply', status: 500, body: '' } });
        standIn.fault(staleLook(world));
        standIn.fault({ route: finish, nth: 2, action: conflict });
      },
    });
    expectSentOnce(world, 0);
  });

  test('with other content: fatal, and what is there stays', async () => {
    await using world = await grownWorld({ app: 'latest = false' });
    const { standIn } = world;
    const taken: string[] = [];
    const before = world.remote();
    standIn.fault({
      route: finish,
      action: {
        kind: 'run',
        when: 'after-body',
        run: ({ request }) => {
          const { path } = (request.argument as { commit: { path: string } }).commit;
          taken.push(path);
          standIn.files.write(path, 'somebody else was quicker');
        },
      },
    });
    const ended = await world.run('db-backup', ['run']);
    expect(ended.exitCode).toBe(73);
    expect(ended.stderr).toMatch(/cannot create "backups\/bookings\/.*" in Dropbox: it exists already/);
    expect(ended.stderr).toMatch(/hint: what is there was not touched/);
    const [path = ''] = taken;
    expect(standIn.files.bytes(path).toString()).toBe('somebody else was quicker');
    expect(Object.keys(world.remote()).sort()).toEqual([...Object.keys(before), path].sort());
    expect(standIn.violations).toEqual([]);
  });
});

describe('case 7: finish hangs', () => {
  test('before it is applied: given up after timeout_seconds, looked up, and repeated', async () => {
    await using world = await grownWorld({ store: 'timeout_seconds = 1' });
    await expectSurvived(world, {
      disturb: ({ standIn }) => standIn.fault({ route: finish, action: { kind: 'hang' } }),
    });
    expect(world.calls(finish)).toBe(2);
    expectSentOnce(world, 0);
  });

  test('after it was applied: looked up, and not repeated', async () => {
    await using world = await grownWorld({ store: 'timeout_seconds = 1' });
    await expectSurvived(world, {
      disturb: ({ standIn }) =>
        standIn.fault({ route: finish, action: { kind: 'hang', when: 'after-apply' } }),
    });
    expect(world.calls(finish)).toBe(1);
  });

  test('for ever: a clear failure', async () => {
    await using world = await grownWorld({ store: 'timeout_seconds = 1\nretries = 1' });
    await expectFailed(
      world,
      {
        disturb: ({ standIn }) => standIn.fault({ route: finish, times: Infinity, action: { kind: 'hang' } }),
      },
      {
        kind: 'unavailable',
        says: [/cannot store "latest\/bookings\.db" in Dropbox/, /no answer from .* within 1 s/],
        hint: /check the network/,
      },
    );
    // The next run had only the commit left to do.
    expectSentOnce(world, 0);
  });
});

describe('case 14: too_many_write_operations', () => {
  for (const as of ['429', '409'] as const) {
    for (const route of [finish, 'files/copy_v2', 'files/upload']) {
      test(`as ${as} of ${route}: backs off and repeats only that`, async () => {
        await using world = await grownWorld();
        await expectSurvived(world, {
          disturb: ({ standIn }) => standIn.fault({ route, times: 2, action: { kind: 'tooManyWrites', as } }),
        });
        expectSentOnce(world, 0);
      });
    }
  }

  test('without end: a clear failure', async () => {
    await using world = await grownWorld({ store: 'retries = 2' });
    await expectFailed(
      world,
      {
        disturb: ({ standIn }) =>
          standIn.fault({ route: finish, times: Infinity, action: { kind: 'tooManyWrites', as: '409' } }),
      },
      {
        kind: 'unavailable',
        says: [/busy or unwell/, /too_many_write_operations/],
        hint: /run it again later/,
      },
    );
    expect(world.standIn.sessions.filter(({ committed }) => committed)).toHaveLength(1);
  });
});

describe('case 21: insufficient_space at commit', () => {
  test('fatal with the numbers, and pruning still works in a full Dropbox', async () => {
    await using world = await grownWorld({ mebibytes: 0 });
    const { standIn } = world;
    await expectNextRun(world);
    addBallast(world.database, 12);
    await expectFailed(
      world,
      {
        disturb: () =>
          standIn.fault({
            route: 'files/upload_session/append_v2',
            action: { kind: 'run', run: () => standIn.setQuota(2_000_000) },
          }),
      },
      {
        kind: 'unavailable',
        says: [/cannot store "latest\/bookings\.db" in Dropbox/, /Dropbox is full: .* of 2 MB are free/],
        hint: /db-backup prune still works/,
      },
      () => standIn.setQuota(2e12),
    );
    standIn.setQuota(1000);
    world.configureDropbox({ app: 'keep = { last = 1 }' });
    const pruned = await world.run('db-backup', ['prune']);
    expect(pruned).toMatchObject({ exitCode: 0 });
    expect(Object.keys(world.remote()).filter((path) => path.startsWith('/backups/'))).toHaveLength(2);
    expect(standIn.violations).toEqual([]);
  });
});

describe('case 22: path conflicts', () => {
  test('a folder has the name of the latest copy: it stays, the backup is made, and the failure told', async () => {
    await using world = await grownWorld();
    world.standIn.files.remove(latestPath);
    world.standIn.files.write(`${latestPath}/inside.txt`, 'not ours');
    await expectConflict(world, /a folder has that name/);
  });

  test("a file has the name of the latest copy's folder: it stays, the backup is made, and the failure told", async () => {
    await using world = await grownWorld();
    world.standIn.files.remove('/latest');
    world.standIn.files.write('/latest', 'not ours');
    await expectConflict(world, /a file has the name of one of its folders/);
  });

  test('a file has the name of the folder of all backups: refused, and it stays', async () => {
    await using world = await grownWorld();
    world.standIn.files.remove('/backups');
    world.standIn.files.write('/backups', 'not ours');
    const ended = await world.run('db-backup', ['run']);
    expect(ended).toMatchObject({ exitCode: 73 });
    expect(ended.stderr).toMatch(/cannot create "backups\/.*a file has the name of one of its folders/);
    expect(world.standIn.files.bytes('/backups').toString()).toBe('not ours');
    expect(Object.keys(world.remote())).toEqual(['/backups', latestPath]);
    expect(world.standIn.violations).toEqual([]);
  });

  async function expectConflict(world: DropboxWorld, why: RegExp): Promise<void> {
    const before = world.remote();
    const ended = await world.run('db-backup', ['run']);
    expect(ended).toMatchObject({ exitCode: 73 });
    expect(ended.stderr).toMatch(why);
    expect(ended.stderr).toMatch(/hint: what is there was not touched/);
    const now = world.remote();
    expect(now).toMatchObject(before);
    const added = Object.keys(now).filter((path) => before[path] === undefined);
    expect(added.map((path) => path.replace(/\d{8}T\d{6}Z/, 'TIME'))).toEqual([
      '/backups/bookings/bookings-TIME.db',
      '/backups/bookings/bookings-TIME.json',
    ]);
    expect(world.standIn.violations).toEqual([]);
    expect(world.notes()).toEqual([]);
  }
});
