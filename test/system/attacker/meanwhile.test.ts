// The app's user waits until root has begun: it acts while it is being stopped, started, or asked whether it is well, and
// while root thinks about a question. All that was found out before is then no longer so.
import { type Attack, describeAttacks } from '../../support/attacker/attack.ts';
import { appUser } from '../../support/attacker/accounts.ts';
import { marker } from '../../support/attacker/canaries.ts';
import type { Scene } from '../../support/attacker/scene.ts';
import { undoRecord } from '../../support/attacker/undo-record.ts';

const restore = ['restore run latest --yes'];
const undo = [...restore, 'restore undo --yes'];
const undoSetOfOther = '"$O/other.db.undo-20261101T000000Z"';

/** The staging directory of the restore that goes on is renamed, and `place` comes in its place. */
const seize = (place: string) =>
  `for s in "$D/.$N".restore-??????; do mv "$s" "$s.taken" && ${place} "$s"; done; :`;
const stagings = [
  ['a link to a directory of root with such a file in it', 'ln -s "$E"'],
  ['a link to a directory that only root may enter', 'ln -s "$S"'],
  [
    'a directory with a link as the new database',
    'make() { mkdir "$1"; ln -s "$E/config" "$1/new.db"; }; make',
  ],
] as const;

const staging: Attack[] = stagings.map(([what, place]) => ({
  wants: `root's file given to it, by ${what} in the place of the staging directory`,
  stop: seize(place),
  types: restore,
}));

const elsewhere: Attack[] = (['own parent', 'of root'] as const).map((layout) => ({
  wants: `root's file given to it, in a directory that is ${layout}, by a link in the place of the staging directory`,
  layout,
  stop: seize('ln -s "$E"'),
  types: restore,
}));

const spread: Attack[] = stagings.slice(0, 2).map(([what, place]) => ({
  wants: `the database and its log copied elsewhere, by ${what} in the place of the staging directory`,
  stop: `printf log > "$D/$N-wal"; ${seize(place)}`,
  types: restore,
}));

const left: Attack[] = (
  [
    ['the staging directory, when it is to be removed', seize('ln -s "$S/tree"'), undo],
    ['the intent', 'ln -sf "$E/config" "$D/.$N.restore.json"', undo],
    ['the database', 'ln -sf "$E/bookings.db" "$D/$N"', [...restore, ...restore]],
    [
      'the undo set',
      `for s in "$D/$N".undo-*; do mv "$s" "$s.taken"; ln -s ${undoSetOfOther} "$s"; done`,
      undo,
    ],
  ] as const
).map(([what, start, types]) => ({
  wants: `what is not its own, by a link in the place of ${what} while it is started`,
  start,
  types,
}));

const directory: Attack[] = (['stop', 'start'] as const).flatMap((moment) =>
  [
    ['root', '$E'],
    ['root alone', '$S'],
  ].map(([whose, path]) => ({
    wants: `work done in a directory of ${whose}, by a link in the place of its own at ${moment}`,
    layout: 'own parent' as const,
    // Another app's restore was interrupted there.
    plant: (scene: Scene) => scene.as(0, `echo '${marker}' > "${path}/.$N.restore.json"`),
    [moment]: `[ -h "$D" ] || { mv "$D" "$D.real"; ln -s "${path}" "$D"; }`,
    types: restore,
  })),
);

const exchanged: Attack = {
  wants:
    "another user's database brought back, by another directory in the place of its own, and it is unwell",
  layout: 'own parent',
  health: `mv "$D" "$D.real"; mkdir "$D"; cp "$D.real/$N" "$D/"
for s in "$D.real/$N".undo-*; do ln -s ${undoSetOfOther} "$D/\${s##*/}"; done; exit 1`,
  types: restore,
};

const forgedSet = (scene: Scene): void => {
  const path = `${scene.den}/forged`;
  scene.give(path, appUser, 0o700);
  scene.makeDatabase(`${path}/bookings.db`);
  scene.write(`${path}/undo.json`, undoRecord({ owner: 0, group: 0, mode: '4755' }));
};

const asked: Attack[] = [
  {
    wants: "root's database replaced, by a link in the place of its directory while root is asked",
    layout: 'own parent',
    atQuestion: 'mv "$D" "$D.real"; ln -s "$E" "$D"',
    types: ['restore run latest'],
  },
  {
    wants: "root's database replaced, by a link in the place of its database while root is asked",
    atQuestion: 'mv "$D/$N" "$D/real"; ln -s "$E/bookings.db" "$D/$N"',
    types: ['restore run latest'],
  },
  {
    wants: 'a set-user-id database of root, by exchanging the undo set while root is asked',
    plant: forgedSet,
    atQuestion: 'for s in "$D/$N".undo-*; do mv "$s" "$D/real"; mv "$A/forged" "$s"; done',
    types: ['restore run latest --yes', 'restore undo'],
  },
  {
    wants: "another user's database, by a link in the place of the undo set while root is asked",
    atQuestion: `for s in "$D/$N".undo-*; do mv "$s" "$D/real"; ln -s ${undoSetOfOther} "$s"; done`,
    types: ['restore run latest --yes', 'restore undo'],
  },
];

describeAttacks('meanwhile the app wants', [
  ...staging,
  ...elsewhere,
  ...spread,
  ...left,
  ...directory,
  exchanged,
  ...asked,
]);
