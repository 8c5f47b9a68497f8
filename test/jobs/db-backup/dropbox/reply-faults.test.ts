// Replies of 200 that prove nothing: wrong metadata, pages of captive portals, JSON cut in half.
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../stand-ins/dropbox/faults.ts';
import type { DropboxWorld } from '../../../support/dropbox-world.ts';
import { grownWorld } from '../../../support/dropbox-world-grown.ts';
import {
  expectFailed,
  expectSentOnce,
  expectSurvived,
  staleLook,
} from '../../../support/dropbox-world-checks.ts';

const finish = 'files/upload_session/finish';

describe('case 17: 200 whose metadata is wrong', () => {
  for (const change of ['content_hash', 'size', 'path', 'rev'] as const) {
    test(`in ${change}, though the file is right: the file itself decides`, async () => {
      await using world = await grownWorld();
      await expectSurvived(world, {
        disturb: ({ standIn }) => standIn.fault({ route: finish, action: { kind: 'wrongMetadata', change } }),
      });
    });
  }

  for (const change of ['content_hash', 'size'] as const) {
    /** The reply of a commit, and the look that follows it, which is every other look at the file. */
    const disturbCommits = (world: DropboxWorld, commits: number) => {
      const action = { kind: 'wrongMetadata', change } as const;
      world.standIn.fault({ route: finish, times: commits, action });
      for (let i = 0; i < commits; i += 1)
        world.standIn.fault({ ...staleLook(world), nth: 1 + 2 * i, action });
    };

    test(`in ${change}, and of the file too: the old latest copy is put back, and all is sent once more`, async () => {
      await using world = await grownWorld();
      await expectSurvived(world, { disturb: () => disturbCommits(world, 1) });
      expect(world.calls('files/restore')).toBe(1);
    });

    test(`in ${change}, and of the file too, twice: no success, and the old latest copy is put back`, async () => {
      await using world = await grownWorld();
      await expectFailed(
        world,
        { disturb: () => disturbCommits(world, 2) },
        {
          kind: 'damaged',
          says: [/cannot store "latest\/bookings\.db" in Dropbox/, /what arrived there is not what was sent/],
          hint: /what was stored before is untouched/,
        },
      );
      expect(world.calls('files/restore')).toBe(2);
    });
  }

  test('it says that the file lies under another name: no success, and nothing stays there', async () => {
    await using world = await grownWorld({ app: 'latest = false' });
    const before = world.remote();
    world.standIn.fault({ route: finish, action: { kind: 'autorenameSurprise' } });
    const ended = await world.run('db-backup', ['run']);
    expect(ended.exitCode).toBe(65);
    expect(ended.stderr).toMatch(/what arrived there is not what was sent|under another name/);
    expect(world.remote()).toEqual(before);
  });
});

describe('case 18: 200 with something else than metadata', () => {
  const cut: Fault['action'] = { kind: 'truncateResponse', bytes: 40, complete: true };
  const page: Fault['action'] = { kind: 'html200', afterApply: true };
  const pageInstead: Fault['action'] = { kind: 'html200' };
  for (const [what, action] of [
    ['JSON cut in half, applied', cut],
    ["a captive portal's page, applied", page],
    ["a captive portal's page, not applied", pageInstead],
  ] as const) {
    for (const route of [finish, 'files/copy_v2', 'files/upload', 'files/upload_session/append_v2']) {
      test(`${what}, of ${route}: no success; asked, and repeated where needed`, async () => {
        await using world = await grownWorld();
        await expectSurvived(world, { disturb: ({ standIn }) => standIn.fault({ route, action }) });
        expectSentOnce(world, action === pageInstead ? 13 * 1024 * 1024 : 0);
      });
    }
  }
});
