// A small web app over CTV's bookings, as a process: it reads, and it writes a spot of this year every few milliseconds.
//   node app.mjs <database> <port> <file for its pid>
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { clearInterval, setInterval } from 'node:timers';
import Database from 'better-sqlite3';

const [path, port, pidFile] = process.argv.slice(2);
const database = new Database(path, { fileMustExist: true });
database.pragma('busy_timeout = 5000');
const count = database.prepare('SELECT count(*) AS n FROM spots WHERE substr(broadcast_month, -2) = ?');
const book =
  database.prepare(`INSERT INTO spots (bill_code, air_date, customer_id, gross_rate, station_net, broadcast_month)
  VALUES ('walk-in', '2025-06-15', 1, 50, 42.5, 'Jun-25')`);
// As a spreadsheet with one column too far to the left would do it: a month of a closed year again.
const badImport =
  database.prepare(`INSERT INTO spots (bill_code, air_date, customer_id, gross_rate, station_net, broadcast_month)
  SELECT bill_code, air_date, customer_id, gross_rate, station_net, 'Mar-23' FROM spots WHERE broadcast_month = 'Mar-25'`);

const answers = {
  '/health': () => ({ status: 'ok', spots: count.get('25').n }),
  '/year/2023': () => ({ spots: count.get('23').n }),
  '/import': () => ({ imported: badImport.run().changes }),
};

const server = createServer((request, response) => {
  try {
    const answer = answers[request.url]?.();
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? {}));
  } catch (error) {
    response.writeHead(500);
    response.end(String(error));
  }
});
server.listen(Number(port), '127.0.0.1', () => writeFileSync(pidFile, `${process.pid}\n`));
const writer = setInterval(() => book.run(), 20);
process.on('SIGTERM', () => {
  clearInterval(writer);
  server.closeAllConnections();
  server.close();
  database.close();
  process.exit(0);
});
