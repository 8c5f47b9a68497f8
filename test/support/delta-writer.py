# An app that writes its SQLite database as apps do, and worse: random statements out of a seed. A request a line comes on
# stdin, and an answer a line goes out. Each statement runs a second time in a twin in memory, which knows nothing of
# Holdfast: whatever an app could tell from the difference is told.
import json
import random
import re
import sqlite3
import sys

TABLES = [
    'CREATE TABLE item (id INTEGER PRIMARY KEY, email TEXT UNIQUE, v, n INTEGER DEFAULT 5)',
    'CREATE TABLE stop (code TEXT PRIMARY KEY COLLATE NOCASE NOT NULL, label TEXT UNIQUE, v)',
    'CREATE TABLE day (id INTEGER PRIMARY KEY, date TEXT UNIQUE)',
    'CREATE TABLE visit (id INTEGER PRIMARY KEY, day_id INTEGER REFERENCES day (id) ON DELETE CASCADE ON UPDATE CASCADE,'
    ' tag TEXT, n INTEGER, UNIQUE (day_id, tag))',
    'CREATE TABLE pair (a, b TEXT COLLATE NOCASE, v REAL, PRIMARY KEY (a, b)) WITHOUT ROWID',
    'CREATE TABLE loose (x, y TEXT)',
    'CREATE TABLE nullable (k TEXT PRIMARY KEY, v)',
    'CREATE TABLE whole (k INT PRIMARY KEY NOT NULL, v NUMERIC, u UNIQUE)',
    'CREATE TABLE swap (id INTEGER PRIMARY KEY, u UNIQUE ON CONFLICT REPLACE, v BLOB)',
    'CREATE TABLE trimmed (k TEXT COLLATE RTRIM PRIMARY KEY NOT NULL, v)',
    'CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, u TEXT COLLATE NOCASE UNIQUE, r REAL)',
    'CREATE TABLE made (id INTEGER PRIMARY KEY, a, b GENERATED ALWAYS AS (a || 1) STORED, c AS (a) VIRTUAL, UNIQUE (b))',
    'CREATE TABLE "odd ""name" ("a b" INTEGER PRIMARY KEY, "select" TEXT UNIQUE, "seq", "ä" REAL)',
    'CREATE TABLE anything (k PRIMARY KEY NOT NULL, v) WITHOUT ROWID',
    'CREATE TABLE floating (k REAL PRIMARY KEY NOT NULL, v INTEGER)',
    'CREATE TABLE bytes (k BLOB PRIMARY KEY NOT NULL, v TEXT)',
    'CREATE TABLE exact (id INTEGER PRIMARY KEY, t TEXT UNIQUE, r REAL, x ANY) STRICT',
    'CREATE TABLE touched (id INTEGER PRIMARY KEY, v, n INTEGER)',
    'CREATE TABLE tree (id INTEGER PRIMARY KEY, up INTEGER REFERENCES tree (id) ON DELETE SET NULL ON UPDATE CASCADE, v)',
    'CREATE TABLE word (w TEXT NOT NULL, l TEXT NOT NULL, v, PRIMARY KEY (w COLLATE NOCASE, l))',
    'CREATE TABLE rowid_hidden (rowid TEXT, oid INTEGER PRIMARY KEY, v UNIQUE)',
]
EXTRAS = {
    'item': ['CREATE UNIQUE INDEX item_v ON item (v) WHERE n > 3', 'CREATE INDEX item_n ON item (n)'],
    'counted': ['CREATE UNIQUE INDEX counted_low ON counted (lower(u))'],
    'touched': ['CREATE TRIGGER touched_i AFTER INSERT ON touched BEGIN UPDATE touched SET n = -1 WHERE id = NEW.id; END',
                'CREATE TRIGGER touched_d AFTER DELETE ON touched BEGIN UPDATE touched SET v = OLD.id WHERE id = OLD.id + 1; END'],
    'stop': ['CREATE UNIQUE INDEX stop_v ON stop (v COLLATE NOCASE)'],
}
TEXTS = ["''", "'a'", "'A'", "'a '", "'b'", "'B'", "'é'", "'e\u0301'", "'\ufeffmark'", "'\ufffd'", "'1'", "'1.0'", "'😀'", "'it''s'", "'x\ny'",
         "CAST(x'610062' AS TEXT)", "CAST(x'61ff62' AS TEXT)", "CAST(x'eda080' AS TEXT)", "CAST(x'00' AS TEXT)", "CAST(x'efbfbd' AS TEXT)"]
NUMBERS = ['0', '1', '2', '3', '-1', '1.0', '2.0', '-0.0', '0.1 + 0.2', '9007199254740993', '9007199254740992.0', '9223372036854775807',
           '-9223372036854775808', '9e999', '-9e999', '1e300', '5e-324', '9223372036854775807.0', '0.5']
OTHERS = ['NULL', "x''", "x'00ff'", "x'61'", 'zeroblob(300)']
DATES = ["'2026-06-%02d'" % day for day in range(1, 7)] + ['NULL', "'none'"]
POLICIES = ['', '', '', ' OR IGNORE', ' OR FAIL', ' OR ABORT', ' OR ROLLBACK', ' OR REPLACE', ' OR REPLACE']


def name(text):
    return '"' + text.replace('"', '""') + '"'


class Writer:
    def open(self, path, seed, mode='wal', fresh=True, kinds=0, encoding='UTF-8', only=None):
        self.random = random.Random(seed)
        self.app = sqlite3.connect(path, isolation_level=None, timeout=20)
        self.twin = sqlite3.connect(':memory:', isolation_level=None)
        for one in (self.app, self.twin):
            one.text_factory = bytes
            one.execute('PRAGMA encoding = "%s"' % encoding)
        self.app.execute('PRAGMA journal_mode = ' + mode)
        self.app.execute('PRAGMA synchronous = OFF')
        # Only where it is asked for: a power loss takes frames that no checkpoint has seen.
        self.app.execute('PRAGMA wal_autocheckpoint = 0')
        if fresh and kinds != 'none':
            tables = [sql for sql in TABLES if only is None or sql.split()[2] in only]
            for sql in tables if only else self.random.sample(tables, kinds or self.random.randint(3, 7)):
                for each in [sql] + EXTRAS.get(sql.split()[2], []):
                    self.app.execute(each)
        self.pair()
        self.log, self.differences = [], []
        return {}

    def pair(self):
        self.is_open_question = False
        if self.twin.in_transaction:
            self.twin.execute('ROLLBACK')
        self.app.backup(self.twin)
        for kind, called in self.twin.execute("SELECT type, name FROM sqlite_schema WHERE name LIKE '\\_holdfast%' ESCAPE '\\'"
                                              " AND type IN ('table', 'trigger') ORDER BY type = 'table'").fetchall():
            self.twin.execute('DROP %s %s' % (kind.decode(), name(called.decode())))

    def step(self, statements, schema=0.05):
        """Some transactions of statements; what was run is told, so that a test can print it."""
        self.log, self.differences = [], []
        for key in ('foreign_keys', 'recursive_triggers'):
            self.run('PRAGMA %s = %d' % (key, self.random.random() < 0.5))
        left = statements
        while left > 0:
            if self.random.random() < schema:
                self.change_schema()
            inside = self.random.choice([1, 1, 2, 5, 20])
            left -= inside
            if inside == 1:
                self.statement()
                continue
            self.run(self.random.choice(['BEGIN', 'BEGIN IMMEDIATE']))
            for _ in range(inside):
                if self.random.random() < 0.1:
                    self.run('SAVEPOINT s')
                    self.statement()
                    self.run(self.random.choice(['ROLLBACK TO s', 'RELEASE s']))
                self.statement()
            self.end('ROLLBACK' if self.random.random() < 0.1 else 'COMMIT')
        self.compare()
        return {'log': self.log, 'differences': self.differences}

    def sql(self, text):
        self.log, self.differences = [], []
        for each in text if isinstance(text, list) else [text]:
            self.run(each)
        return {'log': self.log, 'differences': self.differences}

    def fill(self, table, rows, width=100):
        """Rows in one transaction, of columns `id` and `v`: the subject is how many, and not what is in them."""
        self.app.execute('BEGIN IMMEDIATE')
        self.app.executemany('INSERT INTO %s (id, v) VALUES (?, ?)' % name(table), ((id, 'x' * width) for id in range(1, rows + 1)))
        self.app.execute('COMMIT')
        return {}

    def checkpoint(self, how='PASSIVE'):
        self.app.execute('PRAGMA wal_checkpoint(%s)' % how)
        return {}

    def close(self):
        self.app.close()
        self.twin.close()
        return {}

    def run(self, sql):
        ours, theirs = self.attempt(self.app, sql), self.attempt(self.twin, sql)
        self.log.append('%s; -- %s' % (sql, ours) if ours else sql)
        # Which row comes first is open where later ones are passed over; and SQLite 3.40 checks less of a table that refers to itself
        # where it has no trigger.
        if re.match(r'UPDATE OR (IGNORE|FAIL|REPLACE)', sql) or 'FOREIGN KEY' in '%s %s' % (ours, theirs):
            self.is_open_question = True
        elif ours != theirs and not self.is_open_question:
            self.differences.append('%s: %s, and without us %s' % (sql, ours, theirs))
        return ours is None

    def attempt(self, database, sql):
        try:
            database.execute(sql)
            return None
        except sqlite3.Error as error:
            return str(error)

    def end(self, how):
        if self.app.in_transaction:
            self.run(how)
        if self.app.in_transaction:
            self.run('ROLLBACK')

    def compare(self):
        for table in self.tables():
            listed = ', '.join('typeof({0}), {0}'.format(name(column)) for column, *_ in self.columns(table))
            rows = 'SELECT %s FROM %s ORDER BY %s' % (listed, name(table), listed)
            if self.app.execute(rows).fetchall() != self.twin.execute(rows).fetchall() and not self.is_open_question:
                self.differences.append('%s holds other rows than without us' % table)
        if self.is_open_question:
            self.pair()

    def tables(self):
        rows = self.app.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
                                " AND name NOT LIKE '\\_holdfast%' ESCAPE '\\' ORDER BY name")
        return [called.decode() for called, in rows]

    def columns(self, table):
        """Name, declared type, place in the key, generated or not."""
        rows = self.app.execute('PRAGMA table_xinfo(%s)' % name(table)).fetchall()
        return [(row[1].decode(), row[2].decode(), row[5], row[6] != 0) for row in rows]

    def is_strict(self, table):
        row = self.app.execute("SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name = ?", [table]).fetchone()
        return row is not None and row[0] == 1

    def statement(self):
        tables = self.tables()
        if tables:
            self.run(self.one(self.random.choice(tables)))

    def one(self, table):
        columns = [column for column in self.columns(table) if not column[3]]
        if not columns:
            return 'DROP TABLE ' + name(table)
        kind, policy = self.random.random(), self.random.choice(POLICIES)
        if kind < 0.45:
            return self.insert(table, columns, policy)
        if kind < 0.80:
            return self.update(table, columns, policy)
        if kind < 0.97:
            return 'DELETE FROM %s WHERE %s' % (name(table), self.where(table, columns))
        if kind < 0.98:
            return 'DELETE FROM ' + name(table)
        listed = ', '.join(name(column) for column, *_ in columns)
        return 'INSERT%s INTO %s (%s) SELECT %s FROM %s LIMIT 3' % (policy, name(table), listed, listed, name(table))

    def insert(self, table, columns, policy):
        chosen = [column for column in columns if column[2] or self.random.random() < 0.85] or columns
        values = ', '.join('(%s)' % ', '.join(self.value(table, column) for column in chosen) for _ in range(self.random.choice([1, 1, 3])))
        upsert = ''
        if self.random.random() < 0.25:
            policy, target = '', self.random.choice(columns)
            upsert = ' ON CONFLICT DO ' + ('NOTHING' if self.random.random() < 0.2 else 'UPDATE SET %s = %s' % (
                name(target[0]), self.random.choice(['excluded.' + name(target[0]), self.value(table, target)])))
        verb = 'REPLACE' if not upsert and self.random.random() < 0.15 else 'INSERT' + policy
        return '%s INTO %s (%s) VALUES %s%s' % (verb, name(table), ', '.join(name(column) for column, *_ in chosen), values, upsert)

    def update(self, table, columns, policy):
        if self.random.random() < 0.12:
            key = self.random.choice([column[0] for column in columns if column[2]] or ['rowid'])
            return 'UPDATE%s %s SET %s = %s %s 1' % (policy, name(table), name(key), name(key), self.random.choice('+-'))
        if self.random.random() < 0.08:
            return 'UPDATE%s %s SET rowid = %d WHERE rowid = %d' % (policy, name(table), self.random.randint(1, 9), self.random.randint(1, 9))
        chosen = self.random.sample(columns, min(len(columns), self.random.choice([1, 1, 2])))
        sets = ', '.join('%s = %s' % (name(column[0]), self.value(table, column)) for column in chosen)
        return 'UPDATE%s %s SET %s WHERE %s' % (policy, name(table), sets, self.where(table, columns))

    def where(self, table, columns):
        column = self.random.choice([column for column in columns if column[2]] * 3 + columns)
        return '%s %s %s' % (name(column[0]), self.random.choice(['IS', 'IS', '=', '<']), self.value(table, column))

    def value(self, table, column):
        called, declared, key, _ = column
        if called == 'date':
            return self.random.choice(DATES)
        if called.endswith('day_id') or called == 'up' or (key and 'INTEGER' in declared):
            # Not the largest: SQLite would draw the next key by lot.
            return str(self.random.randint(1, 12)) if self.random.random() < 0.97 else self.random.choice(
                ['NULL', '0', '-3', '2.0', "'4'", "'x'", '9223372036854775806', '-9223372036854775808'])
        if self.is_strict(table) and declared != 'ANY':
            # Beside a wrong type another flaw of the row may be told first or last.
            return self.random.choice(TEXTS if declared == 'TEXT' else NUMBERS if declared == 'REAL' else ['1', '2', 'NULL'])
        chance = self.random.random()
        if 'TEXT' in declared and chance < 0.8:
            return self.random.choice(TEXTS)
        if ('INT' in declared or 'REAL' in declared) and chance < 0.6:
            return self.random.choice(NUMBERS)
        return self.random.choice(self.random.choice([TEXTS, NUMBERS, OTHERS]))

    def change_schema(self):
        change = self.random.choice([self.rebuild, self.rebuild, self.set_aside, self.add_column, self.add_column, self.drop_column, self.create,
                                     self.drop, self.rename, self.rename_column, self.index, self.vacuum])
        tables = self.tables()
        change(self.random.choice(tables) if tables else None)

    def schema(self, table):
        row = self.app.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", [table]).fetchone()
        return row and row[0].decode()

    def rebuild(self, table):
        """The twelve steps of https://sqlite.org/lang_altertable.html, with writes between them."""
        if table is None:
            return
        listed = ', '.join(name(column) for column, _, _, generated in self.columns(table) if not generated)
        body = self.schema(table)
        body = body[body.index('('):]
        self.run('PRAGMA foreign_keys = 0')
        self.run('BEGIN')
        self.run('CREATE TABLE rebuilt_anew ' + body)
        self.run('INSERT OR IGNORE INTO rebuilt_anew (%s) SELECT %s FROM %s' % (listed, listed, name(table)))
        self.run(self.one('rebuilt_anew'))
        self.run('DROP TABLE ' + name(table))
        self.run('ALTER TABLE rebuilt_anew RENAME TO ' + name(table))
        self.run(self.one(table))
        self.end(self.random.choice(['COMMIT', 'COMMIT', 'ROLLBACK']))

    def set_aside(self, table):
        """As some migrations do it: the old one goes by another name first, and takes its triggers with it."""
        if table is None:
            return
        listed = ', '.join(name(column) for column, _, _, generated in self.columns(table) if not generated)
        sql = self.schema(table)
        self.run('ALTER TABLE %s RENAME TO put_aside' % name(table))
        self.run(sql)
        self.run('INSERT OR IGNORE INTO %s (%s) SELECT %s FROM put_aside' % (name(table), listed, listed))
        if self.random.random() < 0.8:
            self.run('DROP TABLE put_aside')

    def add_column(self, table):
        if table is not None:
            self.run('ALTER TABLE %s ADD COLUMN %s' % (name(table), self.random.choice(
                ["more%d DEFAULT 'new'", 'more%d INTEGER NOT NULL DEFAULT 7', 'more%d', 'more%d REAL DEFAULT 1']) % self.random.randint(1, 4)))

    def drop_column(self, table):
        if table is not None:
            self.run('ALTER TABLE %s DROP COLUMN %s' % (name(table), name(self.random.choice(self.columns(table))[0])))

    def rename_column(self, table):
        if table is not None:
            column = self.random.choice(self.columns(table))[0]
            self.run('ALTER TABLE %s RENAME COLUMN %s TO %s' % (name(table), name(column), name('called%d' % self.random.randint(1, 3))))

    def create(self, _):
        self.run(self.random.choice(TABLES))

    def drop(self, table):
        if table is not None:
            self.run('DROP TABLE ' + name(table))

    def rename(self, table):
        if table is not None:
            self.run('ALTER TABLE %s RENAME TO %s' % (name(table), name('renamed%d' % self.random.randint(1, 3))))

    def index(self, table):
        if table is None:
            return
        if self.random.random() < 0.3:
            self.run('DROP INDEX IF EXISTS late')
        self.run('CREATE UNIQUE INDEX late ON %s (%s)' % (name(table), name(self.random.choice(self.columns(table))[0])))

    def vacuum(self, _):
        self.run('VACUUM')


def answer(writer, line):
    try:
        request = json.loads(line)
        return getattr(writer, request.pop('do'))(**request)
    except Exception as error:  # whatever it was: the test prints it
        return {'error': '%s: %s' % (type(error).__name__, error)}


def main():
    writer = Writer()
    for line in sys.stdin:
        print(json.dumps(answer(writer, line)), flush=True)


main()
