// What happens to the generated database between two nights: 1,600 rows come, 2,000 change.
import Database from 'better-sqlite3';

const newRows = 1600;
const changedRows = 2000;

/** One night, each of another number: as the rows there are, one customer to four bookings, and to one spot. */
export function changeNight(path: string, night: number): void {
  const database = new Database(path);
  const random = seeded(night);
  const last = database.prepare('SELECT max(id) FROM booking').pluck().get() as number;
  const customer = database.prepare('INSERT INTO customer (name, email) VALUES (?, ?)');
  const booking = database.prepare(
    'INSERT INTO booking (customer_id, starts_at, reference, note) VALUES (?, ?, ?, ?)',
  );
  const spot = database.prepare('INSERT INTO spot (booking_id, token, body) VALUES (?, ?, ?)');
  const update = database.prepare('UPDATE booking SET note = ? WHERE id = ?');
  database.transaction(() => {
    for (let made = 0; made < newRows;) {
      const { lastInsertRowid: of } = customer.run(`Customer ${random()}`, `${random()}@example.org`);
      made += 1;
      for (let i = 0; i < 4 && made < newRows; i += 1, made += 1) {
        const starts = new Date(1.7e12 + random() * 3e10).toISOString();
        const { lastInsertRowid } = booking.run(of, starts, `${random()}`, 'note '.repeat(1 + random() * 20));
        if (i > 0 || made + 1 >= newRows) continue;
        spot.run(lastInsertRowid, `${random()}`, Buffer.alloc(200 + random() * 600, random() * 255));
        made += 1;
      }
    }
    for (let i = 0; i < changedRows; i += 1)
      update.run(`seen ${night} `.repeat(1 + random() * 10), 1 + Math.floor(random() * last));
  })();
  database.close();
}

function seeded(seed: number): () => number {
  let state = seed * 7919 + 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}
