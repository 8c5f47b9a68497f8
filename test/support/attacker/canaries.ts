// What an attacker must never reach: files, trees and databases of root and of another user, with words in them by which a
// copy is known.
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { makeBookings } from '../world.ts';
import { otherUser } from './accounts.ts';
import { undoRecord } from './undo-record.ts';

/** What stands in every file that only its owner may read. */
export const marker = 'CANARY-3b1c8f52e7';

/** The undo set of the other user's database. */
const otherUndoSet = 'other.db.undo-20261101T000000Z';

/** Names that an attacker would like root to meet in a directory into which it leads it. */
const names = [
  ...['config', 'undo.json', 'intent.json', 'owner.json', 'object'],
  ...['.holdfast-0123456789abcdef.tmp', 'f1', 'f2'],
];

/** `etc` all may enter, `secret` is root's alone, and `other` the other user's. */
export function makeCanaries({ etc, secret, other }: { etc: string; secret: string; other: string }): void {
  mkdirSync(other);
  for (const [folder, mode] of [
    [etc, 0o755],
    [secret, 0o700],
    [join(secret, 'tree'), 0o700],
  ] as const) {
    mkdirSync(folder);
    chmodSync(folder, mode);
    for (const name of names) writeFileSync(join(folder, name), `${marker} ${name}\n`, { mode: 0o600 });
    for (const name of ['bookings.db', 'new.db']) makeCanary(join(folder, name), 0);
  }
  chmodSync(join(etc, 'config'), 0o644);
  mkdirSync(join(etc, 'empty')); // where nothing is in the way of a new file
  makeOther(other);
}

/** A database with an undo set that a restore by root left. */
function makeOther(other: string): void {
  makeCanary(join(other, 'other.db'), otherUser);
  const set = join(other, otherUndoSet);
  mkdirSync(set, { mode: 0o700 });
  makeCanary(join(set, 'bookings.db'), otherUser);
  writeFileSync(join(set, 'undo.json'), undoRecord({ target: join(other, 'other.db') }), { mode: 0o600 });
  chownSync(other, otherUser, otherUser);
  chmodSync(other, 0o700);
}

function makeCanary(path: string, uid: number): void {
  writeFileSync(path, canaryDatabase(), { mode: 0o600 });
  chownSync(path, uid, uid);
}

let made: Buffer | undefined;

/** The same in each world: made once. */
function canaryDatabase(): Buffer {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-canary-'));
  const path = join(folder, 'canary.db');
  makeBookings(path, { rows: 3, label: marker, journalMode: 'delete' });
  made = readFileSync(path);
  rmSync(folder, { recursive: true });
  return made;
}

/** Leaves the other user's database as its app would that was killed: every page of it is in the log. */
export function leaveLogOfOther({ other }: { other: string }): void {
  const path = `${other}/other.db`;
  rmSync(path);
  const database = new Database(`${path}.live`);
  database.pragma('journal_mode = wal');
  database.pragma('wal_autocheckpoint = 0');
  database.exec(
    `create table booking (id integer primary key, guest text); insert into booking (guest) values ('${marker}')`,
  );
  for (const suffix of ['', '-wal']) cpSync(`${path}.live${suffix}`, path + suffix);
  database.close();
  rmSync(`${path}.live`);
}
