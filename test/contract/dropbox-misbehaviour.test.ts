// Everything that a Dropbox, or what stands between, may answer instead of what it should, to every call, once and for
// ever: the night ends well or with an error that says what helps, in a bounded number of requests. What stood before
// stands, and what has a name has the right bytes.
import { describe, expect, onTestFinished, test } from 'vitest';
import { OpsError } from '../../lib/base/errors.ts';
import type { ErrorKind } from '../../lib/base/exit-code.ts';
import type { FileDigest } from '../../lib/files/digest.ts';
import type { FaultAction } from '../stand-ins/dropbox/faults.ts';
import { DropboxStandIn } from '../stand-ins/dropbox/stand-in.ts';
import { someBytes } from '../support/some-bytes.ts';
import { openOn } from './dropbox-world.ts';
import { makeFile } from './store-world.ts';
import { misbehaviours } from './dropbox-misbehaviours.ts';

const old = 'the night before';
const small = 'tonight';
/** More than goes in one call, so that there is an upload session. */
const large = someBytes(4 * 1024 * 1024 + 1);
const inSession = 'files/upload_session/';
const ofSession = ['start', 'append_v2', 'finish'].map((name) => inSession + name);
const ofAccount = ['users/get_space_usage', 'users/get_current_account', 'check/user'];
const ofFiles = [
  'oauth2/token',
  'files/get_metadata',
  'files/list_folder',
  'files/list_folder/continue',
  'files/upload',
  'files/copy_v2',
  'files/delete_v2',
  'files/download',
];
const routes = [...ofFiles, ...ofSession, ...ofAccount];

/** Every third pair of a misbehaviour and a call, unless there is time for all of them. */
const isChosen = (row: number, column: number) =>
  process.env.HOLDFAST_NIGHTLY === '1' || row % 3 === column % 3;

/** Of all calls of a night, with every one of them made several times. */
const requestsMax = 250;

/** What may come of it; whatever else is thrown is a bug. */
const allowed: ErrorKind[] = ['unavailable', 'denied', 'damaged', 'missing', 'refused', 'usage'];

/** What a night asks of a store, in the order of a night. */
async function night(standIn: DropboxStandIn, folder: string, file: FileDigest): Promise<void> {
  const store = openOn(standIn, { folder, retriesMax: 2, deadlineMs: 3_600_000 });
  await store.list('');
  await store.space();
  await store.put('latest.db', file, { replace: true });
  const copied = await store.copy('latest.db', 'backups/new.db', { expected: file });
  await store.put('backups/new.json', await makeFile(small));
  const listed = await store.list('backups/');
  expect(listed.map(({ name }) => name)).toContain(copied.name);
  expect(Buffer.from(await store.read('backups/new.json')).toString()).toBe(small);
  const expected = listed.find(({ name }) => name === 'backups/older.db');
  await store.remove('backups/older.db', { expected });
  expect(await store.stat('backups/older.db')).toBeUndefined();
}

/** What `db-backup test` asks of it. */
async function examination(standIn: DropboxStandIn, folder: string): Promise<void> {
  const store = openOn(standIn, { folder, retriesMax: 2, deadlineMs: 3_600_000 });
  for (const { detail, hint, ok } of await store.examine()) {
    expect(detail).not.toBe('');
    if (!ok) expect(hint).toBeTypeOf('string');
  }
}

/** A night on which calls are answered so; returns the kind of its error, or `done`. Never does what it must not. */
async function surviving(
  standIn: DropboxStandIn,
  hit: readonly string[],
  action: FaultAction,
  times: number,
): Promise<ErrorKind | 'done'> {
  const folder = `/${standIn.requests.length}`;
  const file = await makeFile(hit.some((route) => ofSession.includes(route)) ? large : small);
  for (const name of ['latest.db', 'backups/old.db', 'backups/older.db'])
    standIn.files.write(`${folder}/${name}`, old);
  if (hit.includes('files/list_folder/continue'))
    standIn.fault({ route: 'files/list_folder', nth: 2, times: 2, action: { kind: 'emptyPage' } });
  for (const route of hit) standIn.fault({ route, times, action });
  const before = standIn.requests.length;
  const ask = hit.some((route) => ofAccount.includes(route)) ? examination : night;
  const outcome = await ask(standIn, folder, file).then(() => 'done' as const, kindOf);
  standIn.clearFaults();
  const requests = standIn.requests.length - before;
  expect({ hit, times, requests: requests > requestsMax ? requests : 'few' }).toMatchObject({
    requests: 'few',
  });
  expectUntouched(standIn, folder, file);
  return outcome;
}

function kindOf(error: unknown): ErrorKind {
  if (!(error instanceof OpsError)) throw error;
  if (error.hint === undefined) throw new Error(`without a hint: ${error.message}`, { cause: error });
  expect(allowed).toContain(error.kind);
  return error.kind;
}

/** What stood stands, and no name has anything but the bytes that it is to have. */
function expectUntouched(standIn: DropboxStandIn, folder: string, { contentHash }: FileDigest): void {
  const found = standIn.files.list().filter(({ path }) => path.startsWith(`${folder}/`));
  const nameOf = ({ path }: { path: string }) => path.slice(folder.length + 1);
  expect(found.map(nameOf)).toEqual(expect.arrayContaining(['backups/old.db', 'latest.db']));
  for (const one of found) {
    const text = one.contentHash === contentHash ? 'new' : standIn.files.bytes(one.path).toString();
    const right: Record<string, string[]> = {
      'backups/new.db': ['new'],
      'backups/new.json': [small, 'new'],
      'latest.db': [old, 'new'],
    };
    expect({ path: one.path, text: right[nameOf(one)] ?? [old] }).toMatchObject({
      text: expect.arrayContaining([text]),
    });
  }
}

describe.each(misbehaviours.map((each, row) => ({ ...each, row })))('$name', ({ action, passes, row }) => {
  test('once, or for ever, in the answer to any call', async () => {
    const standIn = await DropboxStandIn.start();
    onTestFinished(() => standIn[Symbol.asyncDispose]());
    for (const hit of [ofFiles, ofSession, ofAccount]) {
      const outcome = await surviving(standIn, hit, action, 1);
      // What may pass has passed.
      if (passes) expect({ hit, outcome }).toEqual({ hit, outcome: 'done' });
    }
    for (const [column, route] of routes.entries())
      if (isChosen(row, column)) await surviving(standIn, [route], action, Infinity);
  });
});
