// Whether an attack reached anything: what an attacker must never reach is as it was, to the byte, the owner and the mode,
// and the command itself came to an end that docs/operations.md knows.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { exitCodeTable } from '../../../lib/base/exit-code.ts';
import type { Ended } from '../world.ts';
import { appGroup, appUser } from './accounts.ts';
import { marker } from './canaries.ts';
import type { Scene } from './scene.ts';

/** Larger files are known by their size: nothing of ours is so large, and the canaries are small. */
const readBytesMax = 4 * 1024 * 1024;

const knownExits = new Set(exitCodeTable().map(({ code }) => code));
const bugExit = 70;

/** What was there before an attack. */
export type Before = Record<string, string>;

/** Everything in the world that is neither the attacker's own place nor where a command has its work. */
export function outside(scene: Scene): Before {
  return Object.fromEntries(
    entriesBelow(scene.home)
      .filter((path) => !isWorkplace(scene, path))
      .map((path) => [relative(scene.home, path), describe(path)]),
  );
}

/** A sentence for everything that the attacker reached, or that the command should not have done. */
export function problemsOf(scene: Scene, before: Before, ended: readonly Ended[]): string[] {
  return [
    ...ended.flatMap(endProblems),
    ...differences(before, outside(scene)),
    ...entriesBelow(scene.home).flatMap((path) => entryProblems(scene, path)),
    ...databaseProblems(scene),
  ];
}

function endProblems({ exitCode, signal, stdout, stderr }: Ended): string[] {
  const printed = stdout + stderr;
  return [
    ...(signal === null ? [] : [`it did not end: ${signal}`]),
    ...(exitCode === null || (knownExits.has(exitCode) && exitCode !== bugExit)
      ? []
      : [`it exits ${exitCode}: ${printed.slice(0, 600)}`]),
    ...(/^ +at .*:\d+/m.test(printed) ? [`it prints a stack: ${printed.slice(0, 300)}`] : []),
    // eslint-disable-next-line no-control-regex -- what is looked for
    ...(/[\0-\x08\x0b-\x1f\x7f-\x9f]/.test(printed) ? ['it prints control characters'] : []),
    ...(printed.includes(marker) ? ['it prints what only root may read'] : []),
    ...(printed.includes('would exceed a size limit') ? ['it writes until it is stopped'] : []),
    ...(printed.length > 64 * 1024 ? [`it prints ${printed.length} characters`] : []),
  ];
}

function differences(before: Before, after: Before): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name}: ${before[name] ?? 'nothing'} became ${after[name] ?? 'nothing'}`);
}

/** Of what lies where a command has its work, or in the attacker's own place. */
function entryProblems(scene: Scene, path: string): string[] {
  if (!isWorkplace(scene, path)) return [];
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return [];
  const name = relative(scene.home, path);
  const isSetId = status.isFile() && (status.mode & 0o6000) !== 0 && status.uid !== appUser;
  // The one file under a second name is no copy.
  const isLeak =
    status.isFile() &&
    status.nlink === 1 &&
    status.size <= readBytesMax &&
    readFileSync(path).includes(marker);
  return [
    ...(isSetId ? [`${name} is set-id: ${describe(path)}`] : []),
    ...(isLeak ? [`${name} holds what only its owner may read: ${describe(path)}`] : []),
  ];
}

/** What stands in the database's place belongs to whom it did, or to whom the directory does, and is a database. */
function databaseProblems({ database, directory }: Scene): string[] {
  const status = lstatSync(database, { throwIfNoEntry: false });
  if (status?.isFile() !== true || status.size > readBytesMax) return [];
  const folder = lstatSync(directory);
  if (!folder.isDirectory()) return []; // then it is somebody else's that one sees there
  const isOwned = status.uid === appUser || status.uid === folder.uid;
  const isGrouped = status.gid === appGroup || status.gid === folder.gid;
  const isPlain = (status.mode & 0o7111) === 0;
  const isDatabase = readFileSync(database).subarray(0, 15).toString() === 'SQLite format 3';
  return [
    ...(isOwned && isGrouped && isPlain ? [] : [`the database is ${describe(database)}`]),
    ...(isDatabase ? [] : ['the database is no database']),
  ];
}

function isWorkplace({ home, directory, store, state, den }: Scene, path: string): boolean {
  return [join(home, 'app'), join(home, 'run'), directory, store, state, den].some(
    (place) => path === place || path.startsWith(`${place}/`),
  );
}

function entriesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...entriesBelow(path)] : [path];
  });
}

function describe(path: string): string {
  const status = lstatSync(path);
  const { uid, gid, mode, size, ino } = status;
  const belongs = `${uid}:${gid} ${mode.toString(8)}`;
  if (status.isSymbolicLink()) return `${belongs} link to ${readlinkSync(path)}`;
  // When a name in it was made or removed last: also what was there for a moment only.
  if (!status.isFile()) return `${belongs} of ${status.mtimeMs}`;
  const hash = size > readBytesMax ? 'large' : createHash('sha256').update(readFileSync(path)).digest('hex');
  return `${belongs} ${size} bytes, inode ${ino}, ${hash.slice(0, 12)}`;
}
