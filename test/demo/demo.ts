// The demonstration: an app takes bookings, is backed up while it does, loses its database, and gets it back.
// Everything is real: the commands are those of bin/, and the whole story lives in one temporary directory.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';

const run = promisify(execFile);
const project = resolve(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'holdfast-demo-'));
const database = join(home, 'bookings.db');
const pidFile = join(home, 'app.pid');
const environment = { ...process.env, HOLDFAST_CONFIG: join(home, 'holdfast.toml') };
const appCommand = `'${process.execPath}' '${join(import.meta.dirname, 'app.ts')}' '${database}' '${pidFile}'`;

try {
  await demonstrate();
} finally {
  stopApp();
  rmSync(home, { recursive: true, force: true });
}

async function demonstrate(): Promise<void> {
  writeConfiguration();
  startApp();
  await bookingsReach(1500);
  say(`An app takes bookings in ${database}, ${count()} so far, and does not stop.`);

  await show('db-backup', 'backup', '--quiet');
  say(`It went on meanwhile: ${count()} bookings now. Then somebody overwrites the database with zeros.`);
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  writeFileSync(database, Buffer.alloc(65_536));

  await show('db-backup', 'backup', '--quiet');
  say('No backup is made of a ruin, and none is lost. The one from before is still there:');
  await show('restore', 'plan', 'latest');
  await show('restore', 'run', 'latest', '--yes', '--quiet');

  const proof = check();
  say(
    `Checked booking by booking: ${proof.bookings} are there, ${proof.broken} torn, ${proof.unpaid} without their payment.`,
  );
  await bookingsReach(proof.bookings + 100);
  say(
    `The app is running again and has taken ${count() - proof.bookings} more since. That was all: npm run demo cleans up.`,
  );
}

function writeConfiguration(): void {
  writeFileSync(
    join(home, 'holdfast.toml'),
    `
state_directory = "${home}/state"
run_directory = "${home}/run"

[store]
kind = "directory"
path = "${home}/store"

[apps.bookings]
database = "${database}"
stop = "kill $(cat '${pidFile}') 2>/dev/null || true"
start = "rm -f '${pidFile}'; setsid ${appCommand.replaceAll('"', '\\"')} >/dev/null 2>&1 &"
health = { command = "test -s '${pidFile}'", timeout_seconds = 30 }
`,
  );
}

function startApp(): void {
  const child = spawn('/bin/sh', ['-c', `exec ${appCommand}`], { detached: true, stdio: 'ignore' });
  child.unref();
}

function stopApp(): void {
  if (!existsSync(pidFile)) return;
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  } catch {
    // it has ended already
  }
}

/** Waits until the app has taken that many, looking whenever a file of the database changes. */
async function bookingsReach(wanted: number): Promise<void> {
  const controller = new AbortController();
  const deadline = AbortSignal.timeout(30_000);
  const { promise, resolve: reached, reject } = Promise.withResolvers<void>();
  deadline.addEventListener('abort', () => reject(new Error('the app did not start')));
  watch(home, { signal: controller.signal }, () => {
    if (count() >= wanted) reached();
  });
  await promise;
  controller.abort();
}

function count(): number {
  return withDatabase((open) => open.prepare('SELECT count(*) FROM booking').pluck().get() as number) ?? 0;
}

function check(): { bookings: number; broken: number; unpaid: number } {
  const found = withDatabase((open) => {
    let [bookings, broken] = [0, 0];
    for (const { guest, seal } of open.prepare('SELECT guest, seal FROM booking').iterate() as Iterable<{
      guest: string;
      seal: string;
    }>) {
      bookings += 1;
      if (createHash('sha256').update(guest).digest('hex') !== seal) broken += 1;
    }
    const unpaid = open
      .prepare('SELECT count(*) FROM booking LEFT JOIN payment ON booking_id = id WHERE amount IS NULL')
      .pluck()
      .get() as number;
    return { bookings, broken, unpaid };
  });
  if (found === undefined || found.bookings === 0 || found.broken + found.unpaid > 0) {
    throw new Error(`the restored database is not what it should be: ${JSON.stringify(found)}`);
  }
  return found;
}

function withDatabase<Result>(work: (open: Database.Database) => Result): Result | undefined {
  try {
    const open = new Database(database, { readonly: true, fileMustExist: true });
    try {
      return work(open);
    } finally {
      open.close();
    }
  } catch (error) {
    // Not made yet, or its tables are not: the app is only starting.
    if (error instanceof Database.SqliteError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Runs one of our commands as a reader would type it, and shows what it says. */
async function show(command: string, ...args: string[]): Promise<void> {
  console.log(`\u001b[1m$ ${[command, ...args].join(' ')}\u001b[0m`);
  const { stdout, stderr } = await run(join(project, 'bin', command), args, { env: environment }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  const lines = `${stdout}${stderr}`.trim().split('\n');
  for (const line of lines) console.log(`    ${line.replace(/^\S+Z (?=\S+: )/, '').replaceAll(home, '…')}`);
}

function say(sentence: string): void {
  console.log(sentence.replaceAll(home, '…'));
}
