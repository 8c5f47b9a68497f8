// A bookings database of a given size for the benchmark: three tables, five indexes, text and blobs, always the same. Four
// of the indexes are in an order that has nothing to do with the order of the rows, as an app's references, tokens and
// addresses are: to check one of those, SQLite looks each row up on a page far from the last.
import Database from 'better-sqlite3';

/** Makes a WAL database of about `megabytes` MB at `path`. */
export function makeLargeDatabase(path: string, megabytes: number): void {
  const database = new Database(path);
  database.pragma('journal_mode = OFF');
  database.pragma('synchronous = OFF');
  database.pragma('cache_size = -500000'); // the pages that the next row belongs on are anywhere
  database.exec(`
    CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, email TEXT);
    CREATE TABLE booking (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer(id), starts_at TEXT,
      reference TEXT, note TEXT);
    CREATE TABLE spot (id INTEGER PRIMARY KEY, booking_id INTEGER REFERENCES booking(id), token TEXT, body BLOB);
    CREATE INDEX booking_customer ON booking (customer_id);
    CREATE INDEX booking_start ON booking (starts_at);
    CREATE INDEX booking_reference ON booking (reference);
    CREATE INDEX customer_email ON customer (email);
    CREATE INDEX spot_token ON spot (token);
  `);
  fill(database, megabytes * 1e6);
  database.pragma('journal_mode = WAL');
  database.close();
}

function fill(database: Database.Database, sizeBytes: number): void {
  const customer = database.prepare('INSERT INTO customer (name, email) VALUES (?, ?)');
  const booking = database.prepare(
    'INSERT INTO booking (customer_id, starts_at, reference, note) VALUES (?, ?, ?, ?)',
  );
  const spot = database.prepare('INSERT INTO spot (booking_id, token, body) VALUES (?, ?, ?)');
  const random = seeded(12_345);
  const batch = () => {
    for (let i = 0; i < 4000; i += 1) {
      const { lastInsertRowid: customerId } = customer.run(`Customer ${random()}`, `${random()}@example.org`);
      for (let j = 0; j < 4; j += 1) {
        const starts = new Date(1.7e12 + random() * 3e10).toISOString();
        const reference = `${random()}`;
        const { lastInsertRowid } = booking.run(
          customerId,
          starts,
          reference,
          'note '.repeat(1 + random() * 20),
        );
        if (j === 0)
          spot.run(lastInsertRowid, `${random()}`, Buffer.alloc(200 + random() * 600, random() * 255));
      }
    }
  };
  const pageSize = database.pragma('page_size', { simple: true }) as number;
  const isFull = () => (database.pragma('page_count', { simple: true }) as number) * pageSize >= sizeBytes;
  database.transaction(() => {
    while (!isFull()) batch();
  })();
}

/** A fixed sequence between 0 and 1 (a linear congruential generator), so that every run measures the same bytes. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}
