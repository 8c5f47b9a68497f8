// The rows of the database of a world with Dropbox: making them many, and comparing them.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { DropboxWorld } from './dropbox-world.ts';

const mebibyte = 1024 * 1024;

/** Makes the database larger by so many MiB that no two blocks are alike in. */
export function addBallast(path: string, mebibytes: number, label = 'ballast'): void {
  const database = new Database(path);
  try {
    database.exec('CREATE TABLE IF NOT EXISTS ballast (label TEXT, bytes BLOB)');
    const insert = database.prepare('INSERT INTO ballast VALUES (?, ?)');
    for (let i = 0; i < mebibytes; i += 1) {
      const name = `${label} ${i}`;
      insert.run(name, createHash('shake256', { outputLength: mebibyte }).update(name).digest());
    }
  } finally {
    database.close();
  }
}

/** What was read already, by file and by content hash: most of what a world holds is looked at more than once. */
const digests = new Map<string, string>();

function once(key: string, read: () => string): string {
  const digest = digests.get(key) ?? read();
  digests.set(key, digest);
  return digest;
}

/** A digest of every row of a database of a world. */
export function rowsDigest(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true });
  return once(`${path} ${ino} ${size} ${mtimeNs}`, () => readRows(path));
}

function readRows(path: string): string {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const hash = createHash('sha256');
    for (const table of ['booking', 'payment', 'ballast']) {
      const isThere = database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined;
      if (!isThere) continue;
      for (const row of database.prepare(`SELECT * FROM ${table} ORDER BY rowid`).raw().iterate()) {
        for (const value of row as unknown[])
          hash.update(value instanceof Buffer ? value : `${String(value)}\n`);
      }
    }
    return hash.digest('hex');
  } finally {
    database.close();
  }
}

/** A digest of every row of a database that lies in the Dropbox. */
export function remoteRowsDigest({ standIn }: DropboxWorld, path: string): string {
  const { contentHash } = standIn.files.list().find((file) => file.path === path) ?? {};
  if (contentHash === undefined) throw new Error(`there is no ${path} in the Dropbox`);
  return once(contentHash, () => rowsDigestOf(standIn.files.bytes(path)));
}

function rowsDigestOf(bytes: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-remote-'));
  try {
    writeFileSync(join(folder, 'remote.db'), bytes);
    return readRows(join(folder, 'remote.db'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
