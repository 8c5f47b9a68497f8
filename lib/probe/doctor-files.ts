// Files as a doctor reads them: those of the system itself directly, and those below somebody's mount through a program that can be
// given up.
import { constants } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { ifPathThere } from '../files/if-there.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import type { DoctorContext } from './doctor.ts';

const textBytesMax = 1024 * 1024;
const timeoutMs = 10_000;

/**
 * The text of a file of the system; undefined where there is none, and `''` for what is no file, such as the device that a
 * masked unit leads to. Throws OpsError where it cannot be read.
 */
export async function textAt(root: string, path: string): Promise<string | undefined> {
  try {
    const read = readSmallFile(join(root, path), { sizeBytesMax: textBytesMax, follow: true, called: path });
    return (await ifPathThere(read))?.bytes.toString('utf8');
  } catch (error) {
    if (error instanceof OpsError || errorCode(error) === 'ELOOP') return '';
    throw systemError(`read ${path}`, error);
  }
}

/** The names in a directory of the system, in order; none where there is none. Throws OpsError where it cannot be read. */
export async function namesAt(root: string, path: string): Promise<string[]> {
  try {
    return ((await ifPathThere(readdir(join(root, path)))) ?? []).sort();
  } catch (error) {
    throw systemError(`read ${path}`, error);
  }
}

/** What `stat` says of a path. */
export interface Status {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly isDirectory: boolean;
}

/**
 * What is at paths that may lie on a dead mount; a link is what it leads to. Without those that are not there. Throws OpsError
 * `denied` where a part of one may not be entered, `unavailable` where there is no answer.
 */
export async function statusesOf(
  { root, signal, ask }: Pick<DoctorContext, 'root' | 'signal' | 'ask'>,
  paths: readonly string[],
): Promise<Map<string, Status>> {
  const shown = new Map(paths.map((path) => [join(root, path), path]));
  const args = ['-L', '-c', '%u %g %f %n', '--', ...shown.keys()];
  const { stdout, stderr } = await ask('stat', args, { timeoutMs, signal, acceptExitCodes: [0, 1] });
  for (const line of stderr.split('\n').filter((one) => one !== ''))
    if (!/: (No such file or directory|Not a directory)$/.test(line))
      throw new OpsError(
        line.endsWith('Permission denied') ? 'denied' : 'io',
        `cannot look at ${paths.join(', ')}: ${line.split(': ').at(-1)?.toLowerCase() ?? ''}`,
      );
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [, uid, gid, raw = '', name = ''] = /^(\d+) (\d+) ([0-9a-f]+) (.*)$/.exec(line) ?? [];
      const path = shown.get(name);
      return path === undefined ? [] : [[path, statusOf(Number(uid), Number(gid), Number.parseInt(raw, 16))]];
    }),
  );
}

/** Whether the journal of a database is a WAL, as its first bytes say; undefined for what is none, or cannot be read. */
export async function isWal(
  { root, signal, ask }: Pick<DoctorContext, 'root' | 'signal' | 'ask'>,
  path: string,
): Promise<boolean | undefined> {
  const args = ['-An', '-tu1', '-j18', '-N1', '--', join(root, path)];
  const { stdout } = await ask('od', args, { timeoutMs, signal, acceptExitCodes: [0, 1] });
  return /^\s*\d+\s*$/.test(stdout) ? Number(stdout) === 2 : undefined;
}

function statusOf(uid: number, gid: number, raw: number): Status {
  return { uid, gid, mode: raw & 0o7777, isDirectory: (raw & constants.S_IFMT) === constants.S_IFDIR };
}
