// SQLite databases as sources, in each journal mode.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { sqliteSource } from '../../lib/sqlite/sqlite-source.ts';
import { checksumAfter, makeLedger, requireCommittedState } from '../e2e/concurrency/ledger.ts';
import { startLockstep } from '../lib/sqlite/lockstep.ts';
import { nobody } from '../support/as-nobody.ts';
import { scratch } from '../support/scratch.ts';
import { spawnTypeScript } from '../support/spawn-lines.ts';
import { sourceSuite } from './source-suite.ts';
import type { BusyApp, PatientApp, SourceKind, SourceWorld } from './source-world.ts';

const writer = join(import.meta.dirname, '../e2e/concurrency/writer.ts');
const user = process.geteuid?.() === 0 ? String(nobody) : '-';

const page = 4096;

function sqlite(journalMode: 'wal' | 'delete'): SourceKind {
  return {
    isFile: true,
    open: (sizeBytes = 0) => openWorld(journalMode, sizeBytes),
    unusable: [
      { what: 'nothing', kind: 'missing', make: () => undefined },
      { what: 'an empty file', kind: 'missing', make: (path) => writeFileSync(path, '') },
      { what: 'a directory', kind: 'missing', make: (path) => mkdirSync(path) },
      { what: 'a pipe', kind: 'missing', make: (path) => void execFileSync('mkfifo', [path]) },
      { what: 'a text', kind: 'damaged', make: (path) => writeFileSync(path, 'guest\n'.repeat(50)) },
      { what: 'half a header', kind: 'damaged', make: (path) => writeFileSync(path, 'SQLite format 3\0') },
      { what: 'encrypted bytes', kind: 'damaged', make: (path) => writeFileSync(path, randomBytes(page)) },
    ],
    damages: [
      { what: 'is cut inside its last page', damage: (file) => truncateSync(file, statSync(file).size - 7) },
      { what: 'lacks its last page', damage: (file) => truncateSync(file, statSync(file).size - page) },
      { what: 'has another beginning', damage: (file) => overwrite(file, 0, 'no database') },
      { what: 'has a page of rubbish', damage: (file) => overwrite(file, page, '?'.repeat(page)) },
      { what: 'holds what its schema forbids', damage: breakSchema },
    ],
  };
}

function overwrite(file: string, at: number, text: string): void {
  const bytes = readFileSync(file);
  bytes.write(text, at);
  writeFileSync(file, bytes);
}

/** All of it can be read: only a check of every row finds this. */
function breakSchema(file: string): void {
  const database = new Database(file);
  database.unsafeMode();
  database.exec('UPDATE cash SET paper = NULL WHERE id = 1; PRAGMA writable_schema = ON;');
  database.exec("UPDATE sqlite_schema SET sql = replace(sql, 'paper BLOB', 'paper BLOB NOT NULL')");
  database.close();
}

function openWorld(journalMode: 'wal' | 'delete', sizeBytes: number): SourceWorld {
  const directory = join(scratch(), 'app');
  mkdirSync(directory);
  const path = join(directory, 'app.db');
  makeLedger(path, journalMode, sizeBytes);
  chmodSync(path, 0o640);
  if (user !== '-') {
    chmodSync(join(directory, '..'), 0o755);
    for (const name of [directory, path]) chownSync(name, nobody, nobody);
  }
  return {
    source: sqliteSource(path),
    directory,
    startBusyApp: () => startBusyApp(path),
    startPatientApp: () => startPatientApp(path),
    newestIn: requireCommittedState,
    sourceOf: sqliteSource,
    exchange() {
      copyFileSync(path, `${path}.new`);
      renameSync(`${path}.new`, path);
    },
  };
}

async function startBusyApp(path: string): Promise<BusyApp> {
  const app = spawnTypeScript(writer, [path, '2000000', user]);
  onTestFinished(() => app.kill('SIGKILL'));
  await app.line('ready');
  const ask = async (question: string, answer: RegExp) => {
    app.write(`${question}\n`);
    return Number((await app.line(answer)).split(' ')[1]);
  };
  return {
    newest: () => ask('status', /^status /),
    advance: async () => void (await ask('advance', /^advanced /)),
    kill: () => app.kill('SIGKILL'),
  };
}

async function startPatientApp(path: string): Promise<PatientApp> {
  const app = await startLockstep();
  app.open(path);
  let [seq, checksum] = [0, 0];
  const append = () => {
    seq += 1;
    checksum = checksumAfter(checksum, seq, 0);
    const done = app.exec(`INSERT INTO entry VALUES (${seq}, 0, ${checksum})`);
    if (done !== 'ok') throw new Error(done);
  };
  return {
    commit: append,
    begin() {
      app.exec('BEGIN IMMEDIATE');
      append();
    },
  };
}

sourceSuite('SQLite with a write-ahead log', sqlite('wal'));
sourceSuite('SQLite with a rollback journal', sqlite('delete'));
