// A bookings database of CTV's shape, small and the same every time: spots by broadcast month (`Mmm-YY`), who booked them, which
// months are closed, and from which import they came.
import Database from 'better-sqlite3';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const closedYears = [21, 22, 23, 24];
const openYear = 25;
const spotsOfMonth = 150;

/** What the closed years hold, as their assertion wants it. */
export const closedCounts = closedYears.map((year) => [`20${year}`, spotsOfMonth * 12]);

const schema = `
CREATE TABLE agencies (agency_id INTEGER PRIMARY KEY, agency_name TEXT NOT NULL UNIQUE);
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, normalized_name TEXT NOT NULL UNIQUE,
  agency_id INTEGER REFERENCES agencies(agency_id), customer_type TEXT CHECK (customer_type IN ('direct', 'agency')));
CREATE TABLE month_closures (broadcast_month TEXT PRIMARY KEY CHECK (broadcast_month GLOB '[A-Z][a-z][a-z]-[0-9][0-9]'),
  closed_date TEXT NOT NULL, closed_by TEXT NOT NULL);
CREATE TABLE import_batches (batch_id TEXT PRIMARY KEY, import_date TEXT NOT NULL, import_mode TEXT NOT NULL,
  records_imported INTEGER NOT NULL DEFAULT 0);
CREATE TABLE spots (spot_id INTEGER PRIMARY KEY AUTOINCREMENT, bill_code TEXT NOT NULL, air_date TEXT NOT NULL,
  customer_id INTEGER NOT NULL REFERENCES customers(customer_id), gross_rate REAL, station_net REAL,
  broadcast_month TEXT NOT NULL CHECK (broadcast_month GLOB '[A-Z][a-z][a-z]-[0-9][0-9]'),
  import_batch_id TEXT REFERENCES import_batches(batch_id), is_historical INTEGER NOT NULL DEFAULT 0);
CREATE INDEX idx_spots_month ON spots (broadcast_month);
CREATE INDEX idx_spots_customer ON spots (customer_id, broadcast_month);
CREATE INDEX idx_spots_air ON spots (air_date) WHERE is_historical = 0;
CREATE VIEW revenue_by_month AS SELECT broadcast_month, count(*) AS spots, sum(gross_rate) AS gross
  FROM spots GROUP BY broadcast_month;
CREATE VIEW customers_of_agencies AS SELECT agency_name, normalized_name FROM customers JOIN agencies USING (agency_id);
CREATE TRIGGER count_imported AFTER INSERT ON spots WHEN new.import_batch_id IS NOT NULL BEGIN
  UPDATE import_batches SET records_imported = records_imported + 1 WHERE batch_id = new.import_batch_id; END;
CREATE TRIGGER closed_is_historical AFTER INSERT ON month_closures BEGIN
  UPDATE spots SET is_historical = 1 WHERE broadcast_month = new.broadcast_month; END;`;

/** Makes the database at a path where nothing is, with a write-ahead log, and closes it cleanly. */
export function makeSpots(path: string): void {
  const database = new Database(path);
  database.pragma('journal_mode = wal');
  database.exec(schema);
  database.transaction(() => fill(database))();
  database.close();
}

function fill(database: Database.Database): void {
  const insert = (sql: string) => database.prepare(sql);
  const agency = insert('INSERT INTO agencies (agency_name) VALUES (?)');
  for (let i = 1; i <= 6; i += 1) agency.run(`Agency ${i}`);
  const customer = insert(
    'INSERT INTO customers (normalized_name, agency_id, customer_type) VALUES (?, ?, ?)',
  );
  for (let i = 1; i <= 40; i += 1)
    customer.run(`Customer ${i}`, i % 3 === 0 ? (i % 6) + 1 : null, i % 3 === 0 ? 'agency' : 'direct');
  const batch = insert('INSERT INTO import_batches (batch_id, import_date, import_mode) VALUES (?, ?, ?)');
  const spot =
    insert(`INSERT INTO spots (bill_code, air_date, customer_id, gross_rate, station_net, broadcast_month,
    import_batch_id) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const closure = insert("INSERT INTO month_closures VALUES (?, ?, 'Kurt')");
  for (const year of [...closedYears, openYear]) {
    batch.run(`historical_${year}`, `20${year}-12-31`, year === openYear ? 'WEEKLY_UPDATE' : 'HISTORICAL');
    for (const [index, month] of months.entries()) {
      for (let i = 0; i < spotsOfMonth; i += 1) {
        const customerId = ((year * 7 + index * 3 + i) % 40) + 1;
        const date = `20${year}-${String(index + 1).padStart(2, '0')}-${String((i % 28) + 1).padStart(2, '0')}`;
        const rate = 10 + ((i * 37) % 400);
        spot.run(
          `Customer ${customerId}:${month}`,
          date,
          customerId,
          rate,
          rate * 0.85,
          `${month}-${year}`,
          `historical_${year}`,
        );
      }
      if (year !== openYear) closure.run(`${month}-${year}`, `20${year}-12-31`);
    }
  }
}
