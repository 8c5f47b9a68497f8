// Databases as chance makes and changes them: every page size, auto-vacuum, bytes that are kept free at the end of each page, WAL;
// rows that come, go and grow, VACUUM, a return to an older state, and another database in the place of this one.
import Database from 'better-sqlite3';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from './delta-random.ts';

const pageSizes = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];

/** One live database, and the states in which it was. */
export interface RandomDatabase {
  /** Changes it, and returns its bytes: what a snapshot of it has. */
  change(): Buffer;
  /** What was changed last, for who reads of a failure. */
  readonly last: string;
}

/** Makes one in `directory`, of at most a few hundred pages. */
export function makeRandomDatabase(directory: string, random: Random): RandomDatabase {
  const path = join(directory, 'live.db');
  const states: Buffer[] = [];
  const run = (work: (database: Database.Database) => void) => {
    const database = new Database(path);
    try {
      work(database);
    } finally {
      database.close();
    }
  };
  const create = () => {
    for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${ending}`, { force: true });
    const pageSize = random.pick(pageSizes);
    run((database) => {
      database.pragma(`page_size = ${pageSize}`);
      database.pragma(`auto_vacuum = ${random.below(3)}`);
      database.exec('VACUUM');
    });
    if (random.chance(0.3)) reserve(path, pageSize, 1 + random.below(Math.min(32, pageSize - 480)));
    run((database) => {
      database.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB); CREATE INDEX t_a ON t (a)`);
      insert(database, random, Math.min(pageSize * 60, 400_000));
    });
  };
  const changes: Record<string, () => void> = {
    insert: () =>
      run((database) =>
        insert(database, random, Math.min(pageSizeOf(database) * (1 + random.below(20)), 200_000)),
      ),
    update: () =>
      run((database) => {
        const text = randomBytes(6).toString('hex');
        database.prepare('UPDATE t SET a = ? || id WHERE id % ? = 0').run(text, 2 + random.below(60));
      }),
    remove: () =>
      run((database) => void database.prepare('DELETE FROM t WHERE id % 7 = ?').run(random.below(7))),
    shrink: () =>
      run((database) =>
        database.exec('DELETE FROM t WHERE id > (SELECT max(id) / 2 FROM t); PRAGMA incremental_vacuum'),
      ),
    table: () =>
      run((database) => database.exec(`CREATE TABLE IF NOT EXISTS u AS SELECT * FROM t; DROP TABLE u`)),
    vacuum: () => run((database) => database.exec('VACUUM')),
    wal: () => run((database) => database.pragma(`journal_mode = ${random.pick(['WAL', 'DELETE'])}`)),
    'page size': () =>
      run((database) => {
        database.pragma('journal_mode = DELETE');
        database.pragma(`page_size = ${random.pick(pageSizes)}`);
        database.exec('VACUUM');
      }),
    'an older state': () => writeFileSync(path, random.pick(states)),
    'another database': create,
    nothing: () => undefined,
  };
  let last = 'create';
  create();
  return {
    get last() {
      return last;
    },
    change() {
      if (states.length > 0) {
        last = random.pick(Object.keys(changes));
        changes[last]?.();
      }
      states.push(readFileSync(path)); // each connection but none is closed: the log is in the file
      return states.at(-1) ?? Buffer.alloc(0);
    },
  };
}

function pageSizeOf(database: Database.Database): number {
  return database.pragma('page_size', { simple: true }) as number;
}

function insert(database: Database.Database, random: Random, bytes: number): void {
  const statement = database.prepare('INSERT INTO t (a, b) VALUES (?, ?)');
  database.transaction(() => {
    for (let left = bytes; left > 0;) {
      const blob = random.chance(0.5)
        ? randomBytes(random.below(200))
        : Buffer.alloc(random.below(4000), 'words ');
      statement.run(randomBytes(4).toString('hex'), blob);
      left -= blob.length + 30;
    }
  })();
}

/** Keeps bytes free at the end of each page, as extensions that sign or encrypt pages do: of a database without a table. */
function reserve(path: string, pageSize: number, bytes: number): void {
  const page = readFileSync(path);
  page.writeUInt8(bytes, 20);
  page.writeUInt16BE(pageSize - bytes, 105); // where the cells of the first page begin: there are none
  writeFileSync(path, page);
  const database = new Database(path);
  database.exec('VACUUM');
  const found = database.pragma('integrity_check', { simple: true });
  database.close();
  if (found !== 'ok' || readFileSync(path).readUInt8(20) !== bytes)
    throw new Error('no bytes could be reserved');
}
