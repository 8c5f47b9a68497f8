// A database to which happens what happens to databases: rows come, change and go, it is vacuumed, gets another page size
// or journal, is put back to what it was, or is exchanged for another one.
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Random } from '../delta-random.ts';

const pageSizes = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536] as const;

/** One kind of change, and how often it comes beside the others. */
type Change = (random: Random, database: LivingDatabase) => string;

export class LivingDatabase {
  readonly path: string;
  readonly #earlier: Buffer[] = [];
  readonly #bytes: number;

  /** Of about so many bytes. */
  constructor(path: string, random: Random, bytes: number) {
    this.path = path;
    this.#bytes = bytes;
    this.begin(random);
  }

  /** Puts a new one in its place. */
  begin(random: Random): string {
    for (const side of ['', '-wal', '-shm', '-journal']) rmSync(this.path + side, { force: true });
    const pageSize = random.pick(pageSizes);
    const vacuum = random.pick(['NONE', 'NONE', 'FULL', 'INCREMENTAL'] as const);
    const reserved = random.chance(0.2) ? random.pick([4, 8, 32]) : 0;
    this.write((database) => {
      database.pragma(`page_size = ${pageSize}`);
      database.pragma(`auto_vacuum = ${vacuum}`);
      database.pragma('user_version = 1');
    });
    if (reserved > 0) keepFree(this.path, reserved);
    this.write((database) => {
      database.exec(`CREATE TABLE ledger (id INTEGER PRIMARY KEY, note TEXT, ballast BLOB);
        CREATE INDEX ledger_note ON ledger (note);
        CREATE TABLE other (a INTEGER PRIMARY KEY, b TEXT)`);
      insert(database, random, this.#bytes * (0.3 + random.next()));
    });
    return `another database, of pages of ${pageSize} bytes, auto-vacuum ${vacuum}, ${reserved} reserved`;
  }

  write(work: (database: Database.Database) => void): void {
    const database = new Database(this.path);
    try {
      database.pragma('synchronous = OFF');
      work(database);
    } finally {
      database.close();
    }
  }

  /** One change, in words. */
  change(random: Random): string {
    const happened = random.pick(changes)(random, this);
    if (random.chance(0.3)) this.#earlier.push(readFileSync(this.path));
    return happened;
  }

  putBack(random: Random): string {
    if (this.#earlier.length === 0) return 'nothing';
    for (const side of ['-wal', '-shm', '-journal']) rmSync(this.path + side, { force: true });
    writeFileSync(this.path, random.pick(this.#earlier));
    return 'put back to what it was';
  }

  copyTo(target: string): void {
    copyFileSync(this.path, target);
  }

  get room(): number {
    return this.#bytes;
  }
}

function insert(database: Database.Database, random: Random, bytes: number): void {
  const add = database.prepare('INSERT INTO ledger (note, ballast) VALUES (?, ?)');
  database.transaction(() => {
    for (let written = 0; written < bytes;) {
      const note = `note ${random.below(1e9)} `.repeat(1 + random.below(6));
      const ballast = Buffer.alloc(random.chance(0.05) ? random.below(60_000) : random.below(600), note);
      add.run(note, ballast);
      written += note.length * 2 + ballast.length;
    }
  })();
}

const changes: readonly Change[] = [
  ...Array<Change>(6).fill((random, living) => {
    living.write((database) => {
      const update = database.prepare('UPDATE ledger SET note = ? WHERE id = ?');
      const last = database.prepare('SELECT max(id) FROM ledger').pluck().get() as number | null;
      database.transaction(() => {
        for (let i = random.below(12); i >= 0; i -= 1)
          update.run(`changed ${random.below(1e9)}`, random.below((last ?? 0) + 1));
      })();
      insert(database, random, random.below(3000));
    });
    return 'rows changed';
  }),
  ...Array<Change>(3).fill((random, living) => {
    living.write((database) => insert(database, random, living.room * random.next() * 0.3));
    return 'it grew';
  }),
  (random, living) => {
    living.write((database) => {
      database.prepare('DELETE FROM ledger WHERE id % ? = 0').run(2 + random.below(5));
      if (random.chance(0.5)) database.pragma('incremental_vacuum');
    });
    return 'rows were deleted';
  },
  (random, living) => {
    living.write((database) => {
      database.prepare('DELETE FROM ledger WHERE id > ?').run(random.below(200));
      database.exec('VACUUM');
    });
    return 'it shrank';
  },
  (_, living) => {
    living.write((database) => void database.exec('VACUUM'));
    return 'VACUUM';
  },
  (random, living) => {
    const pageSize = random.pick(pageSizes);
    living.write((database) => {
      database.pragma('journal_mode = DELETE');
      database.pragma(`page_size = ${pageSize}`);
      database.exec('VACUUM');
    });
    return `pages of ${pageSize} bytes`;
  },
  (random, living) => {
    const mode = random.pick(['WAL', 'DELETE', 'TRUNCATE'] as const);
    living.write((database) => void database.pragma(`journal_mode = ${mode}`));
    return `journal ${mode}`;
  },
  (_, living) => {
    living.write((database) =>
      database.exec(`DROP TABLE IF EXISTS other; CREATE TABLE other (a INTEGER PRIMARY KEY, b TEXT);
        INSERT INTO other SELECT id, note FROM ledger WHERE id % 3 = 1`),
    );
    return 'a table was made anew';
  },
  (random, living) => living.putBack(random),
  (random, living) => (random.chance(0.3) ? living.begin(random) : 'nothing'),
  () => 'nothing',
];

/** Lets each page of a database without tables keep so many bytes free at its end, as a checksum extension has it. */
function keepFree(path: string, bytes: number): void {
  const file = readFileSync(path);
  const pageSize = file.readUInt16BE(16) === 1 ? 65_536 : file.readUInt16BE(16);
  file[20] = bytes;
  file.writeUInt16BE(pageSize - bytes, 105); // where the cells of the first page begin
  writeFileSync(path, file);
}
