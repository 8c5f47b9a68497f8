// The parts of the runbook, and the world that each is read in: what went wrong there has gone wrong in it. Sections that are not
// here are read on one machine, on which all is well.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { postgresPrograms } from '../postgres.ts';
import { missingForReaders } from '../reader.ts';
import * as others from './other-worlds.ts';
import * as rows from './row-worlds.ts';
import type { RunbookWorld } from './runbook-world.ts';
import * as worlds from './worlds.ts';

export interface Part {
  /** Sections that are read one after the other in one world. */
  sections: readonly string[];
  /** It begins at that line of the first, and with its heading unless given. */
  from?: string;
  world: () => Promise<RunbookWorld>;
  /** What of that world this machine lacks. */
  missing?: readonly string[];
  /** How a line ends that does not end with 0; where it stands there several times, how each of them does. */
  exits?: Record<string, number | number[]>;
  /** What has happened to the reader when that line is typed. */
  before?: Record<string, (world: RunbookWorld) => unknown>;
}

const part = (
  sections: string | readonly string[],
  world: Part['world'],
  more: Omit<Part, 'sections' | 'world'> = {},
): Part => ({ sections: [sections].flat(), world, ...more });

const [postgres, age] = [
  postgresPrograms() === undefined ? ['postgresql'] : [],
  lacking('age', ['--version']),
];
const zstandard = lacking('/usr/bin/python3', ['-c', 'import zstandard']);

function lacking(program: string, args: string[]): string[] {
  return spawnSync(program, args).status === 0 ? [] : [[program, ...args].join(' ')];
}

/** Where several would begin at one line, the last one does. */
export const parts: readonly Part[] = [
  part('The database is gone, damaged or wrong', worlds.owned),
  part('The database is gone, damaged or wrong', others.postgres, {
    from: 'restore run latest --to bags_look',
    missing: postgres,
    // On a new server it is not there.
    before: {
      'pg_restore --create --dbname=postgres <file>': (world) => world.shell("psql -qc 'drop database bags'"),
    },
  }),
  part('It says that the directory of the database is not there (exit 66)', worlds.withoutDirectory),
  part('It says "has it open" (exit 73)', worlds.open),
  part('The restore was interrupted: killed, power cut, closed SSH session', worlds.interrupted),
  part('Without Holdfast: a database from backups in pages', worlds.sealedPages, {
    missing: [...age, ...zstandard],
  }),
  part('The machine is gone as well', others.unlinked),
  part('The machine is gone as well', worlds.newMachine, {
    from: 'HOLDFAST_STORE=/mnt/backups restore list',
  }),
  part(
    [
      'Dropbox does not let us in (77)',
      'Dropbox does not answer, or asks to wait (69)',
      'A backup in Dropbox was removed by mistake',
    ],
    others.dropbox,
  ),
  part('The store is not there (69)', worlds.otherStore, {
    exits: { 'db-backup info': [69, 1], 'db-backup test': 1 },
  }),
  part('No space (74)', others.full, {
    before: { 'db-backup run': (world) => rmSync(`${world.store}/fill`, { force: true }) },
  }),
  part('"another program keeps it locked" (69)', worlds.locked, {
    // It would be waited for.
    before: { 'db-backup test': (world) => world.letGo() },
  }),
  part('Backed up by the hour', worlds.hourly),
  part('"SUSPECT": the database looks emptied or shrunken, or is at odds with itself', worlds.shrunken),
  part('"IN THE FUTURE": a backup is dated after now', worlds.future),
  part('"DAMAGED": a backup is not what it should be', worlds.damaged, {
    exits: { 'db-backup verify --all': 1 },
  }),
  part(['Backups in pages', 'A full is lost, or damaged'], worlds.pages),
  part(
    ['I got this alert', 'Nothing arrives, though something failed', 'How do I silence it?'],
    worlds.alerted,
    {
      exits: { 'db-backup info': 1, 'sudo db-backup test': 1 },
    },
  ),
  part('The database itself', worlds.maintained),
  part(['documents', '"DIFFERS", "FROZEN", "no longer in the database": documents'], worlds.documents),
  part('postgres-connections', others.postgres, { missing: postgres }),
  part('A reader on another machine', others.shipping, { missing: missingForReaders() }),
  part('Row changes of other machines', rows.receiver),
  part(['delta-pull', "A replica of another machine's database"], rows.replica, {
    exits: { 'delta-pull status': [1, 1], 'delta-serve cert': [0, 73] },
    before: {
      'delta-pull once': rows.serve,
      'delta-serve uninstall': (world) => world.letGo(),
      'delta-serve run': (world) => world.well('delta-serve install'),
    },
  }),
  part('Moving from cli_db_sync.py', others.script),
  part('Sealed backups', worlds.sealed, { missing: age }),
  part(['standby', 'The standby'], worlds.standby, {
    before: {
      'db-backup run --accept fork --app ctv': (world) => world.well('restore promote --app ctv'),
      'sudo restore standby --app ctv': (world) => world.well('restore standby --step-down --app ctv'),
    },
  }),
  part(
    [
      ...['delta-push', 'delta-parity', 'delta-source', 'delta-held'],
      ...['"no triggers note it"', '"differs" (parity)', '"held at the receiver"'],
      ...['"has no column … here: the receiver keeps it"', 'Corrections of staff'],
    ],
    rows.both,
    {
      exits: { 'delta-push status --app <name>': 1, 'delta-push status': [1, 0], 'delta-push doctor': 1 },
      before: {
        'delta-push parity': (world) => world.type('delta-push run'),
        'delta-push held': rows.freeze,
      },
    },
  ),
  part('Row changes of other machines', rows.both, { from: 'delta-push takeover --app <name>' }),
];

/** Of every section that no part has. */
export const elsewhere: Part = part('where all is well', worlds.well, {
  exits: {
    'fuser -v <database>': 1,
    // They are named where nothing of the kind is configured, which they say.
    'restore standby': 78,
    'db-backup link': 78,
    'restore promote': 78,
    // It wants back what it has shown.
    'db-backup keygen': 73,
    'sudo delta-receive key add <source>': 1,
  },
});
