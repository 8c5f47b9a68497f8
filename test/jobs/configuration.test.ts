// A configuration that is wrong: every problem at once, each with its place in the file (exit 78), and nothing is begun.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { backedUpWorld, expectNoSecret, expectRefusal, type Refusal, secrets } from '../support/bad-input.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await backedUpWorld();
  return () => world[Symbol.asyncDispose]();
});

const config = (says: RegExp[], hint: RegExp): Refusal => ({ kind: 'config', says, hint });
const sample = /docs\/configuration\.md.*etc\/holdfast\.toml/;

describe('a configuration', () => {
  beforeEach(() => world.configure());

  const cases: { what: string; top?: string; app?: string; apps?: string; says: RegExp[] }[] = [
    {
      what: 'an unknown key at the top',
      top: 'stat_directory = "/x"',
      says: [/stat_directory: unknown key; did you mean state_directory\?/],
    },
    {
      what: 'an unknown key of an app',
      app: 'servces = []',
      says: [/apps\.bookings\.servces: unknown key; did you mean services\?/],
    },
    {
      what: 'an unknown key of a policy',
      app: 'keep = { dayly = 3, last = 1 }',
      says: [/apps\.bookings\.keep\.dayly: unknown key; did you mean daily\?/],
    },
    {
      what: 'an unknown key like no other',
      app: 'colour = "red"',
      says: [/apps\.bookings\.colour: unknown key(?!;)/],
    },
    {
      what: 'a word for a number',
      app: 'keep = { last = "seven" }',
      says: [/apps\.bookings\.keep\.last: must be a whole number/],
    },
    { what: 'a number for a word', app: 'stop = 3\nstart = "x"', says: [/apps\.bookings\.stop: .*string/] },
    {
      what: 'a word for a list',
      app: 'services = "bookings.service"',
      says: [/apps\.bookings\.services: .*array/],
    },
    {
      what: 'documents of two apps in one place',
      apps: `[apps.bookings.export]\ndirectory = "/docs"\n[apps.other]\ndatabase = "/other.db"\n[apps.other.export]\ndirectory = "/docs"`,
      says: [/apps\.other\.export\.directory: has documents where those of bookings lie/],
    },
    {
      what: "a mirror that is another app's database",
      apps: `[apps.bookings.import]\ndatabase = "/other.db"\n[apps.other]\ndatabase = "/other.db"`,
      says: [/apps\.bookings\.import\.database: is the database of other/],
    },
    {
      what: 'a policy that keeps nothing',
      app: 'keep = { last = 0 }',
      says: [/apps\.bookings\.keep: must keep at least one backup/],
    },
    {
      what: 'a time zone that is none',
      top: 'time_zone = "Mars/Olympus"',
      says: [/time_zone: must be a time zone/],
    },
    {
      what: 'both services and stop',
      app: 'services = ["x.service"]\nstop = "true"\nstart = "true"',
      says: [/apps\.bookings: give services, or stop and start, not both/],
    },
    {
      what: 'stop without start',
      app: 'stop = "true"',
      says: [/apps\.bookings: stop and start belong together/],
    },
    {
      what: 'two ways to ask for health',
      app: 'health = { command = "true", url = "http://localhost/" }',
      says: [/apps\.bookings\.health: needs either command or url/],
    },
    {
      what: 'an app called like a path',
      apps: '[apps."a/b"]\ndatabase = "/x.db"',
      says: [/apps\.a\/b: cannot use "a\/b" as the name of an app/],
    },
    {
      what: 'an app called ..',
      apps: '[apps.".."]\ndatabase = "/x.db"',
      says: [/cannot use "\.\." as the name of an app/],
    },
    {
      what: 'what needs a database, where there is none',
      apps: '[apps.payroll]\nservices = []\nservice_timeout_seconds = 3',
      says: [
        /apps\.payroll\.services: needs database beside it/,
        /apps\.payroll\.service_timeout_seconds: needs database/,
      ],
    },
    {
      what: 'a relative database',
      apps: '[apps.payroll]\ndatabase = "payroll.db"',
      says: [/apps\.payroll\.database: must be an absolute path/],
    },
    {
      what: 'a latest copy outside the store',
      app: 'latest = "../bookings.db"',
      says: [/apps\.bookings\.latest: .*plain name in the store/],
    },
    {
      what: 'a latest copy with an empty segment',
      app: 'latest = "a//b.db"',
      says: [/apps\.bookings\.latest: .*plain name in the store/],
    },
    {
      what: 'a latest copy with a control character',
      app: 'latest = "a\\u0007.db"',
      says: [/apps\.bookings\.latest: .*plain name in the store/],
    },
    {
      what: 'a latest copy with a name too long',
      app: `latest = "${'n'.repeat(300)}.db"`,
      says: [/apps\.bookings\.latest: .*plain name in the store/],
    },
    {
      what: 'a latest copy among the backups',
      app: 'latest = "/backups/bookings/latest.db"',
      says: [/apps\.bookings\.latest: .*folder of the backups/],
    },
    {
      what: 'a latest copy in place of the marker',
      app: 'latest = "/.holdfast-store"',
      says: [/apps\.bookings\.latest: .*\.holdfast-/],
    },
    {
      what: 'two apps with one latest copy',
      app: 'latest = "database.db"',
      apps: '[apps.payroll]\ndatabase = "/x.db"\nlatest = "/database.db"',
      says: [/apps\.payroll\.latest: .*latest copy of bookings/],
    },
    {
      what: 'two apps whose names differ in letter case',
      apps: '[apps.Bookings]\ndatabase = "/x.db"',
      says: [/apps\.Bookings: differs from bookings in letter case alone/],
    },
    {
      what: 'two latest copies whose names differ in letter case and in how an accent is written',
      app: 'latest = "K\u00e4se.db"',
      apps: '[apps.payroll]\ndatabase = "/x.db"\nlatest = "/ka\u0308se.DB"',
      says: [/apps\.payroll\.latest: .*latest copy of bookings/],
    },
    {
      what: 'a latest copy below that of another app',
      app: 'latest = "Copies"',
      apps: '[apps.payroll]\ndatabase = "/x.db"\nlatest = "copies/x.db"',
      says: [/apps\.payroll\.latest: and the latest copy of bookings cannot lie one below the other/],
    },
    {
      what: 'several problems',
      top: 'clock = "sundial"',
      app: 'latest = true\nkeep = { last = -1, weeks = 4 }',
      says: [
        /clock: must be "auto" or "trusted"/,
        /apps\.bookings\.latest/,
        /keep\.last: must not be negative/,
        /keep\.weeks: unknown key; did you mean weekly\?/,
      ],
    },
  ];
  test.each(cases)('with $what names it and its place', async ({ says, ...lines }) => {
    world.configure(lines);
    await expectRefusal(world, 'db-backup', ['run'], config([/holdfast\.toml/, ...says], sample));
  });

  test('that is no TOML is told with line and column', async () => {
    writeFileSync(world.config, '[store]\nkind = "directory"\npath = /srv/backups\n');
    await expectRefusal(
      world,
      'db-backup',
      ['run'],
      config([/holdfast\.toml: line 3, column \d+/], /editor \+3 /),
    );
  });

  test('that is empty has no app', async () => {
    writeFileSync(world.config, '');
    await expectRefusal(
      world,
      'db-backup',
      ['run'],
      config([/holdfast\.toml/, /apps: needs at least one app/], sample),
    );
  });

  test('without a store, where Dropbox is asked for, does not go to the disk of the database instead', async () => {
    writeFileSync(
      world.config,
      `state_directory = "${world.state}"\n[apps.bookings]\ndatabase = "${world.database}"\n`,
    );
    await expectRefusal(world, 'db-backup', ['run'], config([/cannot use the Dropbox/], /DROPBOX_APP_KEY/));
  });
});

describe('a configuration file', () => {
  beforeEach(() => {
    rmSync(world.config, { recursive: true, force: true });
    world.configure();
  });

  test('that is not there is named, with how to begin', async () => {
    const refusal = config([/no-such\.toml/, /not there/], /--config|HOLDFAST_CONFIG/);
    await expectRefusal(world, 'db-backup', ['run', '--config', `${world.home}/no-such.toml`], refusal);
    await expectRefusal(world, 'db-backup', ['run'], refusal, (command, args, environment) =>
      world.run(command, args, {
        environment: { ...environment, HOLDFAST_CONFIG: `${world.home}/no-such.toml` },
      }),
    );
  });

  test('that is a directory is named', async () => {
    rmSync(world.config);
    mkdirSync(world.config);
    await expectRefusal(world, 'db-backup', ['run'], config([/holdfast\.toml/, /directory/], /--config/));
  });

  test('of no name is no file', async () => {
    await expectRefusal(world, 'db-backup', ['run', '--config', ''], {
      kind: 'usage',
      says: [/option '--config <path>'/, /value is empty/],
    });
  });

  test('that names several apps leaves it to the operator which one a restore is for', async () => {
    world.configure({ apps: `[apps.payroll]\ndatabase = "${world.home}/payroll.db"` });
    for (const [command, line] of [
      ['restore', 'run latest --yes'],
      ['restore', 'plan latest'],
      ['restore', 'undo --yes'],
      ['restore', 'download latest /tmp/nowhere'],
      ['db-backup', 'verify latest'],
    ] as const) {
      await expectRefusal(world, command, line.split(' '), {
        kind: 'usage',
        says: [/cannot tell which app is meant/, /bookings, payroll/],
        hint: /--app/,
      });
    }
  });

  test('that names no database of an app leaves it out, and nobody believes that it is guarded', async () => {
    world.configure({ apps: '[apps.mirror]' });
    const { exitCode, stdout } = await world.run('db-backup', ['list-backups'], {});
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^bookings: /) as string,
    });
    expect(stdout).not.toContain('mirror');
    const ofMirror = config([/cannot find a database to guard: mirror of .* has none/], /write database = /);
    for (const [command, line] of [
      ['db-backup', 'run --app mirror'],
      ['restore', 'run latest --yes --app mirror'],
    ] as const)
      await expectRefusal(world, command, line.split(' '), ofMirror);
    writeFileSync(world.config, `state_directory = "${world.state}"\n[apps.mirror]\n`);
    const ofNobody = config([/cannot find a database to guard: no app of .* has one/], /write database = /);
    for (const line of ['run', 'run --app nonsense'])
      await expectRefusal(world, 'db-backup', line.split(' '), ofNobody);
  });

  test('with several problems shows each of them in a line of its own', async () => {
    world.configure({ app: 'servces = []\nkeep = { last = "x" }' });
    const ended = await world.run('db-backup', ['run'], { environment: secrets });
    expect({ exitCode: ended.exitCode, stdout: ended.stdout }).toEqual({ exitCode: 78, stdout: '' });
    expect(ended.stderr).toMatch(/^ {2}apps\.bookings\.keep\.last: /m);
    expect(ended.stderr).toMatch(/^ {2}apps\.bookings\.servces: /m);
    expectNoSecret(world, ended);
  });
});
