// Faults while listing: all of it or nothing, for what a partial list does not show would look gone.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FaultAction } from '../../../stand-ins/dropbox/faults.ts';
import type { DropboxWorld } from '../../../support/dropbox-world.ts';
import { grownWorld } from '../../../support/dropbox-world-grown.ts';
import { expectNextRun, expectSurvived } from '../../../support/dropbox-world-checks.ts';

const list = 'files/list_folder';
const next = 'files/list_folder/continue';

describe('case 23: listings that come in pieces', () => {
  test('an empty page with has_more: paged on', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) => standIn.fault({ route: list, times: 2, action: { kind: 'emptyPage' } }),
    });
    expect(world.calls(next)).toBe(2);
  });

  test('cursor reset mid-listing: listed anew', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) => {
        standIn.fault({ route: list, action: { kind: 'emptyPage' } });
        standIn.fault({ route: next, action: { kind: 'cursorReset' } });
      },
    });
    expect(world.calls(next)).toBe(1);
  });

  test('an entry twice: counted once', async () => {
    await using world = await grownWorld();
    await expectSurvived(world, {
      disturb: ({ standIn }) => {
        standIn.fault({ route: list, times: 2, action: { kind: 'emptyPage' } });
        standIn.fault({ route: next, times: 2, action: { kind: 'pageDuplicate' } });
      },
    });
  });

  for (const [what, action] of [
    ['the second page never comes', { kind: 'reply', status: 500, body: '' }],
    ['it is reset without end', { kind: 'cursorReset' }],
    ['the second page is cut in half', { kind: 'truncateResponse', bytes: 60, complete: true }],
  ] as const) {
    test(`${what}: nothing is pruned, and a clear failure`, async () => {
      await using world = await manyBackups();
      const { standIn } = world;
      const before = world.remote();
      standIn.fault({ route: list, times: Infinity, action: { kind: 'emptyPage' } });
      standIn.fault({ route: next, times: Infinity, action });
      const ended = await world.run('db-backup', ['prune']);
      expect(ended).toMatchObject({ exitCode: 69, stdout: '' });
      expect(ended.stderr).toMatch(/error: cannot list Dropbox/);
      expect(ended.stderr).toMatch(/hint: /);
      expect(world.remote()).toEqual(before);
      expect(world.calls('files/delete_v2')).toBe(0);
      expect(standIn.violations).toEqual([]);
      standIn.clearFaults();
      const pruned = await world.run('db-backup', ['prune']);
      expect(pruned).toMatchObject({ exitCode: 0 });
      expect(Object.keys(world.remote()).filter((path) => path.startsWith('/backups/'))).toHaveLength(2);
    });
  }

  /** Three backups, of which the policy keeps one. */
});

describe('one old backup whose manifest cannot be read', () => {
  const refused = {
    error_summary: 'path/..',
    error: { '.tag': 'path', path: { '.tag': 'restricted_content' } },
  };
  test.each<[string, 'oldest' | 'newest', FaultAction]>([
    ['because it is not given out', 'oldest', { kind: 'reply', status: 409, body: refused }],
    ['because it is not given out', 'newest', { kind: 'reply', status: 409, body: refused }],
    ['because of an error whenever it is asked for', 'oldest', { kind: 'reply', status: 500 }],
    ['because of an error whenever it is asked for', 'newest', { kind: 'reply', status: 500 }],
    ['because it is damaged', 'oldest', { kind: 'corruptByte', at: 7 }],
    ['because another comes in its place', 'oldest', { kind: 'wrongMetadata', change: 'rev' }],
  ])('%s, the %s: it counts as damaged, and tonight there is a backup', async (_, which, action) => {
    await using world = await manyBackups();
    rmSync(join(world.state, 'cache'), { recursive: true });
    const manifests = world.standIn.files.list().filter(({ path }) => path.endsWith('.json'));
    const { rev, path } = manifests.at(which === 'oldest' ? 0 : -1) ?? {};
    const matches = ({ argument }: { argument?: unknown }) =>
      (argument as { path?: unknown }).path === `rev:${rev}`;
    world.standIn.fault({ route: 'files/download', times: Infinity, matches, action });
    const before = world.remote();
    const ended = await world.run('db-backup', ['run', '--json']);
    expect(ended.stderr).not.toContain('error: ');
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(world.remote()).toHaveProperty([path ?? '']);
    expect(Object.keys(world.remote())).not.toEqual(Object.keys(before));
    const listed = await world.run('db-backup', ['list-backups']);
    expect(listed).toMatchObject({ exitCode: 0 });
    expect(listed.stdout.match(/damaged/g)).toHaveLength(1);
  });
});

/** Three, of which one is to be kept. */
async function manyBackups(): Promise<DropboxWorld> {
  const world = await grownWorld({ mebibytes: 1, store: 'retries = 1' });
  await world.run('db-backup', ['run']);
  await expectNextRun(world);
  world.configureDropbox({ store: 'retries = 1', app: 'keep = { last = 1 }' });
  return world;
}
