// The demonstration: an app takes bookings, is backed up while it does, loses its database, and gets it back; then its data
// becomes documents, and a database again; and what is wrong is asked for.
// Everything is real: the commands are those of bin/, and the whole story lives in one temporary directory.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
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
  say(`An app takes bookings in ${database}, as fast as it can, and does not stop.`);

  await show('db-backup', 'backup', '--quiet');
  const saved = backedUp();
  say(`That backup holds the first ${saved} bookings, each with its payment. The app went on all the while.`);
  await bookingsReach(saved + 100);
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  const lost = count() - saved;
  say(
    `It has taken ${lost} more since, ${saved + lost} in all, when somebody overwrites the database with zeros.`,
  );
  writeFileSync(database, Buffer.alloc(65_536));

  await show('db-backup', 'backup', '--quiet');
  say('No backup is made of a ruin, and none is lost. The one from before is still there:');
  await show('restore', 'plan', 'latest');
  await show('restore', 'run', 'latest', '--yes', '--quiet');

  await bookingsReach(saved + 100);
  const { restored, since } = check(saved);
  say(
    `Checked one by one: all ${restored} bookings of the backup are back, none torn, none without its payment. ` +
      `The ${lost} that came after it are gone with the ruin; the app runs again and has taken ${since} new ones.`,
  );

  say('The same data as JSON, of one instant while the app writes on: what a person can read in ten years.');
  await show('db-export-json', 'run');
  await show('db-export-json', 'import', '--to', join(home, 'again.db'));
  const again = withDatabase(
    (open) => [...rowsOf(open, 'booking'), ...rowsOf(open, 'payment')],
    join(home, 'again.db'),
  );
  const documents = ['booking', 'payment'].flatMap((table) => readDocument(table));
  if (documents.length === 0 || JSON.stringify(again) !== JSON.stringify(documents))
    throw new Error('the database made of the documents is not what they say');
  say(`A database made of these documents has the same ${documents.length} rows, value for value.`);
  await askWhetherAllIsWell();
  say('That was all: nothing of it is left behind.');
}

async function askWhetherAllIsWell(): Promise<void> {
  say(
    'One command answers whether everything is all right; that no booking is without its payment is a rule of the owner.',
  );
  const before = await show('health-check', '--brief');
  renameSync(join(home, 'store'), join(home, 'store.unplugged'));
  say('Somebody unplugs the disk with the backups:');
  const after = await show('health-check', '--brief');
  renameSync(join(home, 'store.unplugged'), join(home, 'store'));
  const tells = (text: string) => /^\w+ +store /m.test(text);
  if (tells(before) || !tells(after)) throw new Error('the store that is gone is not what is told');
  await show('health-check', 'explain', 'store');
}

function rowsOf(open: Database.Database, table: 'booking' | 'payment'): unknown[] {
  return open.prepare(`SELECT * FROM ${table} ORDER BY rowid`).all();
}

function readDocument(table: string): unknown[] {
  return JSON.parse(readFileSync(join(home, 'documents', `${table}.json`), 'utf8')) as unknown[];
}

function writeConfiguration(): void {
  mkdirSync(join(home, 'documents'));
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

[apps.bookings.export]
directory = "${home}/documents"

[health.sql.assertions.paid]
app = "bookings"
query = "SELECT count(*) FROM booking WHERE id NOT IN (SELECT booking_id FROM payment)"
expect = 0
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

/** How many bookings the backup holds, by its manifest. */
function backedUp(): number {
  const folder = join(home, 'store/backups/bookings');
  const name = readdirSync(folder).find((one) => one.endsWith('.json')) ?? '';
  const { tables } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
    tables: { name: string; rows: number }[];
  };
  return tables.find((table) => table.name === 'booking')?.rows ?? 0;
}

/** Every booking of the backup, and those that the app has taken since; throws unless each is whole and paid for. */
function check(saved: number): { restored: number; since: number } {
  const found = withDatabase((open) => {
    let broken = 0;
    const bookings = open.prepare('SELECT id, guest, seal FROM booking').all() as {
      id: number;
      guest: string;
      seal: string;
    }[];
    for (const { guest, seal } of bookings)
      if (createHash('sha256').update(guest).digest('hex') !== seal) broken += 1;
    const unpaid = open
      .prepare('SELECT count(*) FROM booking LEFT JOIN payment ON booking_id = id WHERE amount IS NULL')
      .pluck()
      .get() as number;
    const restored = bookings.filter(({ id }) => id <= saved).length;
    return { restored, since: bookings.length - restored, broken, unpaid };
  });
  if (found?.restored !== saved || found.broken + found.unpaid > 0)
    throw new Error(`the restored database is not what it should be: ${JSON.stringify(found)}`);
  return found;
}

function withDatabase<Result>(
  work: (open: Database.Database) => Result,
  path = database,
): Result | undefined {
  try {
    const open = new Database(path, { readonly: true, fileMustExist: true });
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
async function show(command: string, ...args: string[]): Promise<string> {
  console.log(bold(`$ ${[command, ...args].join(' ').replaceAll(home, '…')}`));
  const { stdout, stderr } = await run(join(project, 'bin', command), args, { env: environment }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  const lines = `${stdout}${stderr}`.trim().split('\n');
  for (const line of lines) console.log(`    ${line.replace(/^\S+Z (?=\S+: )/, '').replaceAll(home, '…')}`);
  return stdout;
}

/** On a terminal that wants it. */
function bold(text: string): string {
  const isWanted = process.stdout.isTTY && (process.env.NO_COLOR ?? '') === '';
  return isWanted ? `\u001b[1m${text}\u001b[0m` : text;
}

function say(sentence: string): void {
  console.log(sentence.replaceAll(home, '…'));
}
