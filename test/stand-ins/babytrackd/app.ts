// babytrackd as its database sees it: write-ahead log, five seconds of patience, and every change of an entry stamped with its
// family's next number. It changes something all the time, and answers at /health.
//   app.ts <database> <port> <version> [<megabytes to begin with>]
// POST /entries takes what a client has, newer than what is there; GET /state says what was refused, and what was written.
import { createServer } from 'node:http';
import process from 'node:process';
import { randomUUID } from 'node:crypto';
import Database from 'better-sqlite3';

interface Entry {
  id: string;
  family_id: string;
  ts: number;
  type: string;
  value: string;
  deleted: number;
  updated_at: number;
}

const [path = '', port = '', version = '', megabytes = '0'] = process.argv.slice(2);
const families = 3;
const pauseMs = 10;

const database = new Database(path, { timeout: 5000 });
database.pragma('journal_mode = WAL');
database.exec(`CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS admins (id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS admin_sessions (token TEXT PRIMARY KEY, admin_id INTEGER NOT NULL REFERENCES admins(id), expires_at INTEGER);
  CREATE TABLE IF NOT EXISTS families (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, seq INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS access_links (token TEXT PRIMARY KEY, family_id TEXT NOT NULL REFERENCES families(id));
  CREATE TABLE IF NOT EXISTS configs (family_id TEXT PRIMARY KEY REFERENCES families(id), data TEXT NOT NULL, updated_at INTEGER);
  CREATE TABLE IF NOT EXISTS entries (id TEXT NOT NULL PRIMARY KEY, family_id TEXT NOT NULL REFERENCES families(id), ts INTEGER NOT NULL,
    type TEXT NOT NULL, value TEXT NOT NULL DEFAULT '', deleted INTEGER NOT NULL DEFAULT 0, updated_at INTEGER NOT NULL,
    seq INTEGER NOT NULL DEFAULT 0);
  CREATE INDEX IF NOT EXISTS entries_by_seq ON entries (family_id, seq);
  INSERT INTO schema_version SELECT 2 WHERE NOT EXISTS (SELECT 1 FROM schema_version)`);

const join = database.prepare(`INSERT OR IGNORE INTO families (id, name) VALUES (?, ?)`);
for (let family = 0; family < families; family += 1) join.run(`family-${family}`, `Family ${family}`);

const known = database.prepare<[string], { updated_at: number }>(
  'SELECT updated_at FROM entries WHERE id = ?',
);
const next = database.prepare('UPDATE families SET seq = seq + 1 WHERE id = ? RETURNING seq').pluck();
const write =
  database.prepare(`INSERT INTO entries VALUES (@id, @family_id, @ts, @type, @value, @deleted, @updated_at, @seq)
  ON CONFLICT (id) DO UPDATE SET value = excluded.value, deleted = excluded.deleted, updated_at = excluded.updated_at, seq = excluded.seq`);
const take = database.transaction((entry: Entry): boolean => {
  if ((known.get(entry.id)?.updated_at ?? -1) >= entry.updated_at) return false;
  write.run({ ...entry, seq: next.get(entry.family_id) });
  return true;
});

const state = { written: 0, refused: [] as string[] };
const recent: Entry[] = [];

fill(Number(megabytes));
globalThis.setInterval(work, pauseMs);

createServer((request, response) => {
  if (request.url === '/health') return void response.end(JSON.stringify({ ok: true, version }));
  if (request.url === '/state') return void response.end(JSON.stringify(state));
  let body = '';
  request
    .on('data', (part: Buffer) => (body += part.toString()))
    .on('end', () => response.end(JSON.stringify({ taken: take.immediate(JSON.parse(body) as Entry) })));
}).listen(Number(port), '127.0.0.1', () => console.log('serving'));

process.on('SIGTERM', () => {
  database.close();
  process.exit(0);
});

/** Three in four are new, the others change or delete one of the last. */
function work(): void {
  const old = state.written % 4 === 3 ? recent[state.written % recent.length] : undefined;
  const updated_at = Math.max(Date.now(), (old?.updated_at ?? 0) + 1);
  const entry: Entry =
    old === undefined
      ? { ...fresh(), updated_at }
      : { ...old, value: `changed ${state.written}`, deleted: state.written % 8 === 7 ? 1 : 0, updated_at };
  try {
    take.immediate(entry);
  } catch (error) {
    state.refused.push(error instanceof Error ? error.message : String(error));
    return;
  }
  recent[state.written % 100] = entry;
  state.written += 1;
}

function fresh(): Entry {
  const now = Date.now();
  const family_id = `family-${state.written % families}`;
  return {
    ...{ id: randomUUID(), family_id, ts: now, type: 'feed' },
    ...{ value: '120 ml', deleted: 0, updated_at: now },
  };
}

/** Years of entries, of about a kilobyte each with their notes. */
function fill(size: number): void {
  if (size === 0 || Number(database.prepare('SELECT count(*) FROM entries').pluck().get()) > 0) return;
  database.exec(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${size * 800})
    INSERT INTO entries SELECT lower(hex(randomblob(16))), 'family-' || (i % ${families}), 1700000000000 + i, 'note', hex(randomblob(500)), 0,
      1700000000000 + i, i / ${families} + 1 FROM n;
    UPDATE families SET seq = (SELECT max(seq) FROM entries WHERE family_id = families.id)`);
}
