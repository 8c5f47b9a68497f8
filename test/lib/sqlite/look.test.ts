import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { requireSource } from '../../../lib/sqlite/look.ts';
import { asNobody, nobody } from '../../support/as-nobody.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from './databases.ts';
import { startLockstep } from './lockstep.ts';

test('a closed database is described, and not touched', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path, { journalMode: 'wal', pageSize: 8192 });
  chmodSync(path, 0o640);
  const { size, uid, gid, ctimeNs, dev, ino } = statSync(path, { bigint: true });
  expect(await requireSource(path)).toEqual({
    path: realpathSync(path),
    file: { device: dev, inode: ino },
    sizeBytes: Number(size),
    copyBytesMax: Number(size),
    ownership: { uid: Number(uid), gid: Number(gid), mode: 0o640 },
    setUp: { journalMode: 'wal' },
    remarks: ['WAL'],
    walBytes: undefined,
    wal: true,
    pageSize: 8192,
  });
  expect(readdirSync(dirname(path))).toEqual(['app.db']);
  expect(statSync(path, { bigint: true }).ctimeNs).toBe(ctimeNs);
});

test('the log of an app that has it open is counted', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path, { journalMode: 'wal' });
  const app = await startLockstep();
  app.open(path);
  app.exec("UPDATE ledger SET note = 'new'");
  const { walBytes, sizeBytes, copyBytesMax } = await requireSource(path);
  expect(copyBytesMax).toBe(sizeBytes + (walBytes ?? 0));
  expect(walBytes).toBe(statSync(`${path}-wal`).size);
  expect(walBytes).toBeGreaterThan(4096);
});

test('a symbolic link leads to the file beside which SQLite keeps the log', async () => {
  const folder = scratch();
  const path = join(folder, 'app.db');
  makeLedger(path);
  mkdirSync(join(folder, 'etc'));
  symlinkSync(path, join(folder, 'etc/current.db'));
  expect(await requireSource(join(folder, 'etc/current.db'))).toMatchObject({ path: realpathSync(path) });
});

const refusals: [string, (path: string) => void, object][] = [
  ['nothing', () => undefined, { kind: 'missing', hint: expect.stringContaining('configuration') as string }],
  ['an empty file', (path) => writeFileSync(path, ''), { kind: 'missing' }],
  ['a directory', (path) => mkdirSync(path), { kind: 'missing' }],
  ['a pipe', (path) => void execFileSync('mkfifo', [path]), { kind: 'missing' }],
  ['a link to itself', (path) => symlinkSync(path, path), { kind: 'missing' }],
  ['half a header', (path) => writeFileSync(path, 'SQLite format 3\0'), { kind: 'damaged' }],
  ['text', (path) => writeFileSync(path, 'guest\n'.repeat(50)), { kind: 'damaged' }],
  [
    'random bytes',
    (path) => writeFileSync(path, randomBytes(4096)),
    { kind: 'damaged', message: expect.stringContaining('looks encrypted') as string },
  ],
  [
    'a backup that was not unpacked',
    (path) => writeFileSync(path, gzipSync(randomBytes(4096))),
    { kind: 'damaged', message: expect.stringContaining('not a SQLite database but a gzip file') as string },
  ],
];

test.each(refusals)('%s is no database', async (_, make, error) => {
  const path = join(scratch(), 'app.db');
  make(path);
  await expect(requireSource(path)).rejects.toMatchObject({
    message: expect.stringMatching(`^cannot read the database ${path}: `) as string,
    ...error,
  });
});

test('a path that leads through a file is missing', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  await expect(requireSource(join(path, 'app.db'))).rejects.toMatchObject({ kind: 'missing' });
});

test('a file that may not be read is denied', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  chmodSync(dirname(path), 0o755);
  chmodSync(path, 0);
  await asNobody(async () => {
    await expect(requireSource(path)).rejects.toMatchObject({ kind: 'denied' });
  });
});

const sideFiles: [string, (path: string) => void, string][] = [
  ['a link', (path) => symlinkSync('/etc/passwd', path), 'is a symbolic link'],
  ['a link to nothing', (path) => symlinkSync('nowhere', path), 'is a symbolic link'],
  ['a pipe', (path) => void execFileSync('mkfifo', [path]), 'is not a regular file'],
  ['a directory', (path) => mkdirSync(path), 'is a directory'],
];

test.each(['wal', 'delete'] as const)(
  'beside a database with journal_mode=%s, what is no file is refused, whatever its name',
  async (journalMode) => {
    for (const [, make, flaw] of sideFiles)
      for (const suffix of ['-wal', '-shm', '-journal']) {
        const path = join(scratch(), 'app.db');
        makeLedger(path, { journalMode });
        make(path + suffix);
        await expect(requireSource(path)).rejects.toMatchObject({
          kind: 'refused',
          message: `cannot read the database ${path}: ${path}${suffix} ${flaw}`,
        });
      }
  },
);

describe.skipIf(process.geteuid?.() !== 0)('in a directory of the app (skipped unless run as root)', () => {
  const [appUid, otherUid, ourUid] = [4321, 4322, 0];
  const linkable = { 'the file': 'link.db', 'its directory': 'link/app.db' };

  /** Directories of two apps, each with a database; a link to the second, and one to its directory, in the first. */
  function twoApps({ linkUid, fileUid, far }: { linkUid: number; fileUid: number; far: boolean }): string {
    const root = realpathSync(scratch());
    chmodSync(root, 0o755);
    for (const [name, uid] of [
      ['a', appUid],
      ['b', fileUid],
    ] as const) {
      mkdirSync(join(root, name));
      makeLedger(join(root, name, 'app.db'));
      chmodSync(join(root, name, 'app.db'), 0o644);
      for (const path of [join(root, name), join(root, name, 'app.db')]) chownSync(path, uid, uid);
    }
    const to = far ? join(root, 'b') : '../b';
    symlinkSync('two.db', join(root, 'a', 'link.db'));
    symlinkSync(join(to, 'app.db'), join(root, 'a', 'two.db'));
    symlinkSync(to, join(root, 'a', 'link'));
    for (const name of ['link.db', 'two.db', 'link']) lchownSync(join(root, 'a', name), linkUid, linkUid);
    return root;
  }

  const cases: [string, { linkUid: number; fileUid: number; as: number; followed: boolean }][] = [
    ['root', { linkUid: 0, fileUid: otherUid, as: ourUid, followed: true }],
    ['root, and read by a user', { linkUid: 0, fileUid: otherUid, as: nobody, followed: true }],
    ['the reader', { linkUid: nobody, fileUid: otherUid, as: nobody, followed: true }],
    ["the file's owner", { linkUid: otherUid, fileUid: otherUid, as: ourUid, followed: true }],
    ['the app, to a file of another', { linkUid: appUid, fileUid: otherUid, as: ourUid, followed: false }],
    ['the app, read by a user', { linkUid: appUid, fileUid: otherUid, as: nobody, followed: false }],
    ['the app, to a file of root', { linkUid: appUid, fileUid: 0, as: ourUid, followed: false }],
    ['the app, to a file of the reader', { linkUid: appUid, fileUid: nobody, as: nobody, followed: false }],
  ];

  test.each(cases)('a link made by %s', async (_, { linkUid, fileUid, as, followed }) => {
    for (const far of [true, false])
      for (const path of Object.values(linkable)) {
        const root = twoApps({ linkUid, fileUid, far });
        const look = () => requireSource(join(root, 'a', path));
        const looked = as === nobody ? asNobody(look) : look();
        if (followed) expect(await looked).toMatchObject({ path: join(root, 'b', 'app.db') });
        else
          await expect(looked).rejects.toMatchObject({
            kind: 'refused',
            message: expect.stringMatching(
              `^cannot read the database ${join(root, 'a', path)}: .* is a link that user ${linkUid} made`,
            ) as string,
          });
      }
  });

  test.each([
    ['of another app', { directory: appUid, mode: 0o2770, file: otherUid, refused: true }],
    ['of root', { directory: appUid, mode: 0o2770, file: 0, refused: true }],
    ['of another, where a group may write', { directory: 0, mode: 0o2770, file: appUid, refused: true }],
    ['of the app itself', { directory: appUid, mode: 0o2770, file: appUid, refused: false }],
    ['where nobody else may write', { directory: 0, mode: 0o755, file: appUid, refused: false }],
  ])('a hard link to a file %s', async (_, { directory, mode, file, refused }) => {
    for (const suffix of ['', '-wal', '-shm', '-journal']) {
      const folder = realpathSync(scratch());
      const path = join(folder, 'app.db');
      makeLedger(path);
      chownSync(path, directory, 0);
      if (suffix !== '') writeFileSync(path + suffix, '');
      chownSync(path + suffix, file, 0);
      linkSync(path + suffix, join(scratch(), 'elsewhere'));
      chownSync(folder, directory, 0);
      chmodSync(folder, mode);
      const looked = requireSource(path);
      if (!refused) await looked;
      else
        await expect(looked).rejects.toMatchObject({
          kind: 'refused',
          message: expect.stringMatching(/2 names \(hard links\)/) as string,
        });
    }
  });
});
