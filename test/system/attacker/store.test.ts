// Another user of the store, who may write what is in it: wants an owner, a mode or a terminal by what a manifest says, files
// of root's by a link, and that a run never ends.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Attack, describeAttacks } from '../../support/attacker/attack.ts';
import { outsider, otherUser } from '../../support/attacker/accounts.ts';
import type { Scene } from '../../support/attacker/scene.ts';

const storeUid = outsider;
const restores = ['restore run latest --yes'];
const writing = ['db-backup run'];
const everything = [...writing, ...restores];

/** What a manifest says is changed; with the database gone, it is all that says whose it was. */
function manifest(fields: Record<string, unknown>, { isGone = true } = {}) {
  return (scene: Scene): void => {
    const path = manifestPath(scene);
    const text = JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...fields });
    scene.write(path, text, { uid: outsider });
    if (isGone) rmSync(scene.database);
  };
}

function manifestPath({ store }: Scene): string {
  const folder = join(store, 'backups/bookings');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.json')) ?? '');
}

const manifests: Attack[] = (
  [
    ['a set-user-id database of root', { owner: 0, group: 0, mode: '4777' }],
    ['a set-group-id database of root', { owner: 0, group: 0, mode: '2777' }],
    ['a database for all', { owner: 0, group: 0, mode: '1777' }],
    ['a database of another user', { owner: otherUser, group: otherUser, mode: '0600' }],
  ] as const
).map(([wanted, fields]) => ({
  wants: `${wanted}, by what a manifest says of a database that is gone`,
  plant: manifest(fields),
  types: restores,
}));

const hostile = '\u001b[2J\u001b]0;owned\u0007\u009b31m\r';
const words: Attack[] = (
  [
    ['its tables', { tables: [{ name: hostile, rows: 7 }] }],
    ['the reasons to doubt it', { suspect: [hostile] }],
    ['the app', { app: hostile }],
    ['its own name', { backup: hostile }],
  ] as const
).map(([what, fields]) => ({
  wants: `a broken terminal, by what a manifest says of ${what}`,
  plant: manifest(fields, { isGone: false }),
  types: ['restore list', 'db-backup verify', 'restore run latest --yes --recheck'],
}));

const link = ["a link to root's file", 'ln -s "$S/config"'] as const;
const ofRoot = ["a link to root's database", 'ln -s "$S/bookings.db"'] as const;
const tree = ["a link to root's tree", 'ln -s "$S/tree"'] as const;
const pipe = ['a pipe', 'mkfifo'] as const;
const giant = ['a file of a terabyte', 'truncate -s 1T'] as const;
const endless = ['a link without an end', 'ln -s /dev/zero'] as const;
const scratch = '"$STORE/.holdfast-00000000-999999-1-0123456789abcdef"';
const reading = [...everything, 'restore list', 'db-backup verify --all'];
/** What is planted there, and what root types then. */
const places = [
  ['the marker of the store', '"$STORE/.holdfast-store"', [link, pipe, giant, endless], everything],
  ['a manifest', '"$STORE"/backups/bookings/*.json', [link, pipe, giant], reading],
  ['a backup', '"$STORE"/backups/bookings/bookings-*.db', [ofRoot, pipe], restores],
  ['a backup', '"$STORE"/backups/bookings/bookings-*.db', [giant], ['db-backup verify --all']],
  ['scratch', scratch, [tree], writing],
  ['the owner of scratch', `${scratch}/owner.json`, [pipe, endless], writing],
] as const;

const planted: Attack[] = places.flatMap(([place, path, kinds, types]) =>
  kinds.map(([what, make]) => ({
    wants: `to lead us astray by ${what} as ${place}`,
    inStore: `mkdir -p "$(dirname ${path})"; for f in ${path}; do rm -f "$f"; ${make} "$f"; done`,
    // Old enough for scratch to be swept.
    plant: (scene: Scene) => scene.as(0, 'touch -d "2 weeks ago" "$S/tree"'),
    types,
  })),
);

const folders: Attack[] = ['backups', 'backups/bookings', 'latest'].map((folder) => ({
  wants: `files in a directory of root, by a link in the place of ${folder}`,
  inStore: `mv "$STORE/${folder}" "$STORE/real"; ln -s "$E" "$STORE/${folder}"`,
  types: ['db-backup run --accept-shrink', ...restores],
}));

const names: Attack[] = [
  {
    wants: 'a broken terminal, by the name of a file in the store',
    inStore: `touch "$STORE/backups/bookings/$(printf '\\033[2J\\302\\23331m\\007').db"`,
    types: ['restore list', 'db-backup list', 'db-backup list-backups', 'db-backup verify --all'],
  },
  {
    wants: 'bytes that were altered to be called proven',
    inStore:
      'printf altered | dd conv=notrunc status=none bs=1 seek=9000 of="$(ls "$STORE"/backups/bookings/*.db)"',
    types: restores,
    mustEnd: 'in failure',
  },
];

const attacks = [...manifests, ...words, ...planted, ...folders, ...names];
describeAttacks(
  'by the store its other users want',
  attacks.map((attack) => ({ storeUid, ...attack })),
);
