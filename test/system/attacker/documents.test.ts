// The app's user owns the directory in which its documents lie, and reads what arrives at the reader: root, who makes and
// ships them, must send nothing of anybody else, and change nothing. Whoever owns the state directory must not either.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Attack, describeAttacks, describeRaces, type Race } from '../../support/attacker/attack.ts';
import { outsider } from '../../support/attacker/accounts.ts';
import { marker } from '../../support/attacker/canaries.ts';
import type { Scene } from '../../support/attacker/scene.ts';

const name = '2026-11-26.json';
const document = `$DOCS/${name}`;
const ship = ['db-export-json run --ship'];

/** Root's alone, and whole as a document has to be that nobody vouches for. */
const plantSecret = (scene: Scene) =>
  scene.as(0, `umask 077; echo '{"secret":"${marker}"}' > "$S/${name}"; cp "$S/${name}" "$E/${name}"`);

/** What lies there under the name of a document, the command that makes it at a path, and what root types. */
const lying: Attack[] = (
  [
    ["a link to root's file", `ln -s "$S/${name}"`, ship],
    ['a link without an end', 'ln -s /dev/zero', ['db-export-json check']],
    ['a pipe', 'mkfifo', ship],
  ] as const
).map(([what, make, types]) => ({
  wants: `root's file sent away, or root led astray, by ${what} as a document`,
  ships: 'both',
  plant: plantSecret,
  prepare: `${make} "${document}"`,
  types,
}));

/** As where links are not protected (fs.protected_hardlinks): root plants them here. */
const secondNames: Attack[] = [ship, ['db-export-json check']].map((types) => ({
  wants: `root's file sent away or shown, by a second name of it as a document, when root types ${types[0]}`,
  ships: 'both',
  plant: (scene) => (plantSecret(scene), scene.as(0, `ln "$S/${name}" "${document}"`)),
  types,
}));

const directories: Attack[] = ['$S', '$E'].map((path) => ({
  wants: `root's file sent away, by a link to ${path} in the place of the directory`,
  ships: 'both',
  plant: plantSecret,
  prepare: `mv "$DOCS" "$DOCS.real"; ln -s "${path}" "$DOCS"`,
  types: ship,
}));

const flip = (one: string, other: string) => `$SWAP flip $SECONDS_MAX "${one}" "${other}"`;

const races: Race[] = [
  {
    wants: "root's file sent away, by a document and a link that change places",
    ships: 'both',
    plant: plantSecret,
    prepare: `echo '{}' > "${document}"; ln -s "$S/${name}" "$DOCS/.link"`,
    meanwhile: flip(document, '$DOCS/.link'),
    types: [...ship, ...ship],
  },
  {
    wants: "root's file sent away, by the directory and a link that change places",
    ships: 'both',
    plant: plantSecret,
    prepare: `echo '{}' > "${document}"; ln -s "$E" "$DOCS.link"`,
    meanwhile: flip('$DOCS', '$DOCS.link'),
    types: ship,
  },
  {
    wants: 'a document written into a directory of root, by the directory and a link that change places',
    ships: 'database',
    prepare: `ln -s "$E/empty" "$DOCS.link"`,
    meanwhile: flip('$DOCS', '$DOCS.link'),
    again: ({ documents }) => rmSync(join(documents, name), { force: true }),
    types: ship,
  },
];

/** Root types a command, in the state directory of who runs the jobs. */
const ourScratch = '^\\.holdfast-';
const byHand: Race[] = [
  {
    wants: 'documents written into a directory of root, by a link in the place of the scratch of a shipment',
    ships: 'database',
    meanwhile: `mkdir -p "$STATE/scratch"; $SWAP seize $SECONDS_MAX "$STATE/scratch" '${ourScratch}' "$E/empty"`,
    types: ['db-export-json run --ship --look'],
  },
].map((race): Race => ({ ...race, ships: 'database', stateUid: outsider, by: outsider }));

describeAttacks('by its documents the app wants', [...lying, ...secondNames, ...directories]);
describeRaces('by its documents in a race the app wants', races);
describeRaces('by a shipment in a race the user of the jobs wants', byHand);
