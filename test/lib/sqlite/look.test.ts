import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { requireSource } from '../../../lib/sqlite/look.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from './databases.ts';
import { startLockstep } from './lockstep.ts';

test('a closed database is described, and not touched', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path, { journalMode: 'wal', pageSize: 8192 });
  chmodSync(path, 0o640);
  const { size, uid, gid, ctimeNs } = statSync(path, { bigint: true });
  expect(await requireSource(path)).toEqual({
    path: realpathSync(path),
    sizeBytes: Number(size),
    copyBytesMax: Number(size),
    ownership: { uid: Number(uid), gid: Number(gid), mode: 0o640 },
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
