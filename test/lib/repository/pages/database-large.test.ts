// A database beyond 1 GiB, where SQLite keeps a page for its locks that holds nothing, in little memory.
import Database from 'better-sqlite3';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FileDigest } from '../../../../lib/files/digest.ts';
import { digestFile } from '../../../../lib/files/hash-file.ts';
import { encodePages } from '../../../../lib/repository/pages/encode.ts';
import { changedPages, digestPages } from '../../../../lib/repository/pages/page-digests.ts';
import { rebuildPages } from '../../../../lib/repository/pages/rebuild.ts';
import { linkOf } from '../../../support/page-files.ts';
import { scratch } from '../../../support/scratch.ts';

const pageSize = 65_536;

test('a database of more than 1 GiB, and a small change of it, are rebuilt byte for byte', async () => {
  const directory = scratch('/var/tmp'); // not in memory
  const path = join(directory, 'large.db');
  const kept = join(directory, 'kept.db');
  makeLarge(path);
  copyFileSync(path, kept);
  const full = { path: kept, digests: await digestPages(kept, { pageSize }) };
  change(path);
  const now = await digestPages(path, { pageSize });
  const after = await digestFile(path);
  expect(after.sizeBytes).toBeGreaterThan(2 ** 30 + 2 ** 20);
  const pages = changedPages(full.digests, now);
  const shape = { pageSize, directory };

  const ofFull = await collect(
    encodePages({
      ...shape,
      database: kept,
      pageCount: full.digests.pageCount,
      pages: 'all',
      full: undefined,
      partBytesMax: 60_000,
    }),
  );
  for (const object of ofFull) object.path = moved(object.path, 'full');
  expect(ofFull.length).toBeGreaterThan(1);
  const ofIncrement = await collect(
    encodePages({ ...shape, database: path, pageCount: now.pageCount, pages, full }),
  );
  expect(ofIncrement.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeLessThan(10_000);

  const chain = [
    linkOf('full', full.digests.pageCount * pageSize, ofFull),
    linkOf('increment', after.sizeBytes, ofIncrement),
  ];
  const target = join(directory, 'rebuilt.db');
  expect((await rebuildPages({ target, chain })).sha256).toBe(after.sha256);
});

async function collect(objects: AsyncGenerator<FileDigest>): Promise<FileDigest[]> {
  const all: FileDigest[] = [];
  for await (const object of objects) all.push(object);
  return all;
}

function makeLarge(path: string): void {
  const database = new Database(path);
  database.pragma(`page_size = ${pageSize}`);
  database.pragma('journal_mode = OFF');
  database.pragma('synchronous = OFF');
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB)');
  for (let row = 0; row < 17; row += 1) database.exec('INSERT INTO t (v) VALUES (zeroblob(65536 * 1000))');
  database.exec(`INSERT INTO t (v) VALUES ('beyond the page of the locks')`);
  database.close();
}

/** A page before it, one behind, and new ones. */
function change(path: string): void {
  const database = new Database(path);
  database.exec(`UPDATE t SET v = 'changed' WHERE id = 18; INSERT INTO t (v) VALUES (zeroblob(300000));
    CREATE TABLE u (v); INSERT INTO u VALUES (1)`);
  expect(database.pragma('quick_check', { simple: true })).toBe('ok');
  database.close();
}

/** Out of the way of the objects that are made next. */
function moved(path: string, name: string): string {
  const to = path.replace(/part-/, `${name}-`);
  copyFileSync(path, to);
  rmSync(path);
  return to;
}
