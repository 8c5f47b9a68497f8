// db-backup info answers "is it all still working?" by its exit code: each thing that is not is told, with what helps.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Finding } from '../../../lib/base/finding.ts';
import { commandsIn } from '../../../lib/run/hint.ts';
import { backedUpWorld } from '../../support/bad-input.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings, type Json, type World } from '../../support/world.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

interface Case {
  so: string;
  app?: string;
  make: (world: TypedWorld) => unknown;
  /** Severity and message of each finding, sorted as they are told. */
  told: [severity: string, message: RegExp][];
}

const later = (ms: number) => (world: TypedWorld) => void world.clock.advance(ms);
const nights = async (world: TypedWorld, count: number) => {
  for (let night = 0; night < count; night += 1) {
    world.clock.advance(dayMs);
    await world.run('db-backup', ['run']);
  }
};

/** What is expected, when what is told of it changes, and what is told before and after. */
const expectations: [app: string, afterMs: number, before: string[], after: string[], message: RegExp][] = [
  ['expect = { backup_hours = 2 }', 2 * hourMs, [], ['warning'], /newest proven backup is .* old: /],
  ['expect = { backup_hours = 2 }', 7 * dayMs, ['warning'], ['critical'], /newest proven backup is .* old: /],
  ['expect = { backup_hours = 192 }', 8 * dayMs, [], ['warning'], /newest proven backup is 8 d old: /],
  [
    'expect = { backup_hours = 192 }',
    16 * dayMs,
    ['warning'],
    ['critical'],
    /newest proven backup is .* old: /,
  ],
  [
    'expect = { backup_critical_hours = 12 }',
    12 * hourMs,
    [],
    ['critical'],
    /newest proven backup is .* old: /,
  ],
  [
    'expect = { backup_critical_hours = 48 }',
    48 * hourMs,
    ['warning'],
    ['critical'],
    /newest proven backup is .* old: /,
  ],
  ['expect = { backup_hours = 4000, drill_days = 0 }', 100 * dayMs, [], [], /./],
  [
    'expect = { backup_hours = 4000, drill_days = 7 }',
    7 * dayMs,
    [],
    ['warning'],
    /no restore drill for more than 7 d/,
  ],
  [
    'expect = { backup_hours = 4000, drill_days = 90 }',
    90 * dayMs,
    [],
    ['warning'],
    /no restore drill for more than 90 d/,
  ],
];

const cases: Case[] = [
  // Typing it takes a minute.
  ...expectations.flatMap(([app, afterMs, before, after, message]) =>
    [
      { so: `${app}, and the time is almost over`, atMs: afterMs - 3 * 60_000, told: before },
      { so: `${app}, and the time is over`, atMs: afterMs, told: after },
    ].map(({ so, atMs, told }): Case => ({
      ...{ so, app, make: later(atMs) },
      told: told.map((severity) => [severity, message]),
    })),
  ),
  { so: 'a first backup was made', make: () => undefined, told: [] },
  { so: 'a night was a bit late', make: later(35 * hourMs), told: [] },
  {
    so: 'a night was missed',
    make: later(37 * hourMs),
    told: [['warning', /newest proven backup is 1 d 13 h old: .*bookings-/]],
  },
  {
    so: 'a week was missed',
    make: later(8 * dayMs),
    told: [['critical', /newest proven backup is 8 d old: /]],
  },
  {
    so: 'the database is gone',
    make: ({ database }) => rmSync(database),
    told: [['critical', /cannot read the database .*it is not there/]],
  },
  {
    so: 'the database is no database',
    make: ({ database }) => writeFileSync(database, 'a note\n'.repeat(100)),
    told: [['critical', /cannot read the database .*not a SQLite database/]],
  },
  {
    so: 'the data of the only backup is gone',
    make: (world) => rmSync(backup(world)),
    told: [
      ['critical', /there is no proven backup/],
      ['critical', /the data of .* is gone from the store/],
    ],
  },
  {
    so: 'a backup is cut, and a later one is sound',
    make: async (world) => {
      const cut = backup(world);
      await nights(world, 1);
      truncateSync(cut, 100);
    },
    told: [['critical', /is damaged, and counts for nothing: it has 100 bytes/]],
  },
  {
    so: 'the manifest of a backup cannot be read, and a later one is sound',
    make: async (world) => {
      writeFileSync(backup(world).replace(/db$/, 'json'), 'no manifest');
      await nights(world, 1);
    },
    told: [['critical', /is damaged, and counts for nothing/]],
  },
  {
    so: 'the newest backup is suspect',
    make: async (world) => {
      rmSync(world.database);
      makeBookings(world.database, { rows: 0 });
      await world.run('db-backup', ['run']);
    },
    told: [['warning', /the newest backup is suspect: .*booking/]],
  },
  {
    so: 'the latest copy is gone',
    make: ({ store }) => rmSync(join(store, 'latest/bookings.db')),
    told: [['warning', /the latest copy latest\/bookings\.db is not in the store/]],
  },
  { so: 'there is to be no latest copy', app: 'latest = false', make: () => undefined, told: [] },
  {
    so: 'no drill for long',
    make: (world) => {
      world.clock.advance(41 * dayMs);
      return world.run('db-backup', ['run']);
    },
    told: [['warning', /no restore drill for more than 40 d/]],
  },
  {
    so: 'a drill of late',
    make: async (world) => {
      world.clock.advance(41 * dayMs);
      await world.run('db-backup', ['run']);
      await world.run('restore', ['drill']);
    },
    told: [],
  },
  {
    so: 'the last drill failed, on a backup that is gone since',
    make: async (world) => {
      const bytes = readFileSync(backup(world));
      writeFileSync(backup(world), bytes.fill(1, 5000, 5100));
      await world.run('restore', ['drill']);
      const [data, about] = [backup(world), backup(world).replace(/db$/, '')];
      for (const name of [data, `${about}json`, `${about}verdict`]) rmSync(name, { force: true });
      await world.run('db-backup', ['run']);
    },
    told: [['critical', /the last restore drill failed: .*bookings-/]],
  },
  {
    so: 'the store is almost full',
    make: (world) => {
      const { bavail, bsize } = statfsSync(world.store);
      const pages = Math.ceil((bavail * bsize + 1e9) / 2 / 4096);
      const manifest = backup(world).replace(/db$/, 'json');
      truncateSync(backup(world), pages * 4096);
      writeFileSync(
        manifest,
        readFileSync(manifest, 'utf8')
          .replace(/("size_bytes": ?)\d+/, `$1${pages * 4096}`)
          .replace(/("page_count": ?)\d+/, `$1${pages}`),
      );
    },
    told: [['warning', /the store is almost full: .* are free, the next backup may take/]],
  },
  {
    so: 'a restore was killed while the services were stopped',
    make: ({ state }) => {
      mkdirSync(join(state, 'restoring/bookings'), { recursive: true });
      writeFileSync(
        join(state, 'restoring/bookings/note.json'),
        '{"app":"bookings","since":"2026-11-20T02:05:13.000Z"}\n',
      );
    },
    told: [['critical', /its services may be stopped/]],
  },
];

test.each(cases)('$so: $told.length things are told', async ({ app, make, told }) => {
  await using world = await backedUpWorld(app === undefined ? {} : { app });
  await make(world);
  // A file that only says that it is large is not read.
  const print = () => world.fingerprint(world.home, (name) => statSync(join(world.home, name)).size > 1e9);
  const before = print();
  const { exitCode, json } = await world.runJson('db-backup', ['info']);
  expect(found(json)).toEqual(
    told.map(([severity, message]): unknown[] => [severity, expect.stringMatching(message)]),
  );
  expect({ exitCode, ok: json.ok }).toEqual({ exitCode: told.length === 0 ? 0 : 1, ok: told.length === 0 });
  expect(print()).toEqual(before);

  const { stdout } = await world.run('db-backup', ['info']);
  expect([...stdout.matchAll(/^(WARNING|CRITICAL): bookings: /gm)]).toHaveLength(told.length);
  for (const { hint = '' } of findings(json)) {
    expect(stdout).toContain(`  hint: ${hint}`);
    // Every command of ours in it is one that the parser takes.
    for (const [command = '', ...words] of commandsIn(hint)) {
      const { exitCode, stderr } = await world.run(command, words);
      // Nobody is there to be asked.
      if (stderr.includes('without consent')) continue;
      expect(exitCode, `${command} ${words.join(' ')}`).not.toBe(64);
    }
  }
});

test('a machine with nothing backed up is bad news', async () => {
  await using world = new TypedWorld();
  world.configure();
  makeBookings(world.database);
  expect(await world.run('db-backup', ['info'])).toMatchObject({ exitCode: 69 });
  await world.run('db-backup', ['init']);
  const { exitCode, json } = await world.runJson('db-backup', ['info']);
  expect({ exitCode, found: found(json) }).toEqual({
    exitCode: 1,
    found: [['critical', 'there is no proven backup']],
  });
  expect(findings(json)[0]?.hint).toMatch(/db-backup run --app bookings/);
});

test('in the classic layout a night without changes is a good night, until there is none', async () => {
  await using world = new TypedWorld();
  makeBookings(world.database);
  const environment = world.environmentAlone();
  for (let night = 0; night < 9; night += 1) {
    world.clock.advance(dayMs);
    await world.run('db-backup', ['run'], { environment });
  }
  expect(readdirSync(join(world.store, 'backups')).filter((name) => name.endsWith('.db'))).toHaveLength(1);
  expect(await world.run('db-backup', ['info'], { environment })).toMatchObject({ exitCode: 0 });
  world.clock.advance(2 * dayMs);
  expect(await world.run('db-backup', ['info'], { environment })).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/^WARNING: bookings: the newest proven backup is 2 d old: /m),
  });
});

test('one app that is not well does not hide how the others are', async () => {
  await using world = await backedUpWorld();
  const other = join(world.home, 'app/other.db');
  world.configure({ apps: `[apps.other]\ndatabase = ${JSON.stringify(other)}` });
  const { exitCode, json } = await world.runJson('db-backup', ['info']);
  expect(exitCode).toBe(1);
  expect(json.result.apps).toMatchObject([{ ok: true }, { ok: true }]);
  expect(findings(json).map(({ subject }) => subject)).toEqual(['other', 'other']);
  expect(existsSync(other)).toBe(false);
});

function findings(json: Json): Finding[] {
  return json.findings as Finding[];
}

function found(json: Json): string[][] {
  return findings(json).map(({ severity, message }) => [severity, message]);
}

/** The only backup. */
function backup({ store }: World): string {
  const folder = join(store, 'backups/bookings');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.db')) ?? 'none.db');
}

test.each([
  ['1h', 2 * hourMs, 1, 'warning'],
  ['3h', 2 * hourMs, 0, 'ok'],
  ['10d', 9 * dayMs, 0, 'ok'],
  ['10d', 11 * dayMs, 1, 'critical'],
])('--max-age %s decides after %i ms: exit code %i', async (maxAge, afterMs, exitCode, verdict) => {
  await using world = await backedUpWorld();
  world.clock.advance(afterMs);
  const { json, ...ended } = await world.runJson('db-backup', ['info', '--max-age', maxAge]);
  const { age, offsite, sealed, restore, place, risks } = json.result.apps[0].value;
  expect(ended.exitCode).toBe(exitCode);
  expect(age).toMatchObject({ verdict, limit_by: '--max-age' });
  expect({ offsite, sealed, place, risks: risks.length }).toEqual({
    offsite: false,
    sealed: { newest: false, next: false },
    place: 'same-disk',
    risks: 1, // which is no bad news: it was so yesterday
  });
  expect(restore).toMatchObject({ backups: 1, needs_identity: false });
  const { stdout } = await world.run('db-backup', ['info', '--max-age', maxAge]);
  expect(stdout).toContain(`bookings: ${verdict.toUpperCase()}\n`);
  expect(stdout).toMatch(/ {2}WARNING: the store \S+ is on the disk of the database/);
});

test('what is no age is refused', async () => {
  await using world = await backedUpWorld();
  expect(await world.run('db-backup', ['info', '--max-age', 'soon'])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringMatching(/cannot use "soon" as an age/),
  });
});
