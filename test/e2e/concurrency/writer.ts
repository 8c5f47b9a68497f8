// An app that commits as fast as it can, on two connections, with checkpoints, VACUUM and schema changes in between.
// It ends by itself: with its commands, or after so many commits.
//   writer.ts <path> <commits at most> <user to become, or "-">
//
// Commands, one a line: "status" -> "status <last entry this process has committed>"
//                       "advance" -> "advanced <entry>" after one more commit
// At the end: "stopped <last entry>"
import process from 'node:process';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { accounts, checksumAfter } from './ledger.ts';

const [path = '', commitsMax = '', user = '-'] = process.argv.slice(2);
if (user !== '-') {
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
}

/** Between two of these lie many commits. Some fail beside another writer, which is none of our concern. */
const upkeep = [
  'PRAGMA wal_checkpoint(PASSIVE)',
  'CREATE INDEX entry_amount ON entry (amount)',
  'PRAGMA wal_checkpoint(TRUNCATE)',
  'ALTER TABLE entry ADD COLUMN note TEXT',
  'PRAGMA wal_checkpoint(RESTART)',
  'DROP INDEX entry_amount',
  'ALTER TABLE entry DROP COLUMN note',
  'VACUUM',
];
const commitsBetween = 400;

const connections = [connect(), connect()];
let [commits, last, stopping] = [0, 0, false];
const waiting: (() => void)[] = [];

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'status') console.log(`status ${last}`);
    if (line === 'advance') waiting.push(() => console.log(`advanced ${last}`));
  })
  .on('close', () => (stopping = true));
console.log('ready');
work();

function work(): void {
  for (let i = 0; i < 20; i += 1) {
    last = connections[commits % 2]?.transfer() ?? last;
    commits += 1;
    if (commits % commitsBetween === 0)
      connections[0]?.maintain(upkeep[(commits / commitsBetween) % upkeep.length] ?? '');
  }
  for (const tell of waiting.splice(0)) tell();
  if (!stopping && commits < Number(commitsMax)) return void setImmediate(work);
  for (const connection of connections) connection.close();
  console.log(`stopped ${last}`);
  process.stdin.destroy();
}

function connect() {
  const database = new Database(path, { timeout: 60_000 });
  database.pragma('synchronous = OFF'); // nothing here survives a power cut, and none is simulated
  const newest = database.prepare('SELECT seq, checksum FROM entry ORDER BY seq DESC LIMIT 1');
  const append = database.prepare('INSERT INTO entry (seq, amount, checksum) VALUES (?, ?, ?)');
  const take = database.prepare('UPDATE cash SET amount = amount - ? WHERE id = ?');
  const give = database.prepare('UPDATE bank SET amount = amount + ? WHERE id = ?');
  const transfer = database.transaction((): number => {
    const before = (newest.get() ?? { seq: 0, checksum: 0 }) as { seq: number; checksum: number };
    const seq = before.seq + 1;
    const amount = (seq * 7919) % 100;
    append.run(seq, amount, checksumAfter(before.checksum, seq, amount));
    take.run(amount, 1 + (seq % accounts));
    give.run(amount, 1 + ((seq * 31) % accounts));
    return seq;
  });
  return {
    transfer: (): number => transfer.immediate(),
    maintain(sql: string): void {
      try {
        database.exec(sql);
      } catch {
        // The other writer is at it, or has done it already.
      }
    },
    close: () => void database.close(),
  };
}
