// The lock of another program beside ours: one excludes the other, and what anybody may put in its place in /tmp makes a run
// fail in words, never hang, follow or lock something else, and never go unnoticed.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { acquireLock, requireLockFree } from '../../../lib/lock/lock.ts';
import { asNobody, nobody } from '../../support/as-nobody.ts';
import { lockRequest, shellGetsIt } from '../../support/locks.ts';
import { scratch } from '../../support/scratch.ts';
import { spawnLines } from '../../support/spawn-lines.ts';

/** A directory like /tmp, with our locks elsewhere. */
function places(): { directory: string; path: string; tmp: string } {
  const home = scratch();
  chmodSync(home, 0o755);
  const tmp = join(home, 'tmp');
  mkdirSync(tmp);
  chmodSync(tmp, 0o1777);
  return { directory: join(home, 'locks'), path: join(tmp, 'ctv-db-sync.lock'), tmp };
}

/** As the older script asks for it. */
function scriptGetsIt(path: string): boolean {
  return spawnSync('flock', ['-n', path, 'true']).status === 0;
}

const request = ({ directory, path }: { directory: string; path: string }, group?: number) =>
  lockRequest(directory, { other: { path, group } });

test('while we hold it the script does not get it, and afterwards it does', async () => {
  const at = places();
  const lock = await acquireLock(request(at));
  expect(scriptGetsIt(at.path)).toBe(false);
  expect(shellGetsIt(at.directory)).toBe(false);
  await lock.release();
  expect(scriptGetsIt(at.path)).toBe(true);
  expect(shellGetsIt(at.directory)).toBe(true);
});

test('while the script holds it we are busy, ours is free again, and what it wrote there stays', async () => {
  const at = places();
  const script = 'exec 9>"$0"; flock -n 9 || exit 1; echo "$$" >&9; echo held; read -r word';
  await using holder = spawnLines('bash', ['-c', script, at.path]);
  await holder.line('held');
  const busy = {
    kind: 'busy',
    message: `cannot lock ctv: another program holds ${at.path}`,
    hint: `fuser -v ${at.path} shows which; try again when it has ended`,
  };
  await expect(acquireLock(request(at))).rejects.toMatchObject(busy);
  await expect(requireLockFree(request(at))).rejects.toMatchObject(busy);
  expect(shellGetsIt(at.directory)).toBe(true);
  expect(readFileSync(at.path, 'utf8')).toMatch(/^\d+\n$/);
  holder.endInput();
  await holder.ended;
  await (await acquireLock(request(at))).release();
});

test('it is made for those who may write the database, whatever the umask; a run that is only tried makes nothing', async () => {
  const at = places();
  await requireLockFree(request(at));
  expect(existsSync(at.path)).toBe(false);
  const before = process.umask(0o077);
  try {
    await (await acquireLock(request(at, nobody))).release();
  } finally {
    process.umask(before);
  }
  const { mode, gid } = statSync(at.path);
  expect(mode & 0o777).toBe(0o660);
  if (process.geteuid?.() === 0) expect(gid).toBe(nobody);
});

test('a file that was removed while it was taken does not count', async () => {
  const at = places();
  writeFileSync(at.path, '');
  let isGone = false;
  const { run } = request(at);
  await using lock = await acquireLock({
    ...request(at),
    run: async (...call) => {
      const answer = await run(...call);
      // Of the second: the first is our own lock.
      if (existsSync(join(at.directory, 'ctv.lock')) && !isGone && !scriptGetsIt(at.path)) {
        rmSync(at.path);
        isGone = true;
      }
      return answer;
    },
  });
  void lock;
  expect(isGone).toBe(true);
  expect(scriptGetsIt(at.path)).toBe(false);
});

describe('what stands in its place', () => {
  const inPlace: [what: string, make: (path: string, tmp: string) => void, kind: string, says: RegExp][] = [
    [
      'a link to another file',
      (path, tmp) => {
        writeFileSync(join(tmp, 'secret'), 'kept');
        symlinkSync(join(tmp, 'secret'), path);
      },
      'refused',
      /it is a symbolic link/,
    ],
    [
      'a link to nowhere',
      (path, tmp) => symlinkSync(join(tmp, 'new'), path),
      'refused',
      /it is a symbolic link/,
    ],
    ['a link to itself', (path) => symlinkSync(path, path), 'refused', /it is a symbolic link/],
    [
      'a second name of another file',
      (path, tmp) => {
        writeFileSync(join(tmp, 'secret'), 'kept');
        linkSync(join(tmp, 'secret'), path);
      },
      'refused',
      /a hard link/,
    ],
    ['a pipe', (path) => void execFileSync('mkfifo', [path]), 'refused', /no plain file/],
    ['a directory', (path) => mkdirSync(path), 'refused', /no plain file/],
  ];
  test.each(inPlace)('%s is refused at once, and is as it was', async (_, make, kind, says) => {
    const at = places();
    make(at.path, at.tmp);
    for (const tried of [acquireLock, requireLockFree])
      await expect(tried(request(at))).rejects.toMatchObject({
        kind,
        message: expect.stringMatching(says) as unknown,
      });
    expect(existsSync(join(at.tmp, 'new'))).toBe(false);
    if (existsSync(join(at.tmp, 'secret'))) {
      expect(readFileSync(join(at.tmp, 'secret'), 'utf8')).toBe('kept');
      expect(scriptGetsIt(join(at.tmp, 'secret'))).toBe(true);
    }
    expect(shellGetsIt(at.directory)).toBe(true);
  });

  test('a file of a stranger that nobody may open is denied, and not skipped', async () => {
    const at = places();
    mkdirSync(at.directory, { mode: 0o777 });
    chmodSync(at.directory, 0o777);
    writeFileSync(at.path, '', { mode: 0o600 });
    chmodSync(at.path, 0);
    await asNobody(async () => {
      await expect(acquireLock(request(at))).rejects.toMatchObject({
        kind: 'denied',
        hint: expect.stringMatching(/ls -l/) as unknown,
      });
    });
  });

  test.skipIf(process.geteuid?.() !== 0)(
    'of a file of a stranger who holds it, it is said whose it is',
    async () => {
      const at = places();
      writeFileSync(at.path, '');
      chownSync(at.path, nobody, nobody);
      await using holder = spawnLines('flock', ['-n', at.path, 'sh', '-c', 'echo held; read -r word']);
      await holder.line('held');
      await expect(acquireLock(request(at))).rejects.toMatchObject({
        kind: 'busy',
        message: `cannot lock ctv: another program holds ${at.path}, a file of user ${nobody}`,
      });
      holder.endInput();
    },
  );

  test('nothing, where its directory is not there either: said with what there is to do', async () => {
    const at = places();
    await expect(acquireLock(request({ ...at, path: join(at.tmp, 'gone/x.lock') }))).rejects.toMatchObject({
      kind: 'missing',
      hint: expect.stringMatching(/lock_file/) as unknown,
    });
  });
});
