// The app's user plants something else under a name that we read or clear away: a link, a pipe, a file without
// an end. The commands end at once, whatever it is, and nobody's files are touched.
import { join } from 'node:path';
import { type Attack, describeAttacks } from '../../support/attacker/attack.ts';
import { appUser } from '../../support/attacker/accounts.ts';
import type { Scene } from '../../support/attacker/scene.ts';
import { mark, undoRecord } from '../../support/attacker/undo-record.ts';

const set = 'bookings.db.undo-20260101T000000Z';
const staging = '.bookings.db.restore-AAAAAA';

/** What is planted, and the command that makes it at a path. */
type Thing = readonly [string, string];
const tree: Thing = ["a link to root's tree", 'ln -s "$S/tree"'];
const link: Thing = ["a link to root's file", 'ln -s "$S/config"'];
const endless: Thing = ['a link without an end', 'ln -s /dev/zero'];
const pipe: Thing = ['a pipe', 'mkfifo'];
const giant: Thing = ['a file of a terabyte', 'truncate -s 1T'];

const touching = ['db-backup backup mine', 'restore run latest --yes'];
const restoring = ['restore run latest --yes'];
const settling = ['restore status', ...restoring];
const undoing = ['restore status', 'restore undo --yes'];

/** What the place is, its path, how it is planted, and what root types. */
const places: [string, string, readonly Thing[], readonly string[], Partial<Attack>?][] = [
  ['the database', '$D/$N', [link, pipe], touching],
  ['its -wal', '$D/$N-wal', [link, giant], touching, { journalMode: 'wal' }],
  ['its -journal', '$D/$N-journal', [link, pipe, giant], touching],
  ['an intent', '$D/.$N.restore.json', [link, endless, pipe, giant], settling],
  ['an intent that was given up', '$D/.$N.restore.json.abandoned-20260101T000000Z', [pipe, giant], restoring],
  [
    'the record of an undo set',
    `$D/${set}/undo.json`,
    [link, endless, pipe, giant],
    undoing,
    { plant: forgeSet },
  ],
  ['the database of an undo set', `$D/${set}/$N`, [pipe, giant], ['restore undo --yes'], { plant: forgeSet }],
  ['a staging directory', `$D/${staging}`, [tree], restoring],
];

const planted: Attack[] = places.flatMap(([place, path, kinds, types, more]) =>
  kinds.map(([what, make]) => ({
    wants: `to lead us astray by ${what} as ${place}`,
    prepare: `rm -f "${path}"\n${make} "${path}"`,
    types,
    ...more,
  })),
);

function forgeSet(scene: Scene): void {
  const path = join(scene.directory, set);
  scene.give(path, appUser, 0o700);
  scene.makeDatabase(join(path, 'bookings.db'));
  scene.write(join(path, 'undo.json'), undoRecord({}));
}

/**
 * An intent of the app's user, by a process that is no more. Unless the fields say otherwise the old database is in place:
 * what the intent names would have to go.
 */
function forgeIntent(fields: Record<string, unknown>) {
  return (scene: Scene): void => {
    const startedBy = { host: '', machine: '', boot_id: '', pid_namespace: '', pid: 999_999, start_ticks: 1 };
    const record = {
      format: 'holdfast-restore-intent',
      version: 1,
      phase: 'placing',
      target: scene.database,
      app: 'bookings',
      backup: 'x',
      services: 'none',
      started_at: '2026-01-01T00:00:00.000Z',
      started_by: startedBy,
      staging,
      old: [{ suffix: '', ...inPlace(scene) }],
      new: mark,
      ...fields,
    };
    scene.write(join(scene.directory, '.bookings.db.restore.json'), JSON.stringify(record));
  };
}

const inPlace = (scene: Scene) => ({ ...mark, inode: scene.inode(scene.database) });
const stagingOfRoot = `ln -s "$S/tree" "$D/${staging}"`;
const lostWal = { ...mark, suffix: '-wal', size_bytes: '5' };

const intents: Attack[] = [
  ...['../secret/tree', '..', '.bookings.db.restore-/../../secret'].map((name) => ({
    wants: `a tree removed, by an intent whose staging directory is ${name}`,
    plant: forgeIntent({ staging: name }),
    types: restoring,
  })),
  ...['../other/other.db.undo-20261101T000000Z', 'bookings.db.undo-/../../secret'].map((name) => ({
    wants: `a tree removed, by an intent whose undo set is ${name}`,
    plant: forgeIntent({ undo: name }),
    types: restoring,
  })),
  {
    wants: "another user's undo set made worthless, by an intent whose undo set is a link to it",
    plant: (scene) => forgeIntent({ undo: set, old: [{ suffix: '', ...inPlace(scene) }, lostWal] })(scene),
    prepare: `ln -s "$O/other.db.undo-20261101T000000Z" "$D/${set}"`,
    types: settling,
  },
  {
    wants: "root's tree removed, by an intent whose staging directory is a link to it",
    plant: forgeIntent({}),
    prepare: stagingOfRoot,
    types: settling,
  },
  {
    wants: "root's tree removed, by an intent that names the very file in place as the new one",
    plant: (scene) => forgeIntent({ phase: 'placed', new: inPlace(scene) })(scene),
    prepare: stagingOfRoot,
    types: settling,
  },
  {
    wants: 'a broken terminal, by the words of an intent',
    plant: forgeIntent({ backup: '\u001b[2J\u009b31m\u0007', services: '\u001b]0;owned\u0007', app: '\r' }),
    types: settling,
  },
];

/** As where links are not protected (fs.protected_hardlinks): root plants them here. */
const secondNames: Attack[] = [
  ['the -wal of its database', '$D/$N-wal', touching],
  ['an intent', '$D/.$N.restore.json', restoring],
].map(([place, path, types]) => ({
  wants: `root's file, by a second name of it as ${String(place)}`,
  plant: (scene: Scene) => scene.as(0, `ln "$S/config" "${String(path)}"`),
  types: types as string[],
}));

describeAttacks('by what it plants the app wants', [...planted, ...intents, ...secondNames]);
