// Bad input, put before our real commands in a world that has one good backup already: what the answer must look like,
// and what must be as it was afterwards.
import { createHash } from 'node:crypto';
import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { expect } from 'vitest';
import { errorCode } from '../../lib/base/errors.ts';
import type { ErrorKind } from '../../lib/base/exit-code.ts';
import { onlyObject, type Result } from './printed.ts';
import { TypedWorld } from './typed-world.ts';
import { type BookingsOptions, type Ended, makeBookings, type World } from './world.ts';

/** The environment of every bad-input run: none of these values may ever be printed or written. */
export const secret = 'secret-token-123';
export const secrets: Record<string, string> = {
  DROPBOX_APP_SECRET: secret,
  DROPBOX_REFRESH_TOKEN: secret,
  DROPBOX_ACCESS_TOKEN: secret,
  SLACK_WEBHOOK_URL: `https://hooks.example/${secret}`,
};

/** What a command that cannot go on has to say. */
export interface Refusal {
  kind: ErrorKind;
  /** Words of the message: the thing, and the cause. */
  says: RegExp[];
  /** Words of the hint, where one helps. */
  hint?: RegExp;
}

/** Starts a command of ours, in whichever way the case needs. */
export type Runner = (
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
) => Promise<Ended>;

// Written down once more on purpose: scripts and unit files out there rely on these numbers.
const exitCodes: Record<ErrorKind, number> = {
  usage: 64,
  damaged: 65,
  missing: 66,
  unavailable: 69,
  bug: 70,
  refused: 73,
  io: 74,
  busy: 75,
  denied: 77,
  config: 78,
};

/** What differs from the usual database and configuration. */
export type WorldOptions = BookingsOptions & { app?: string; top?: string };

/** A world whose database was backed up once, proven, with a latest copy. Its commands run in this process. */
export function backedUpWorld(options: WorldOptions = {}): Promise<TypedWorld> {
  return backUpIn(new TypedWorld(), options);
}

/** The same with a world that is given: one whose commands are processes. */
export async function backUpIn<Kind extends World>(world: Kind, options: WorldOptions = {}): Promise<Kind> {
  makeBookings(world.database, { journalMode: 'delete', ...options });
  world.configure(options);
  const { exitCode, stderr } = await world.run('db-backup', ['run']);
  expect(stderr).not.toContain('error');
  expect(exitCode).toBe(0);
  return world;
}

/**
 * Runs the command with `--json` and holds it to everything a refusal promises: its exit code, its words, its one
 * JSON object, no secret told, and the store and the directory of the database untouched.
 */
export async function expectRefusal(
  world: World,
  command: string,
  args: readonly string[],
  refusal: Refusal,
  run: Runner = runnerOf(world),
): Promise<Ended> {
  const before = contents(world);
  const ended = await run(command, [...args, '--json'], secrets);
  expectWords(ended, refusal);
  expect(contents(world)).toEqual(before);
  expectNothingLeft(world);
  expectNoSecret(world, ended);
  return ended;
}

/** Puts something else where the database was; side files of an earlier case go with it. */
export async function replaceDatabase({ database }: World, make: (path: string) => unknown): Promise<void> {
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    rmSync(database + suffix, { recursive: true, force: true });
  }
  await make(database);
}

/** The words and numbers of a refusal alone. */
export function expectWords(ended: Ended, { kind, says, hint }: Refusal): void {
  const { error, ...rest } = onlyObject(ended);
  expect({ ...ended, stdout: '' }).toMatchObject({ exitCode: exitCodes[kind], signal: null });
  expect(rest.ok).toBe(false);
  expect(error).toMatchObject({ kind, exit_code: exitCodes[kind] });
  for (const words of says) expect(error.message).toMatch(words);
  if (hint !== undefined) expect(error.hint).toMatch(hint);
  const shown = ended.stderr.replaceAll('\n', ' ');
  for (const words of hint === undefined ? says : [...says, hint]) expect(shown).toMatch(words);
  expect(ended.stderr).toContain('error: ');
}

/** Runs a command that ends with bad news (exit 1): the result is whole, and what is told in it is for the caller. */
export async function expectBadNews(
  world: World,
  command: string,
  args: readonly string[],
  run: Runner = runnerOf(world),
): Promise<Result> {
  const before = contents(world);
  const ended = await run(command, [...args, '--json'], secrets);
  const { ok, result } = onlyObject(ended);
  expect({ exitCode: ended.exitCode, ok }).toEqual({ exitCode: 1, ok: false });
  expect(contents(world)).toEqual(before);
  expectNothingLeft(world);
  expectNoSecret(world, ended);
  return result;
}

/** Bytes that look random, and are the same each time. */
export function noise(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, block) =>
    createHash('sha256').update(`noise ${block}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

export function runnerOf(world: World): Runner {
  return (command, args, environment) => world.run(command, args, { environment });
}

/** Everything in the store and beside the database, whatever it is, with its bytes and mode. */
/** All but verdicts: that a backup is bad may be left word of. */
export function contents(world: World): Record<string, string> {
  const found = { ...entriesBelow(world.store), ...entriesBelow(dirname(world.database)) };
  return Object.fromEntries(Object.entries(found).filter(([name]) => !name.endsWith('.verdict')));
}

/** Every entry below a folder: type, mode, and a hash of what it holds. */
export function entriesBelow(folder: string): Record<string, string> {
  return Object.fromEntries(
    namesBelow(folder).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(dirname(folder), path), describeEntry(entry, path)];
    }),
  );
}

function describeEntry(entry: Dirent, path: string): string {
  const mode = (lstatSync(path).mode & 0o7777).toString(8);
  if (entry.isSymbolicLink()) return `link to ${readlinkSync(path)}`;
  if (entry.isDirectory()) return `directory ${mode}`;
  if (!entry.isFile()) return `special file ${mode}`;
  // The index of a log is a cache, which every reader of the database brings up to date: here only whether it is there.
  return entry.name.endsWith('-shm') ? `file ${mode}` : `file ${mode} ${digestOf(path)}`;
}

function digestOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (error) {
    if (errorCode(error) === 'EACCES') return 'unreadable'; // to the tests too, when they do not run as root
    throw error;
  }
}

function namesBelow(folder: string): Dirent[] {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true });
}

/** Requires that no scratch, staging, note of unfinished work or name of a lock's holder is left in the world. */
export function expectNothingLeft(world: World): void {
  const left = namesBelow(world.home)
    .filter(({ name, parentPath }) => isLeftover(name, basename(parentPath)))
    .map((entry) => join(entry.parentPath, entry.name));
  expect(left).toEqual([]);
}

function isLeftover(name: string, folder: string): boolean {
  if (name === '.holdfast-store') return false;
  if (name.startsWith('.holdfast-') || name.includes('.restore-') || name.endsWith('.restore.json'))
    return true;
  return name.endsWith('.owner.json') || folder === 'pending' || folder === 'restoring';
}

/** Requires that no secret of the environment was printed, or written anywhere in the world. */
export function expectNoSecret(world: World, { stdout, stderr }: Ended): void {
  expect(stdout + stderr).not.toContain(secret);
  const telling = namesBelow(world.home)
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(secret));
  expect(telling).toEqual([]);
}
