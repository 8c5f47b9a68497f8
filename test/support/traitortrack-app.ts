// TraitorTrack under gunicorn, as far as its database meets it: scans without a pause, and connects again at once when it is thrown
// out. A word a scan on its output.
import pg from 'pg';

let isOver = false;
process.on('SIGTERM', () => {
  isOver = true;
});

async function work(): Promise<void> {
  const client = new pg.Client({ application_name: 'gunicorn' }); // by the variables of libpq
  client.on('error', () => undefined);
  try {
    await client.connect();
    while (!isOver) {
      await client.query(`insert into scan (child_bag_id, user_id, location) values (1, 1, 'gate of today')`);
      process.stdout.write('scanned\n');
    }
  } catch {
    // Whatever it was, the next request tries again.
  }
  await client.end().catch(() => undefined);
}

while (!isOver) await work();
