// A bookings database of a given size for the benchmark: three tables, two indexes, text and blobs, always the same.
import Database from 'better-sqlite3';

/** Makes a WAL database of about `megabytes` MB at `path`. */
export function makeLargeDatabase(path: string, megabytes: number): void {
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = OFF');
  database.exec(`
    CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, email TEXT);
    CREATE TABLE booking (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer(id), starts_at TEXT, note TEXT);
    CREATE TABLE spot (id INTEGER PRIMARY KEY, booking_id INTEGER REFERENCES booking(id), body BLOB);
    CREATE INDEX booking_customer ON booking (customer_id);
    CREATE INDEX booking_start ON booking (starts_at);
  `);
  const customer = database.prepare('INSERT INTO customer (name, email) VALUES (?, ?)');
  const booking = database.prepare('INSERT INTO booking (customer_id, starts_at, note) VALUES (?, ?, ?)');
  const spot = database.prepare('INSERT INTO spot (booking_id, body) VALUES (?, ?)');
  const random = seeded(12_345);
  const batch = database.transaction(() => {
    for (let i = 0; i < 4000; i += 1) {
      const { lastInsertRowid: customerId } = customer.run(`Customer ${random()}`, `${random()}@example.org`);
      for (let j = 0; j < 4; j += 1) {
        const starts = new Date(1.7e12 + random() * 3e10).toISOString();
        const { lastInsertRowid } = booking.run(customerId, starts, 'note '.repeat(1 + random() * 20));
        if (j === 0) spot.run(lastInsertRowid, Buffer.alloc(200 + random() * 600, random() * 255));
      }
    }
  });
  const pageSize = database.pragma('page_size', { simple: true }) as number;
  while ((database.pragma('page_count', { simple: true }) as number) * pageSize < megabytes * 1e6) batch();
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
}

/** A fixed sequence between 0 and 1 (a linear congruential generator), so that every run measures the same bytes. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}
