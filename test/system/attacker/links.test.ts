// The app's user makes links of what root names: the database, its directory, a place to restore or to download to. A copy in
// the store would be a leak, and a restore would put its database in the place of somebody else's.
import { type Attack, describeAttacks } from '../../support/attacker/attack.ts';
import { leaveLogOfOther } from '../../support/attacker/canaries.ts';

const backups = ['db-backup backup mine', 'db-backup run'];
const restores = ['restore run latest --yes'];
const everything = ['db-backup run', ...restores, 'restore undo --yes'];

const targets = [
  ["root's database", '$S/bookings.db'],
  ["another user's database", '$O/other.db'],
  ["root's database that all may see", '$E/bookings.db'],
] as const;

const databases: Attack[] = targets.flatMap(([whose, path]) => [
  { wants: `${whose} in the store, by a link as the database`, prepare: linkAs(path), types: backups },
  { wants: `${whose} replaced, by a link as the database`, prepare: linkAs(path), types: restores },
]);

const chain: Attack = {
  wants: "root's database reached through a chain of links",
  prepare:
    'rm "$D/$N"; ln -s "$S/bookings.db" "$A/second"; ln -s "$A" "$A/first"; ln -s "$A/first/second" "$D/$N"',
  types: everything,
};

const directories: Attack[] = [
  ["root's directory", '$S'],
  ['a directory of root that all may see', '$E'],
].map(([whose, path]) => ({
  wants: `${whose} taken for its own, by a link as the directory of the database`,
  layout: 'own parent',
  prepare: `mv "$D" "$D.real"; ln -s "${path}" "$D"`,
  types: everything,
}));

const newFiles: Attack[] = [
  'restore run latest --to $D/out/copy.db',
  'restore run latest --to $D/copy.db',
  'db-backup download $D/out/copy.db',
  'db-backup download $D/out',
].flatMap((line) => [
  {
    wants: `a file of root's in a directory of root's, when root types ${line}`,
    prepare: 'ln -s "$E/empty" "$D/out"; ln -s "$E/made.db" "$D/copy.db"',
    types: [line],
  },
]);

const sides: Attack[] = [
  {
    wants: "another user's rows in the store, by a link as the -wal, which SQLite would read for it",
    plant: leaveLogOfOther,
    prepare: 'ln -s "$O/other.db-wal" "$D/$N-wal"',
    types: everything,
    journalMode: 'wal',
  },
  {
    wants: "another user's rows in the store, by a link as the database while its -wal is its own",
    plant: leaveLogOfOther,
    prepare: 'rm "$D/$N"; ln -s "$O/other.db" "$D/$N"; touch "$D/$N-wal"',
    types: backups,
    journalMode: 'wal',
  },
];

function linkAs(path: string): string {
  return `rm "$D/$N"; ln -s "${path}" "$D/$N"`;
}

describeAttacks('by links the app wants', [...databases, chain, ...directories, ...newFiles, ...sides]);
