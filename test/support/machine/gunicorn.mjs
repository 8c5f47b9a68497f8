#!/usr/local/bin/node
// In the place of gunicorn in the sample unit: an app that keeps its database open, writes to it all the time, and says
// at /health how many bookings it has. POST /lose deletes them; while the file `unwell` lies beside its data it is not well.
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import Database from '/opt/holdfast/node_modules/better-sqlite3/lib/index.js';

const data = '/opt/apps/ctv-bookedbiz-db/data';
const database = new Database(`${data}/database/production.db`, { timeout: 10_000 });
const book = database.prepare("INSERT INTO booking (guest) VALUES ('walks in')");
const count = database.prepare('SELECT count(*) FROM booking').pluck();

globalThis.setInterval(() => book.run(), 20);
createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/lose')
    database.exec('DELETE FROM payment; DELETE FROM booking');
  response.writeHead(existsSync(`${data}/unwell`) ? 500 : 200).end(`${count.get()}\n`);
}).listen(8000, '127.0.0.1');
