// Commits as fast as it can until SIGTERM, then prints how many commits there were and the longest one took.
import Database from 'better-sqlite3';

const database = new Database(process.argv[2] ?? '');
database.pragma('synchronous = NORMAL');
database.pragma('busy_timeout = 60000');
const write = database.prepare("UPDATE booking SET note = note || '.' WHERE id = ?");
const count = database.prepare('SELECT max(id) FROM booking').pluck().get() as number;

let [commits, longestMs, stopping] = [0, 0, false];
process.on('SIGTERM', () => (stopping = true));
process.stdout.write('ready\n');

commit();

function commit(): void {
  for (let i = 0; i < 50; i += 1) {
    const started = performance.now();
    write.run(1 + ((commits * 7919) % count));
    longestMs = Math.max(longestMs, performance.now() - started);
    commits += 1;
  }
  if (!stopping) return void setImmediate(commit);
  database.close();
  process.stdout.write(`${JSON.stringify({ commits, longestMs })}\n`);
}
