// Which SQLite works on the databases, for a doctor: releases up to 3.51.2 can lose a write where two connections write and check
// point the WAL at once (sqlite.org, "The WAL-reset bug").
import { OpsError } from '../base/errors.ts';
import { fileApps } from '../config/config.ts';
import { sqliteVersion } from '../sqlite/open.ts';
import { type DoctorContext, type Looked, type Part, well } from './doctor.ts';
import { isWal } from './doctor-files.ts';

const timeoutMs = 10_000;

/** What can be asked of the libraries of this machine; what an app brings along itself nobody outside can know. */
const libraries: readonly [called: string, command: string, args: readonly string[]][] = [
  ['sqlite3', 'sqlite3', ['--version']],
  ["Python's sqlite3", 'python3', ['-I', '-c', 'import sqlite3; print(sqlite3.sqlite_version)']],
];

/** Of Holdfast, and of the programs that apps use; where no database has a WAL it makes no difference. */
export const sqlite: Part = async (context) => {
  const found: [called: string, version: string][] = [['Holdfast', sqliteVersion()]];
  for (const [called, command, args] of context.isRunning ? libraries : []) {
    const version = await versionOf(context, command, args);
    if (version !== undefined) found.push([called, version]);
  }
  const affected = found.filter(([, version]) => hasWalResetBug(version));
  const shown = (some: typeof found) => some.map(([called, version]) => `${called} ${version}`).join(', ');
  if (affected.length === 0) return [well('sqlite', shown(found))];
  const walApps: string[] = [];
  for (const { name, database } of fileApps(context.config))
    if (await isWal(context, database).catch(() => undefined)) walApps.push(name);
  if (walApps.length === 0)
    return [well('sqlite', `${shown(found)}; no database that can be read here has a WAL`)];
  return [bugOf(shown(affected), walApps)];
};

function bugOf(affected: string, apps: readonly string[]): Looked {
  return {
    subject: 'sqlite',
    verdict: 'warning',
    message:
      `${affected}: before 3.51.3 SQLite can, very rarely, lose writes of a database with a WAL ` +
      `where two connections write at once, which ${apps.join(', ')} may have`,
    hint:
      'sudo apt-get install --only-upgrade libsqlite3-0; where there is no newer one, ' +
      'let one process of the app write, and see which it has: select sqlite_version()',
  };
}

async function versionOf(
  { run, signal }: DoctorContext,
  command: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    const { stdout } = await run(command, args, { timeoutMs, signal });
    return /^\d+\.\d+\.\d+/.exec(stdout.trim())?.[0];
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    signal.throwIfAborted();
    return undefined; // not installed, or not able to say
  }
}

/** From 3.7.0 on; mended in 3.51.3, and in 3.50.7 and 3.44.6 of the older lines. */
export function hasWalResetBug(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major !== 3 || minor < 7 || minor > 51) return false;
  if (minor === 51) return patch < 3;
  if (minor === 50) return patch < 7;
  return minor !== 44 || patch < 6;
}
