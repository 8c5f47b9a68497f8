// What a database has to live with where Litestream (0.3) runs beside it: two tables of its own in it, a connection that makes no checkpoint
// by itself and keeps a read transaction open from one checkpoint to the next, a directory beside the database with what it has
// read of the log, and its replica. A start that finds another database begins a new generation, with a whole copy.
//   litestream.ts <database> <replica>
import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import Database from 'better-sqlite3';

const [path = '', replica = ''] = process.argv.slice(2);
const checkpointEveryMs = 500;
const meta = join(dirname(path), `.${basename(path)}-litestream`);

const database = new Database(path, { timeout: 1000 });
database.pragma('journal_mode = WAL');
database.pragma('wal_autocheckpoint = 0');
database.exec(`CREATE TABLE IF NOT EXISTS _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
  CREATE TABLE IF NOT EXISTS _litestream_lock (id INTEGER);`);
const read = () => database.exec('BEGIN; SELECT count(*) FROM _litestream_seq');
read();

const generation = begin();
globalThis.setInterval(checkpoint, checkpointEveryMs);
console.log(`serving generation ${generation}`);
process.on('SIGTERM', () => process.exit(0)); // its hook keeps SQLite from removing the log

function begin(): string {
  const [current, header] = [
    join(meta, 'generation'),
    createHash('sha256').update(logHeader()).digest('hex'),
  ];
  const kept = existsSync(current) ? readFileSync(current, 'utf8').split('\n') : [];
  if (kept[1] === header) return kept[0] ?? '';
  const name = randomBytes(8).toString('hex');
  for (const place of [
    join(meta, 'generations', name, 'wal'),
    join(replica, 'generations', name, 'snapshots'),
  ])
    mkdirSync(place, { recursive: true });
  writeFileSync(current, `${name}\n${header}`);
  copyFileSync(path, join(replica, 'generations', name, 'snapshots/00000000.snapshot.lz4'));
  return name;
}

function checkpoint(): void {
  try {
    copyFileSync(`${path}-wal`, join(meta, 'generations', generation, 'wal/00000000.wal'));
    database.exec('COMMIT');
    database.pragma('wal_checkpoint(PASSIVE)');
    database.exec('INSERT INTO _litestream_seq VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1');
  } catch (error) {
    console.log(`sync error: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!database.inTransaction) read();
}

function logHeader(): Buffer {
  return existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`).subarray(0, 32) : Buffer.alloc(0);
}
