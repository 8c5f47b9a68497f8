// What pg_restore said, sorted: what of an archive cannot be restored as it is, each with its cure, is a finding; what the server did in
// the middle says nothing of the archive.
import { OpsError } from '../../base/errors.ts';
import type { ErrorKind } from '../../base/exit-code.ts';
import { clip } from '../../base/printable.ts';
import { quote } from '../names.ts';

/** A statement of an archive that failed, and what the server said. */
export interface Complaint {
  readonly command: string | undefined;
  readonly said: string;
}

const commandCharactersMax = 80;

/** In what was written beside a restore. Throws OpsError where it was the server that failed. */
export function complaintsIn(stderr: string, called: string): Complaint[] {
  const complaints = stderr.split(/^(?=pg_restore: )/m).flatMap(complaintIn);
  for (const { said } of complaints) {
    const trouble = troubles.find(([pattern]) => pattern.test(said));
    if (trouble === undefined) continue;
    const [, kind, cause, hint] = trouble;
    throw new OpsError(kind, `cannot prove ${called}: ${cause} (it says "${said}")`, { hint });
  }
  return complaints;
}

function complaintIn(text: string): Complaint[] {
  const said = /^pg_restore: error: (?:could not execute query: )?(?:ERROR: +)?(.+)$/m.exec(text)?.[1];
  return said === undefined ? [] : [{ command: /^Command was: (.+)$/m.exec(text)?.[1], said }];
}

const itsLog = 'what it says itself is in its log; nothing was stored';

/** Of the server, and not of what is restored into it. */
const troubles: readonly (readonly [RegExp, ErrorKind, string, string])[] = [
  [
    /No space left on device|could not extend file|[Dd]isk quota exceeded|temp_file_limit/,
    'io',
    'the disk of the server is full',
    'make room there: df -h; nothing was stored',
  ],
  [/out of (?:shared )?memory|max_locks_per_transaction/, 'io', 'the server is out of memory', itsLog],
  [
    /could not (?:read|write|open|fsync) (?:block|file|to file)|invalid page in block|Input\/output error/,
    'io',
    'the disk of the server fails it',
    itsLog,
  ],
  [
    /server closed the connection|terminating connection|connection to server|the database system is|no connection to the server/,
    'unavailable',
    'the server went while it was restored',
    'look whether it runs, and what its log says; nothing was stored',
  ],
  [
    /canceling statement due to|deadlock detected|too many connections|remaining connection slots/,
    'unavailable',
    'the server ended it',
    itsLog,
  ],
];

/** One sentence each, the same for the same archive: what the server lacks first, and then what failed for other reasons. */
export function findingsOf(complaints: readonly Complaint[]): string[] {
  const lacking = new Map<string, number>();
  const others = new Set<string>();
  for (const { command, said } of complaints) {
    const lack = lackOf(said);
    if (lack !== undefined) lacking.set(lack, (lacking.get(lack) ?? 0) + 1);
    else others.add(sentenceOf(command, said));
  }
  const lacks = [...lacking].map(([lack, count]) => lack.replace('#', String(count)));
  return [...lacks.sort(), ...[...others].sort()];
}

/** What is to be made on a server before anything is restored there. */
function lackOf(said: string): string | undefined {
  const role = /^role "(.+)" does not exist$/.exec(said)?.[1];
  if (role !== undefined)
    return `the server has no role ${quote(role)}, and # of the statements fail without: make it as the manifest says, such as: create role ${quote(role)}`;
  const extension = /^extension "(.+)" (?:is not available|does not exist)$/.exec(said)?.[1];
  return extension === undefined
    ? undefined
    : `the server has no extension ${quote(extension)}, and # of the statements fail without: install its package on that machine, such as postgresql-contrib`;
}

function sentenceOf(command: string | undefined, said: string): string {
  const cause = `${said}${cureOf(said)}`;
  return command === undefined
    ? cause
    : `${clip(command, commandCharactersMax)} cannot be restored: ${cause}`;
}

function cureOf(said: string): string {
  return cures.find(([pattern]) => pattern.test(said))?.[1] ?? '';
}

const cures: readonly (readonly [RegExp, string])[] = [
  // A restore has an empty search path, and so does every index, view and check that calls a function in it.
  [
    /(?:relation|function|type|operator) [^.]* does not exist/,
    ': a function relies on search_path; let it have its own: alter function … set search_path = public, pg_temp',
  ],
  [/^permission denied to set parameter/, ': only a superuser restores that'],
  [/^ICU is not supported/, ': the server was built without it, and that of the database was not'],
];
