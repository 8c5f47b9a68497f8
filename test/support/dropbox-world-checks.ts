// What has to be true after every fault, whatever its case asks for beyond it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ErrorKind } from '../../lib/base/exit-code.ts';
import type { Fault } from '../stand-ins/dropbox/faults.ts';
import { expectWords } from './bad-input.ts';
import { type DropboxWorld, latestPath } from './dropbox-world.ts';
import { remoteRowsDigest, rowsDigest } from './dropbox-world-rows.ts';
import type { InProcessOptions } from './in-process.ts';
import { onlyObject, onlyValue } from './printed.ts';
import { type Ended, filesBelow } from './world.ts';

/** What a case does to one `db-backup run`, and what has to come of it. */
export interface FaultCase {
  /** Sets the faults. */
  disturb: (world: DropboxWorld) => void;
  options?: InProcessOptions;
}

/** A failure that a case has to end in. */
export interface ExpectedFailure {
  kind: ErrorKind;
  says: RegExp[];
  hint: RegExp;
  /** The latest copy is the new one already: the fault came after it. */
  latestIsNew?: boolean;
}

/** A disturbed run that has to succeed all the same; the next, undisturbed one too. */
export async function expectSurvived(world: DropboxWorld, { disturb, options }: FaultCase): Promise<Ended> {
  const before = world.remote();
  disturb(world);
  const ended = await world.run('db-backup', ['run', '--json'], options);
  expect(ended.stderr).not.toContain('error: ');
  expect(ended).toMatchObject({ exitCode: 0, signal: null });
  const { backup } = onlyValue(onlyObject(ended).result);
  expectCleanEnd(world, ended);
  expect(world.notes()).toEqual([]);
  requireStanding(world, before, [`/${backup}`]);
  await expectListed(world, before, [`/${backup}`]);
  await expectNextRun(world);
  return ended;
}

/** A disturbed run that has to fail, clearly and without any trace; the next, undisturbed one succeeds. */
export async function expectFailed(
  world: DropboxWorld,
  { disturb, options }: FaultCase,
  failure: ExpectedFailure,
  mend: (world: DropboxWorld) => void = () => undefined,
): Promise<Ended> {
  const before = world.remote();
  disturb(world);
  const ended = await world.run('db-backup', ['run', '--json'], options);
  expectWords(ended, failure);
  expectCleanEnd(world, ended);
  const except = failure.latestIsNew === true ? [latestPath] : [];
  const without = (files: Record<string, string>) =>
    Object.fromEntries(Object.entries(files).filter(([path]) => !except.includes(path)));
  expect(without(world.remote())).toEqual(without(before));
  if (failure.latestIsNew === true) requireBytes(world, latestPath);
  world.standIn.clearFaults();
  mend(world);
  await expectListed(world, before, []);
  await expectNextRun(world);
  return ended;
}

/** An undisturbed run: one more backup, with the database's rows, and nothing else that was not there. */
export async function expectNextRun(world: DropboxWorld): Promise<Ended> {
  world.standIn.clearFaults();
  const before = world.remote();
  const ended = await world.run('db-backup', ['run', '--json']);
  expect(ended.stderr).not.toContain('error: ');
  expect(ended).toMatchObject({ exitCode: 0 });
  const { backup } = onlyValue(onlyObject(ended).result);
  requireStanding(world, before, [`/${backup}`]);
  expectCleanEnd(world, ended);
  return ended;
}

/** Everything that stood before stands, the new backups stand with their manifests, and nothing else does. */
export function requireStanding(
  world: DropboxWorld,
  before: Record<string, string>,
  backups: readonly string[],
): void {
  const now = world.remote();
  const manifests = backups.map((path) => path.replace(/\.db$/, '.json'));
  expect(Object.keys(now).sort()).toEqual(
    [...new Set([...Object.keys(before), latestPath, ...backups, ...manifests])].sort(),
  );
  for (const [path, hash] of Object.entries(before)) if (path !== latestPath) expect(now[path]).toBe(hash);
  for (const path of [latestPath, ...backups]) requireBytes(world, path);
}

/** The file has every row of the database as it is now. */
export function requireBytes(world: DropboxWorld, path: string): void {
  expect(remoteRowsDigest(world, path)).toBe(rowsDigest(world.database));
}

/** Listed as proven are the backups that stood before and the new ones, and not one more. */
async function expectListed(
  world: DropboxWorld,
  before: Record<string, string>,
  backups: readonly string[],
): Promise<void> {
  const ended = await world.run('db-backup', ['list-backups', '--json']);
  expect(ended.exitCode).toBe(0);
  const listed = onlyValue(onlyObject(ended).result).backups;
  const isBackup = (path: string) => path.startsWith('/backups/') && path.endsWith('.db');
  expect(listed.map(({ name, state }) => `${name} ${state}`).sort()).toEqual(
    [...Object.keys(before).filter(isBackup), ...backups].map((path) => `${path.slice(1)} proven`).sort(),
  );
}

/** Every scripted fault has hit, the service was treated as it wants to be, nothing is left, no secret was told. */
export function expectCleanEnd(world: DropboxWorld, ended: Ended): void {
  expect(world.standIn.waitingFaults.filter(({ times }) => times !== Infinity)).toEqual([]);
  expect(world.standIn.violations).toEqual([]);
  expectNothingLeft(world);
  expect(tellsSecret(world, ended.stdout + ended.stderr)).toBe(false);
  expect(filesWithSecrets(world)).toEqual([]);
}

function expectNothingLeft(world: DropboxWorld): void {
  const left = filesBelow(world.home).filter((name) =>
    /\.holdfast-|\.owner\.json$|(?:^|\/)(?:pending|restoring)\//.test(name),
  );
  expect(left).toEqual([]);
}

/**
 * The upload sessions that were committed hold each byte once, and the bodies of appends together were no larger than
 * the file and what was cut or refused.
 */
export function expectSentOnce(world: DropboxWorld, wastedBytesMax: number, after = 0): void {
  const size = world.standIn.files.list().find(({ path }) => path === latestPath)?.size ?? 0;
  const committed = world.standIn.sessions.filter((session) => session.committed).at(-1);
  let expected = 0;
  for (const { offset, length } of committed?.journal ?? []) {
    expect(offset).toBe(expected);
    expected += length;
  }
  expect(expected).toBe(size);
  const appends = world.standIn.requests.filter(
    ({ number, route }) => number > after && route === 'files/upload_session/append_v2',
  );
  expect(appends.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)).toBeLessThanOrEqual(
    size + wastedBytesMax,
  );
}

/** Every file of ours on this machine that holds a secret of the account, or an access token. */
export function filesWithSecrets(world: DropboxWorld): string[] {
  return filesBelow(world.home)
    .map((name) => join(world.home, name))
    .filter(
      (path) =>
        path !== world.database && existsSync(path) && tellsSecret(world, readFileSync(path, 'latin1')),
    );
}

/** Whether a text holds a secret of the account, or anything that looks like an access token. */
function tellsSecret(world: DropboxWorld, text: string): boolean {
  return world.secrets.some((secret) => text.includes(secret)) || /\bsl\.[\w-]{40,}/.test(text);
}

/** The first look at the latest copy after the first commit still sees the old one. */
export function staleLook({ standIn }: DropboxWorld): Fault {
  return {
    route: 'files/get_metadata',
    matches: ({ argument }) =>
      (argument as { path: string }).path === latestPath &&
      standIn.requests.some(
        ({ route, faults }) => route === 'files/upload_session/finish' && faults.length > 0,
      ),
    action: { kind: 'staleRead' },
  };
}
