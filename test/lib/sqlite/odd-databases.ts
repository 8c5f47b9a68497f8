// Databases as apps really have them: everything SQLite allows, and what needs something that only the app brings.
import Database from 'better-sqlite3';

type Build = (database: Database.Database) => void;

/** Makes a closed database at `path`. */
export function makeOdd(path: string, build: Build): void {
  const database = new Database(path);
  database.pragma('foreign_keys = OFF');
  database.pragma('synchronous = OFF');
  build(database);
  database.close();
}

/**
 * Replaces words in the stored schema. So a collation, function, module or tokenizer gets a name that is known neither
 * here nor in the code under test: only the app has it.
 */
export function renameInSchema(database: Database.Database, from: string, to: string): void {
  database.unsafeMode(true);
  database.pragma('writable_schema = ON');
  database.prepare('UPDATE sqlite_schema SET sql = replace(sql, ?, ?)').run(from, to);
  database.pragma('writable_schema = RESET');
  database.unsafeMode(false);
}

const twoRows = "INSERT INTO t (a) VALUES ('x'), ('y')";
const blobs = 'INSERT INTO t SELECT zeroblob(3000) FROM pragma_function_list LIMIT 20';

/** In the order of their bytes, in which SQLite sorts them. */
const oddNames = [
  '',
  ' ',
  '100',
  '[x]',
  '__proto__',
  'a"b',
  'a.b',
  'constructor',
  "it's",
  'select',
  'sqlite',
  'x\ny',
  'ÄÖ',
  '🎉',
];

/** Databases that SQLite alone can check in full, with the rows of each table. */
export const ordinary: Record<string, { build: Build; tables: [name: string, rows: number][] }> = {
  'no table at all': {
    build: (db) => void db.pragma('user_version = 1'),
    tables: [],
  },
  'negative user_version and application_id': {
    build: (db) => void db.exec('PRAGMA user_version = -5; PRAGMA application_id = -7'),
    tables: [],
  },
  'text in UTF-16': {
    build: (db) =>
      void db.exec("PRAGMA encoding = 'UTF-16be'; CREATE TABLE t (a); INSERT INTO t VALUES ('ä€🎉')"),
    tables: [['t', 1]],
  },
  'auto_vacuum full': {
    build: (db) =>
      void db.exec(`PRAGMA auto_vacuum = FULL; CREATE TABLE t (a); ${blobs}; DELETE FROM t WHERE rowid < 9`),
    tables: [['t', 12]],
  },
  'auto_vacuum incremental, with free pages': {
    build: (db) =>
      void db.exec(
        `PRAGMA auto_vacuum = INCREMENTAL; CREATE TABLE t (a); ${blobs}; DELETE FROM t WHERE rowid < 9`,
      ),
    tables: [['t', 12]],
  },
  'a table WITHOUT ROWID': {
    build: (db) => void db.exec(`CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID; ${twoRows}`),
    tables: [['t', 2]],
  },
  'a STRICT table': {
    build: (db) => void db.exec(`CREATE TABLE t (a TEXT, b INT) STRICT; ${twoRows}`),
    tables: [['t', 2]],
  },
  'generated columns': {
    build: (db) =>
      void db.exec(
        `CREATE TABLE t (a, b AS (upper(a)) VIRTUAL NOT NULL, c AS (lower(a)) STORED); ${twoRows}`,
      ),
    tables: [['t', 2]],
  },
  'views and triggers': {
    build: (db) =>
      void db.exec(`CREATE TABLE t (a); CREATE TABLE log (a); CREATE VIEW v AS SELECT a FROM t;
        CREATE TRIGGER t_insert AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END; ${twoRows}`),
    tables: [
      ['log', 2],
      ['t', 2],
    ],
  },
  'AUTOINCREMENT and statistics': {
    build: (db) =>
      void db.exec(
        `CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a); CREATE INDEX i ON t (a); ${twoRows}; ANALYZE`,
      ),
    tables: [
      ['sqlite_sequence', 1],
      ['sqlite_stat1', 1],
      ['sqlite_stat4', 2],
      ['t', 2],
    ],
  },
  'an FTS5 index over a table': {
    build: (db) =>
      void db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, a); ${twoRows};
        CREATE VIRTUAL TABLE search USING fts5 (a, content = 't', content_rowid = 'id');
        INSERT INTO search (search) VALUES ('rebuild')`),
    tables: [
      ['search_config', 1],
      ['search_data', 3],
      ['search_docsize', 2],
      ['search_idx', 1],
      ['t', 2],
    ],
  },
  'an R-Tree': {
    build: (db) =>
      void db.exec('CREATE VIRTUAL TABLE r USING rtree (id, x0, x1); INSERT INTO r VALUES (1, 2, 3)'),
    tables: [
      ['r_node', 1],
      ['r_parent', 0],
      ['r_rowid', 1],
    ],
  },
  'names that are words of SQL, of JavaScript, or hardly names': {
    build(db) {
      for (const name of oddNames) {
        const quoted = `"${name.replaceAll('"', '""')}"`;
        db.exec(`CREATE TABLE ${quoted} (a); INSERT INTO ${quoted} VALUES (1)`);
      }
    },
    tables: oddNames.map((name) => [name, 1]),
  },
  'foreign keys that are broken': {
    build: (db) =>
      void db.exec(
        `CREATE TABLE p (a UNIQUE); CREATE TABLE t (a REFERENCES p (a)); ${twoRows}; INSERT INTO p VALUES ('x')`,
      ),
    tables: [
      ['p', 1],
      ['t', 2],
    ],
  },
};

/** Databases for which SQLite lacks something, and the tables that can be checked only in part for it. */
export const withTheAppOnly: Record<
  string,
  { build: Build; rows: Record<string, number>; partly: string[] }
> = {
  'a collation of an index': {
    build(db) {
      db.exec(`CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a COLLATE NOCASE); ${twoRows}`);
      renameInSchema(db, 'NOCASE', 'german');
    },
    rows: { t: 2 },
    partly: ['t'],
  },
  'a collation of a unique column': {
    build(db) {
      db.exec(`CREATE TABLE t (a TEXT COLLATE NOCASE UNIQUE); CREATE TABLE other (a); ${twoRows}`);
      renameInSchema(db, 'NOCASE', 'german');
    },
    rows: { t: 2, other: 0 },
    partly: ['t'],
  },
  'the collation of a table WITHOUT ROWID of many pages': {
    build(db) {
      db.exec('CREATE TABLE t (a TEXT COLLATE NOCASE PRIMARY KEY, b) WITHOUT ROWID');
      const insert = db.prepare('INSERT INTO t VALUES (?, zeroblob(500))');
      for (let i = 0; i < 300; i += 1) insert.run(`row ${i}`);
      renameInSchema(db, 'NOCASE', 'german');
    },
    rows: { t: 300 },
    partly: ['t'],
  },
  'a function of an index': {
    build(db) {
      db.exec(`CREATE TABLE t (a TEXT); CREATE INDEX i ON t (upper(a)); ${twoRows}`);
      renameInSchema(db, 'upper', 'title_sort');
    },
    rows: { t: 2 },
    partly: ['t'],
  },
  'a function of a generated column': {
    build(db) {
      db.exec(`CREATE TABLE t (a TEXT, b TEXT AS (upper(a)) NOT NULL); ${twoRows}`);
      renameInSchema(db, 'upper', 'title_sort');
    },
    rows: { t: 2 },
    partly: ['t'],
  },
  'the module of a virtual table': {
    build(db) {
      db.exec(
        `CREATE TABLE t (a); ${twoRows}; CREATE VIRTUAL TABLE g USING rtree (id, x0, x1); INSERT INTO g VALUES (1, 2, 3)`,
      );
      renameInSchema(db, 'USING rtree', 'USING VirtualSpatialIndex');
    },
    rows: { g_node: 1, g_parent: 0, g_rowid: 1, t: 2 },
    partly: [],
  },
  'the tokenizer of an FTS5 table': {
    build(db) {
      db.exec(
        `CREATE TABLE t (a); ${twoRows}; CREATE VIRTUAL TABLE f USING fts5 (a, tokenize = 'porter'); INSERT INTO f VALUES ('hello')`,
      );
      renameInSchema(db, "'porter'", "'snowball'");
    },
    rows: { f_config: 1, f_content: 1, f_data: 3, f_docsize: 1, f_idx: 1, t: 2 },
    partly: ['f'],
  },
  'the tokenizer of an FTS4 table': {
    build(db) {
      db.exec(
        `CREATE TABLE t (a); ${twoRows}; CREATE VIRTUAL TABLE f USING fts4 (a, tokenize=porter); INSERT INTO f VALUES ('hello')`,
      );
      renameInSchema(db, 'tokenize=porter', 'tokenize=icu de_DE');
    },
    rows: { f_content: 1, f_docsize: 1, f_segdir: 1, f_segments: 0, f_stat: 1, t: 2 },
    partly: ['f'],
  },
  'the collation of the parent of a foreign key': {
    build(db) {
      db.exec(
        `CREATE TABLE p (a TEXT COLLATE NOCASE PRIMARY KEY); CREATE TABLE t (a REFERENCES p (a)); ${twoRows}`,
      );
      renameInSchema(db, 'NOCASE', 'german');
    },
    rows: { p: 0, t: 2 },
    partly: ['p'],
  },
};
