// A small app for the demonstration: takes bookings without a pause, each in one transaction over two tables.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';

const [path = '', pidFile = ''] = process.argv.slice(2);
const database = new Database(path);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = NORMAL');
database.exec(`
  CREATE TABLE IF NOT EXISTS booking (id INTEGER PRIMARY KEY, guest TEXT NOT NULL, seal TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS payment (booking_id INTEGER PRIMARY KEY REFERENCES booking(id), amount INTEGER NOT NULL);
`);
const book = database.prepare('INSERT INTO booking (guest, seal) VALUES (?, ?)');
const pay = database.prepare('INSERT INTO payment VALUES (?, ?)');

let stopping = false;
process.on('SIGTERM', () => (stopping = true));
writeFileSync(pidFile, String(process.pid));

takeBookings();

function takeBookings(): void {
  for (let i = 0; i < 20; i += 1) {
    database.transaction(() => {
      const guest = `Guest ${Math.random().toString(36).slice(2)} ${'of a long name '.repeat(8)}`;
      const { lastInsertRowid } = book.run(guest, createHash('sha256').update(guest).digest('hex'));
      pay.run(lastInsertRowid, 100 + (Number(lastInsertRowid) % 900));
    })();
  }
  if (stopping) {
    database.close();
    return;
  }
  setTimeout(takeBookings, 2);
}
