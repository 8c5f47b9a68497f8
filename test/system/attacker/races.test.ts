// Races: names are exchanged under our hands all the time, in the microseconds between two of our calls. Each runs for a
// second, and for minutes with HOLDFAST_NIGHTLY=1.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describeRaces, type Race } from '../../support/attacker/attack.ts';
import { appUser, outsider } from '../../support/attacker/accounts.ts';
import type { Scene } from '../../support/attacker/scene.ts';

const restore = ['restore run latest --yes'];
const undo = ['restore undo --yes'];
const stagings = '^\\.bookings\\.db\\.restore-[A-Za-z0-9]{6}$';
const undoSets = '^bookings\\.db\\.undo-[0-9TZ-]+$';
const ourScratch = '^\\.holdfast-';

const seize = (place: string, pattern: string, target: string, flips = '') =>
  `$SWAP seize $SECONDS_MAX "${place}" '${pattern}' "${target}" ${flips}`;
const flip = (one: string, other: string) => `$SWAP flip $SECONDS_MAX "${one}" "${other}"`;

/** Root sees that something is wrong, and takes the record of an interrupted restore away. */
function clearIntent({ directory }: Scene): void {
  rmSync(join(directory, '.bookings.db.restore.json'), { force: true });
}

const placement: Race[] = [
  {
    wants: 'the backup written into a directory of root, by a link in the place of the staging directory',
    meanwhile: seize('$D', stagings, '$E/empty'),
    types: restore,
  },
  {
    wants: "root's file given to it, by the staging directory and a link that change places",
    meanwhile: seize('$D', stagings, '$E', '100000'),
    types: restore,
  },
  {
    wants: 'the database linked into a directory of root, by a link in the place of a new undo set',
    meanwhile: seize('$D', undoSets, '$E/empty'),
    types: restore,
  },
  {
    wants: 'a record written elsewhere, by an undo set and a link that change places',
    meanwhile: seize('$D', undoSets, '$O/other.db.undo-20261101T000000Z', '100000'),
    types: [...restore, ...undo],
  },
  {
    wants: "root's database replaced, by the database and a link that change places",
    prepare: 'ln -s "$S/bookings.db" "$D/.link"',
    meanwhile: flip('$D/$N', '$D/.link'),
    types: restore,
  },
  {
    wants: "root's files, by the directory of the database and a link that change places",
    layout: 'own parent',
    prepare: 'ln -s "$E" "$D.link"',
    meanwhile: flip('$D', '$D.link'),
    types: restore,
  },
  {
    wants: "root's tree removed, by a directory and a link that change places in a staging directory",
    plant: plantTree,
    meanwhile: flip('$D/.$N.restore-AAAAAA/tree', '$D/.$N.restore-AAAAAA/.link'),
    again: plantTree,
    types: restore,
  },
  {
    wants: "root's file given to it, by the -wal and a link that change places",
    prepare: 'printf log > "$D/$N-wal"; ln -s "$E/config" "$D/.link"',
    meanwhile: flip('$D/$N-wal', '$D/.link'),
    types: restore,
    journalMode: 'wal',
  },
];

const copies: Race[] = [
  {
    wants: "root's database in the store, by the database and a link that change places",
    prepare: 'ln -s "$S/bookings.db" "$D/.link"',
    meanwhile: flip('$D/$N', '$D/.link'),
    types: ['db-backup run', 'db-backup upload'],
  },
  {
    wants:
      "another user's database in the store, by the directory of the database and a link that change places",
    layout: 'own parent',
    prepare: 'ln -s "$S" "$D.link"',
    meanwhile: flip('$D', '$D.link'),
    types: ['db-backup run'],
  },
  {
    wants: 'a new file in a directory of root, by a link in the place of the scratch of a download',
    meanwhile: seize('$D', ourScratch, '$E'),
    types: ['db-backup download $D/copy.db'],
    again: ({ directory }) => rmSync(join(directory, 'copy.db'), { force: true }),
  },
  {
    wants:
      'a new file in a directory of root, by a link in the place of the scratch of a restore to a new file',
    meanwhile: seize('$D', ourScratch, '$E/empty'),
    types: ['restore run latest --to $D/copy.db'],
    again: ({ directory }) => rmSync(join(directory, 'copy.db'), { force: true }),
  },
];

/** Scratch that is old enough to be swept, whoever it was that left it, with names of root's in it. */
const oldScratch = '.holdfast-00000000-999999-1-0123456789abcdef';
const plantOld = (folder: 'directory' | 'store', uid: number) => (scene: Scene) => {
  rmSync(join(scene.directory, 'copy.db'), { force: true });
  scene.as(
    uid,
    `cd '${scene[folder]}'; rm -rf ${oldScratch} .link; mkdir ${oldScratch}; touch ${oldScratch}/f1 ${oldScratch}/f2
     touch -d '2 weeks ago' ${oldScratch}; ln -s "$E" .link`,
  );
};
const sweeps: Race[] = [
  {
    wants: "root's directory swept, by old scratch and a link that change places beside a new file",
    plant: plantOld('directory', appUser),
    meanwhile: flip(`$D/${oldScratch}`, '$D/.link'),
    again: plantOld('directory', appUser),
    types: ['db-backup download $D/copy.db'],
  },
  {
    wants: "root's directory swept, by old scratch and a link that change places in the store",
    storeUid: outsider,
    by: outsider,
    plant: plantOld('store', outsider),
    meanwhile: flip(`$STORE/${oldScratch}`, '$STORE/.link'),
    again: plantOld('store', outsider),
    types: ['db-backup upload', 'db-backup run'],
  },
];

const store: Race[] = [
  {
    wants:
      'a backup written into a directory of root, by the directory of the backups and a link that change places',
    meanwhile: `ln -s "$E" "$STORE/backups/link"; ${flip('$STORE/backups/bookings', '$STORE/backups/link')}`,
    types: ['db-backup upload', 'db-backup run'],
  },
  {
    wants: 'bytes written into a directory of root, by a link in the place of the scratch of the store',
    meanwhile: seize('$STORE', ourScratch, '$E'),
    types: ['db-backup upload', 'db-backup run'],
  },
].map((race) => ({ ...race, storeUid: outsider, by: outsider }));

/** The user of the jobs owns the state directory, and root types a command. */
const byHand: Race[] = [
  {
    wants: 'bytes written into a directory of root, by a link in the place of the scratch of a drill by hand',
    stateUid: outsider,
    by: outsider,
    meanwhile: `mkdir -p "$STATE/scratch"; ${seize('$STATE/scratch', ourScratch, '$E/empty')}`,
    types: ['restore drill', 'db-backup verify'],
  },
];

/** In what it wants to have removed as a tree, the names are those of root's. */
function plantTree(scene: Scene): void {
  clearIntent(scene);
  scene.as(
    appUser,
    `s="$D/.$N.restore-AAAAAA"; rm -rf "$s"; mkdir -p "$s/tree"; touch "$s/tree/f1" "$s/tree/f2" "$s/tree/config"
     for i in $(seq 300); do : > "$s/tree/a$i"; done; ln -s "$S/tree" "$s/.link"`,
  );
}

describeRaces('in a race the app wants', [
  ...placement.map((race) => ({ again: clearIntent, ...race })),
  ...copies,
  ...sweeps,
]);
describeRaces('in a race other users of the store want', store);
describeRaces('in a race the user of the jobs wants', byHand);
