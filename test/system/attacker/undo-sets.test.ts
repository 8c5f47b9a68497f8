// The app's user forges undo sets, or takes real ones away and puts its own in their place: to become root by a database
// that is set-id or root's, or to make root write elsewhere.
import { join } from 'node:path';
import { type Attack, describeAttacks } from '../../support/attacker/attack.ts';
import { appUser, otherUser } from '../../support/attacker/accounts.ts';
import { leaveLogOfOther } from '../../support/attacker/canaries.ts';
import type { Scene } from '../../support/attacker/scene.ts';
import { undoRecord } from '../../support/attacker/undo-record.ts';

const undo = ['restore undo --yes'];
const failing = ['restore run latest --yes'];
const name = 'bookings.db.undo-20260101T000000Z';

/** An undo set of the app's user in the place of one. */
function forge(fields: Record<string, unknown>, folder: 'D' | 'A' = 'D') {
  return (scene: Scene): string => {
    const path = join(folder === 'D' ? scene.directory : scene.den, name);
    scene.give(path, appUser, 0o700);
    scene.makeDatabase(join(path, 'bookings.db'));
    scene.write(join(path, 'undo.json'), undoRecord(fields));
    return path;
  };
}

// A directory of root may be renamed where it is by the owner of the one above, but not moved.
/** What the app does when it is asked whether it is well: the set of the restore is its own now, and it is unwell. */
const swapSet = `[ -e "$A/${name}" ] || exit 0
for set in "$D/$N".undo-*; do mv "$set" "$D/real"; mv "$A/${name}" "$set"; done; exit 1`;

const ownerships = [
  ['a set-user-id database of root', { owner: 0, group: 0, mode: '4755' }],
  ['a set-group-id database of root', { owner: 0, group: 0, mode: '2755' }],
  ['a sticky database for all', { owner: 0, group: 0, mode: '1777' }],
  ['an executable database of its own', { owner: appUser, group: 0, mode: '0777' }],
  ['a database of another user', { owner: otherUser, group: otherUser, mode: '0600' }],
  ['a database of root', { owner: 0, group: 0, mode: '0644' }],
] as const;

const forged: Attack[] = [
  ...ownerships.map(([wanted, fields]) => ({
    wants: `${wanted}, by an undo set that it forged`,
    plant: forge(fields),
    types: undo,
  })),
  ...(['own parent', 'of root', 'sticky'] as const).map((layout) => ({
    wants: `a set-user-id database of root in a directory that is ${layout}, by an undo set that it forged`,
    layout,
    plant: forge({ owner: 0, group: 0, mode: '4755' }),
    types: undo,
  })),
  ...[ownerships[0], ownerships[4]].map(([wanted, fields]) => ({
    wants: `${wanted}, by exchanging the undo set of a restore that it makes fail`,
    plant: forge(fields, 'A'),
    health: swapSet,
    types: failing,
  })),
];

const exchanged: Attack[] = [
  {
    wants: 'a record written into a directory of root, by a link in the place of the undo set that was used',
    plant: forge({ owner: appUser, group: 4400, mode: '0660' }),
    start: `mv "$D/${name}" "$A/"; ln -s "$E" "$D/${name}"`,
    types: undo,
  },
  {
    wants: 'a record written into the undo set of another user',
    plant: forge({ owner: appUser, group: 4400, mode: '0660' }),
    start: `mv "$D/${name}" "$A/"; ln -s "$O/other.db.undo-20261101T000000Z" "$D/${name}"`,
    types: undo,
  },
  {
    wants: "another user's database, by a link named as an undo set",
    prepare: `ln -s "$O/other.db.undo-20261101T000000Z" "$D/${name}"`,
    types: undo,
  },
  {
    wants: "root's file, by a link as the member of an undo set",
    plant: forge({}),
    prepare: `rm "$D/${name}/$N"; ln -s "$S/bookings.db" "$D/${name}/$N"`,
    types: undo,
  },
  {
    wants: "another user's rows, by a link as the -wal of an undo set",
    plant: (scene) => {
      leaveLogOfOther(scene);
      forge({})(scene);
    },
    prepare: `ln -s "$O/other.db-wal" "$D/${name}/$N-wal"`,
    types: undo,
  },
  {
    wants: "root's file, by a link as the record of an undo set",
    plant: forge({}),
    prepare: `rm "$D/${name}/undo.json"; ln -s "$S/undo.json" "$D/${name}/undo.json"`,
    types: ['restore status', ...undo],
  },
  {
    wants: "root's file in the place of the database, by a second name of it in an undo set",
    plant: (scene) => {
      const set = forge({})(scene);
      scene.as(0, `ln -f "$S/bookings.db" '${set}/bookings.db'`); // as where links are not protected
    },
    types: undo,
  },
  {
    wants: 'no database at all in the place of the database',
    plant: (scene) => scene.write(join(forge({})(scene), 'bookings.db'), 'root::0:0:::\n'),
    types: undo,
  },
  {
    wants: 'a broken terminal, by the words of a record',
    plant: forge({ replaced_by: '\u001b[2J\u001b]0;owned\u0007\u009b31m\r', app: '\u001b[2J' }),
    types: ['restore status', ...undo],
  },
  {
    wants: 'a screen full of nothing, by a record without end',
    plant: forge({ replaced_by: 'x'.repeat(200_000) }),
    types: ['restore status', ...undo],
  },
];

const discard = ['restore undo --discard --older-than 1h --yes'];

/** Root removes what it takes for old undo sets. */
const discarded: Attack[] = [
  {
    wants: 'a directory of root removed, by a link named as an undo set',
    prepare: `ln -s "$E" "$D/${name}"`,
    types: discard,
  },
  {
    wants: "another user's undo set removed, by a link",
    prepare: `ln -s "$O/other.db.undo-20261101T000000Z" "$D/${name}"`,
    types: discard,
  },
];

describeAttacks('by undo sets the app wants', [...forged, ...exchanged, ...discarded]);
