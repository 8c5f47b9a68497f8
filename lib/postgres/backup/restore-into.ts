// pg_restore, of an archive that is held open: what it says of its database, all of it into a database, and the settings and rights of the database
// that it is of.
import type { CommandRunner } from '../../base/command.ts';
import { errorMessage, OpsError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import { programVariables } from './environment.ts';
import { quote } from '../names.ts';
import { sqlState } from '../refusal.ts';
import { type ArchiveHead, headOf, statementsOf } from './archive-head.ts';
import { type Complaint, complaintsIn, findingsOf } from './findings.ts';
import type { Programs } from './programs.ts';
import { withBackupSession } from './session.ts';

export interface Archive {
  readonly fd: number;
  readonly called: string;
  readonly programs: Programs;
  readonly run: CommandRunner;
}

/** Where a program finds the descriptor that it is given. */
const givenFile = '/proc/self/fd/3';
const outputBytesMax = 1024 * 1024;

/**
 * What it says of the database that it is of. Throws OpsError `damaged` for what is no archive, or has not even its list of contents,
 * and `refused` for one of a later version.
 */
export async function readArchive(archive: Archive, signal: AbortSignal): Promise<ArchiveHead> {
  return headOf(await scriptOf(archive, signal));
}

/** The statements that make its database, with its settings, limits and rights, and nothing that is in it. */
async function scriptOf(archive: Archive, signal: AbortSignal): Promise<string> {
  const { fd, called } = archive;
  const args = ['--create', '--schema=holdfast_nothing_has_this_name', '--file=-', givenFile];
  const options = { inheritFd: fd, signal, acceptExitCodes: [0, 1], outputBytesMax };
  const { exitCode, stdout, stderr } = await runRestore(archive, args, options);
  if (exitCode !== 0) throw damaged(called, stderr);
  return stdout;
}

/**
 * Restores all of it into an empty database. What could not be restored is a line each, the same for the same archive; throws
 * OpsError `damaged` where it ended in the middle, `unavailable` where the server went, and `io` where its disk is full.
 */
export async function restoreInto(
  archive: Archive,
  target: PostgresTarget,
  signal: AbortSignal,
): Promise<string[]> {
  const { fd, called } = archive;
  const variables = programVariables(target);
  const options = { inheritFd: fd, signal, variables, acceptExitCodes: [0, 1], outputBytesMax };
  // Publications tell nobody of anything; a subscription would take what is another database's.
  const args = [`--dbname=${asConninfo(target.database)}`, '--no-subscriptions', '--no-password', givenFile];
  const { exitCode, stderr } = await runRestore(archive, args, options);
  const complaints = exitCode === 0 ? [] : complaintsIn(stderr, called);
  if (exitCode !== 0 && !/^pg_restore: warning: errors ignored on restore: \d+$/m.test(stderr))
    throw damaged(called, stderr);
  const said = findingsOf([...complaints, ...(await setUpDatabase(archive, target, signal))]);
  return exitCode !== 0 && said.length === 0
    ? ['not all of it can be restored, and pg_restore does not say what']
    : said;
}

/** Of bytes that are no archive it is told so as a rule; some of them make it crash. */
async function runRestore(
  { called, programs, run }: Archive,
  args: readonly string[],
  options: NonNullable<Parameters<CommandRunner>[2]>,
): Promise<Awaited<ReturnType<CommandRunner>>> {
  try {
    return await run(programs.restore, args, options);
  } catch (error) {
    if (!(error instanceof OpsError) || !crash.test(error.message)) throw error;
    throw new OpsError('damaged', `cannot use ${called}: it is no whole dump: pg_restore crashes on it`, {
      cause: error,
    });
  }
}

const crash = /it was ended by SIG(?:SEGV|ABRT|BUS|ILL|FPE)\b/;

/** So that nothing in a name is taken for an address. */
function asConninfo(name: string): string {
  return `dbname='${name.replace(/['\\]/g, String.raw`\$&`)}'`;
}

function damaged(called: string, stderr: string): OpsError {
  if (/unsupported version \([\d.]+\) in file header/.test(stderr))
    return new OpsError(
      'refused',
      `cannot use ${called}: it is of a later version of PostgreSQL than the server`,
      {
        hint: 'restore it on a server of the version that it is of, or of a later one',
      },
    );
  const said = stderr.split('\n').find((line) => /error:/.test(line)) ?? stderr.split('\n', 1)[0] ?? '';
  const cause = errorMessage(said.replace(/^pg_restore: (error: )?/, '').replaceAll(givenFile, 'it'));
  return new OpsError('damaged', `cannot use ${called}: it is no whole dump: ${cause}`);
}

/** Its settings, limits and rights stand in the archive under the name of the database that it is of. */
async function setUpDatabase(
  archive: Archive,
  target: PostgresTarget,
  signal: AbortSignal,
): Promise<Complaint[]> {
  const statements = statementsOf(await scriptOf(archive, signal), target.database);
  const complaints: Complaint[] = [];
  await withBackupSession(target, { act: `prove ${archive.called}`, signal }, async (connection) => {
    // What a database has of itself, and an archive says nothing of; it was taken from this one until now.
    await connection.run(`grant connect, temporary on database ${quote(target.database)} to public`);
    for (const statement of statements) {
      try {
        await connection.run(statement);
      } catch (error) {
        if (!connection.isOpen || /^5[378]/.test(sqlState(error) ?? '53')) throw error;
        complaints.push({ command: 'DATABASE', said: errorMessage(error) });
      }
    }
  });
  return complaints;
}
