// A store that is not what it was, and a state directory that cannot be used. A vanished disk is never taken for an
// empty store, and nothing is written where it was mounted.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { backedUpWorld, expectBadNews, expectRefusal, type Refusal } from '../support/bad-input.ts';
import { TypedWorld } from '../support/typed-world.ts';
import { makeBookings, type World } from '../support/world.ts';

const commands = [
  ['db-backup', 'run'],
  ['db-backup', 'backup once-more'],
  ['db-backup', 'upload'],
  ['db-backup', 'prune'],
  ['db-backup', 'remove named --yes'],
  ['db-backup', 'list-backups'],
  ['db-backup', 'verify'],
  ['restore', 'list'],
  ['restore', 'run latest --yes'],
  ['restore', 'drill'],
] as const;

const gone = (cause: RegExp): Refusal => ({
  kind: 'unavailable',
  says: [/cannot use the store directory .*store/, cause],
  hint: /is the disk mounted\?/,
});

describe('a store that was there before', () => {
  let world: World;
  beforeEach(async () => {
    world = await backedUpWorld();
    renameSync(world.store, `${world.home}/moved-away`);
    return () => world[Symbol.asyncDispose]();
  });

  test('and is gone is unavailable to every command, and is not made anew', async () => {
    for (const [command, line] of commands) {
      await expectRefusal(world, command, line.split(' '), gone(/it is not there/));
    }
    expect(existsSync(world.store)).toBe(false);
  });

  test('and is empty now is unavailable to every command, and stays empty', async () => {
    mkdirSync(world.store);
    for (const [command, line] of commands) {
      await expectRefusal(world, command, line.split(' '), gone(/holds no \.holdfast-store/));
    }
    expect(readdirSync(world.store)).toEqual([]);
  });

  test('and is a file now is unavailable, and the file stays', async () => {
    writeFileSync(world.store, 'a note\n');
    await expectRefusal(world, 'db-backup', ['run'], gone(/it is not there/));
    expect(world.fingerprint(world.home)).toHaveProperty('store');
  });

  test('and is gone shows in db-backup test, beside what is well', async () => {
    const { checks } = await expectBadNews(world, 'db-backup', ['test']);
    const failed = checks.filter(({ ok }) => !ok).map(({ name }) => name);
    expect(failed).toEqual(['store', 'bookings: space']);
  });
});

describe('a store that cannot be used', () => {
  test('because its marker is not one is damaged', async () => {
    await using world = await backedUpWorld();
    writeFileSync(`${world.store}/.holdfast-store`, 'what is this\n');
    await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'damaged',
      says: [/store directory/, /\.holdfast-store is not readable/],
      hint: /write a new one: mv .*db-backup init/,
    });
  });

  test('because a newer Holdfast made it is unavailable', async () => {
    await using world = await backedUpWorld();
    writeFileSync(`${world.store}/.holdfast-store`, '{"format":"holdfast-store","version":3}\n');
    await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'unavailable',
      says: [/store directory/, /version 3/],
      hint: /newer/,
    });
  });

  test('because its path is relative is a mistake of the configuration', async () => {
    await using world = new TypedWorld();
    makeBookings(world.database, { journalMode: 'delete' });
    const run = (command: string, args: readonly string[], environment: Record<string, string>) =>
      world.run(command, args, {
        environment: { ...environment, ...world.environmentAlone({ HOLDFAST_STORE: 'backups/here' }) },
      });
    await expectRefusal(
      world,
      'db-backup',
      ['run'],
      { kind: 'config', says: [/HOLDFAST_STORE=backups\/here/, /absolute path/], hint: /HOLDFAST_STORE=\// },
      run,
    );
    expect(existsSync(world.state)).toBe(false);
  });
});

describe('a state directory', () => {
  test('that is a file is refused before anything is stored', async () => {
    await using world = await backedUpWorld();
    rmSync(world.state, { recursive: true });
    writeFileSync(world.state, 'a note\n');
    await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'refused',
      says: [/state/, /a file has that name/],
      hint: /HOLDFAST_STATE/,
    });
  });
});

describe('a store that nobody has made yet', () => {
  const looks: [command: string, line: string][] = [
    ['db-backup', 'info'],
    ['db-backup', 'list-backups'],
    ['db-backup', 'list'],
    ['db-backup', 'verify'],
    ['db-backup', 'prune'],
    ['db-backup', 'remove named --yes'],
    ['db-backup', 'prune --dry-run'],
    ['db-backup', 'download ~/copy.db'],
    ['restore', 'list'],
    ['restore', 'plan latest'],
    ['restore', 'run latest --dry-run'],
    ['restore', 'run latest --to ~/copy.db'],
    ['restore', 'download latest ~/copy.db'],
    ['restore', 'drill --dry-run'],
  ];
  const typed = (line: string, world: World) => line.replace('~', world.home).split(' ');

  test('is made by no command that only looks: each says so, and nothing anywhere has changed', async () => {
    for (const there of ['nothing', 'an empty directory', 'files of somebody else']) {
      await using world = freshWorld();
      if (there !== 'nothing') mkdirSync(world.store);
      if (there === 'files of somebody else') writeFileSync(`${world.store}/a.txt`, 'a');
      for (const [command, line] of looks) {
        const before = tree(world.home);
        const ended = await world.run(command, typed(line, world));
        expect({ there, line, exitCode: ended.exitCode }).toEqual({ there, line, exitCode: 69 });
        expect(ended.stderr).toMatch(/no store is there yet|is no store yet/);
        // Those that prove or restore something leave a row in the history.
        if (!/^(verify|prune$|remove|run latest --to|drill$)/.test(line))
          expect(tree(world.home)).toEqual(before);
        expect(existsSync(`${world.store}/.holdfast-store`)).toBe(false);
      }
    }
  });

  test('is made by nothing that is only tried, which says what it would do', async () => {
    await using world = freshWorld();
    for (const line of [
      'run --dry-run',
      'backup before --dry-run',
      'upload --dry-run',
      'init --dry-run',
      'test --dry-run',
    ]) {
      const before = tree(world.home);
      const { exitCode, stdout, stderr } = await world.run('db-backup', line.split(' '));
      expect({ line, exitCode, stderr }).toMatchObject({ line, exitCode: 0 });
      expect(stdout).not.toBe('');
      expect({ line, after: tree(world.home) }).toEqual({ line, after: before });
    }
  });

  test.each(['run', 'backup', 'upload', 'init'])('is made by db-backup %s', async (command) => {
    await using world = freshWorld();
    expect(await world.run('db-backup', [command])).toMatchObject({ exitCode: 0 });
    expect(existsSync(`${world.store}/.holdfast-store`)).toBe(true);
  });

  test('is made in the place of nothing else, and everything says what is there', async () => {
    await using world = freshWorld();
    writeFileSync(world.store, 'a note\n');
    for (const line of ['info', 'run', 'run --dry-run'])
      await expectRefusal(world, 'db-backup', line.split(' '), gone(/it is not there|is not a directory/));
    rmSync(world.store);
    symlinkSync(`${world.home}/not-mounted`, world.store);
    for (const line of ['info', 'run', 'init'])
      await expectRefusal(world, 'db-backup', line.split(' '), gone(/it is not there/));
  });

  test('in a directory with files of somebody else is made on purpose only', async () => {
    await using world = freshWorld();
    mkdirSync(world.store);
    writeFileSync(`${world.store}/holiday.jpg`, 'a');
    await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'unavailable',
      says: [/is no store yet, and holds other files, such as holiday\.jpg/],
      hint: /db-backup init/,
    });
    expect(await world.run('db-backup', ['run', '--dry-run'])).toMatchObject({ exitCode: 69 });
    expect(await world.run('db-backup', ['init', '--dry-run'])).toMatchObject({ exitCode: 0 });
    expect(readdirSync(world.store)).toEqual(['holiday.jpg']);
    expect(await world.run('db-backup', ['init'])).toMatchObject({ exitCode: 0 });
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  });

  test('at a path that was mistyped is not where the next backup goes', async () => {
    await using world = await backedUpWorld();
    const right = world.store;
    world.configure({ top: '' });
    writeFileSync(world.config, readFileSync(world.config, 'utf8').replace(right, `${right}x`));
    await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'unavailable',
      says: [/storex: no store is there, and the backups went to .*store until now/],
      hint: /is the path right.*db-backup init/,
    });
    expect(existsSync(`${right}x`)).toBe(false);
    expect(await world.run('db-backup', ['init'])).toMatchObject({ exitCode: 0 });
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  });
});

describe('another store in the place of the one that was used', () => {
  test('is noticed by every command, and is taken on purpose only', async () => {
    await using world = await backedUpWorld();
    await using other = await backedUpWorld();
    renameSync(world.store, `${world.home}/moved-away`);
    renameSync(other.store, world.store);
    const before = world.fingerprint(world.store);
    for (const [command, line] of commands) {
      await expectRefusal(world, command, line.split(' '), {
        kind: 'unavailable',
        says: [/another store is there \([0-9a-f]{32}\) than was used until now/],
        hint: /findmnt.*db-backup init/,
      });
    }
    expect(world.fingerprint(world.store)).toEqual(before);
    expect((await world.run('db-backup', ['init'])).stdout).toContain('is the store from now on');
    expect(await world.run('db-backup', ['list-backups'])).toMatchObject({ exitCode: 0 });
  });

  test('is not one of before stores had an id: that gets one, and it stays', async () => {
    await using world = await backedUpWorld();
    const marker = `${world.store}/.holdfast-store`;
    writeFileSync(
      marker,
      '{"format":"holdfast-store","version":1,"created_at":"2026-01-01T00:00:00.000Z"}\n',
    );
    rmSync(`${world.state}/stores`, { recursive: true });
    expect(await world.run('restore', ['list'])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(marker, 'utf8')).toContain('"version":1');
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    const given = readFileSync(marker, 'utf8');
    expect(given).toMatch(/"version":2,"id":"[0-9a-f]{32}"/);
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(marker, 'utf8')).toBe(given);
  });
});

describe('a store that is not the one that the configuration names', () => {
  const wrong = '0'.repeat(32);
  const pinTo = (world: TypedWorld, id: string) =>
    writeFileSync(
      world.config,
      readFileSync(world.config, 'utf8').replace('[store]', `[store]\nid = "${id}"`),
    );

  test('is refused by every command, also by db-backup init and by a machine without state', async () => {
    await using world = await backedUpWorld();
    const { id } = JSON.parse(readFileSync(`${world.store}/.holdfast-store`, 'utf8')) as { id: string };
    expect((await world.run('db-backup', ['info'])).stdout).toContain(`store id: ${id}`);
    pinTo(world, wrong);
    const states = ['as it was', 'gone', 'that knows the wrong one'];
    for (const state of states) {
      if (state === 'gone') rmSync(world.state, { recursive: true });
      if (state === 'that knows the wrong one') {
        world.configure();
        expect(await world.run('db-backup', ['init'])).toMatchObject({ exitCode: 0 });
        const [note = ''] = readdirSync(`${world.state}/stores`);
        writeFileSync(`${world.state}/stores/${note}`, JSON.stringify({ path: world.store, id: wrong }));
        pinTo(world, wrong);
      }
      for (const [command, line] of [...commands, ['db-backup', 'info'], ['db-backup', 'init']] as const) {
        await expectRefusal(world, command, line.split(' '), {
          kind: 'unavailable',
          says: [new RegExp(`the store there is ${id}, and .*holdfast\\.toml names ${wrong}`)],
          hint: /findmnt.*correct the id/,
        });
      }
    }
    world.configure();
    pinTo(world, id);
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    expect(await world.run('restore', ['list'])).toMatchObject({ exitCode: 0 });
  });

  test.each(['nothing', 'an empty directory', 'backups without a marker', 'one of before stores had an id'])(
    'is refused where %s is there, and nothing is made',
    async (there) => {
      await using world = await backedUpWorld();
      const marker = `${world.store}/.holdfast-store`;
      rmSync(marker);
      if (there === 'nothing' || there === 'an empty directory') rmSync(world.store, { recursive: true });
      if (there === 'an empty directory') mkdirSync(world.store);
      if (there === 'one of before stores had an id')
        writeFileSync(marker, '{"format":"holdfast-store","version":1}\n');
      pinTo(world, wrong);
      for (const isNewMachine of [false, true]) {
        if (isNewMachine) rmSync(world.state, { recursive: true });
        for (const [command, line] of [
          ...commands,
          ['db-backup', 'init'],
          ['db-backup', 'init --dry-run'],
        ] as const) {
          await expectRefusal(world, command, line.split(' '), {
            kind: 'unavailable',
            says: [
              /no store is there, and|one of an older version, without an id, and/,
              /holdfast\.toml names 0{32}/,
            ],
            hint: /findmnt/,
          });
        }
      }
    },
  );

  test('is refused where the environment alone names one, and what is no id is a mistake there and in a file', async () => {
    await using world = await backedUpWorld();
    const alone = (id: string) => ({
      HOLDFAST_CONFIG: '',
      HOLDFAST_STATE: world.state,
      HOLDFAST_STORE: world.store,
      HOLDFAST_STORE_ID: id,
    });
    expect(await world.run('restore', ['list'], { environment: alone(wrong) })).toMatchObject({
      exitCode: 69,
      stderr: expect.stringMatching(/the environment names 0{32}/) as string,
    });
    const { id } = JSON.parse(readFileSync(`${world.store}/.holdfast-store`, 'utf8')) as { id: string };
    expect(await world.run('restore', ['list'], { environment: alone(id) })).toMatchObject({ exitCode: 0 });
    expect(await world.run('restore', ['list'], { environment: alone('mine') })).toMatchObject({
      exitCode: 78,
      stderr: expect.stringMatching(/HOLDFAST_STORE_ID=mine: it must be the 32 hex digits/) as string,
    });
    pinTo(world, 'mine');
    expect(await world.run('restore', ['list'])).toMatchObject({
      exitCode: 78,
      stderr: expect.stringMatching(/store\.id: must be the 32 hex digits/) as string,
    });
  });
});

describe('restore status says what could be restored', () => {
  const said: [what: string, change: (world: TypedWorld) => unknown, says: RegExp][] = [
    [
      'as it is',
      () => undefined,
      /^ {2}newest proven backup: backups\/bookings\/bookings-.*\.db, \d+ min ago, in directory /m,
    ],
    [
      'emptied',
      ({ store }) => rmSync(`${store}/backups`, { recursive: true }),
      /^ {2}newest proven backup: NONE in directory /m,
    ],
    [
      'gone',
      ({ store }) => renameSync(store, `${store}-away`),
      /^ {2}the store could not be looked at: .*it is not there/m,
    ],
    [
      'an empty mount point',
      ({ store }) => (renameSync(store, `${store}-away`), mkdirSync(store)),
      /could not be looked at: .*holds no \.holdfast-store/,
    ],
    [
      'a file',
      ({ store }) => (renameSync(store, `${store}-away`), writeFileSync(store, '')),
      /could not be looked at: /,
    ],
    [
      'another one',
      ({ store }) =>
        writeFileSync(
          `${store}/.holdfast-store`,
          JSON.stringify({ format: 'holdfast-store', version: 2, id: 'd'.repeat(32) }),
        ),
      /could not be looked at: .*another store is there/,
    ],
    [
      'of a newer version',
      ({ store }) => writeFileSync(`${store}/.holdfast-store`, '{"format":"holdfast-store","version":3}'),
      /could not be looked at: .*version 3/,
    ],
    [
      'not configured right',
      (world) =>
        writeFileSync(
          world.config,
          readFileSync(world.config, 'utf8')
            .replace('kind = "directory"', 'kind = "dropbox"')
            .replace(/^path = .*$/m, ''),
        ),
      /could not be looked at: cannot use Dropbox: .*not linked/,
    ],
  ];

  test.each(said)('where the store is %s, beside all that is local', async (_, change, says) => {
    await using world = await backedUpWorld();
    expect(await world.run('restore', ['run', 'latest', '--yes'])).toMatchObject({ exitCode: 0 });
    change(world);
    const before = tree(world.home);
    const { exitCode, stdout, stderr } = await world.run('restore', ['status']);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toMatch(says);
    expect(stdout).toMatch(/^bookings: .*bookings\.db, .*kB/m);
    expect(stdout).toContain('undo set');
    if (stdout.includes('could not be looked at')) {
      expect(stdout).toMatch(
        /^ {2}the newest proven backup that is remembered here: backups\/bookings\/.*, \d+ min ago$/m,
      );
      expect(stderr).toMatch(/warning: the store could not be looked at hint=/);
    }
    const { json } = await world.runJson('restore', ['status']);
    expect(json).toMatchObject({ ok: true, findings: [] });
    expect(JSON.stringify(json.result.apps)).toMatch(
      /"newest_proven"|"problem":"cannot |"store":\{"description"/,
    );
    expect(tree(world.home)).toEqual(before);
  });

  test('of each app, and a store that is silent is asked once', async () => {
    await using world = await backedUpWorld();
    const other = `${world.home}/app/other.db`;
    makeBookings(other, { journalMode: 'delete' });
    world.configure({ apps: `[apps.other]\ndatabase = ${JSON.stringify(other)}` });
    const { stdout } = await world.run('restore', ['status']);
    expect(stdout).toMatch(
      /^bookings: [^]*newest proven backup: backups\/bookings[^]*^other: [^]*newest proven backup: NONE/m,
    );
    renameSync(world.store, `${world.store}-away`);
    const silent = await world.run('restore', ['status']);
    expect(silent.stdout.match(/could not be looked at/g)).toHaveLength(2);
    expect(silent.stderr.match(/could not be looked at/g)).toHaveLength(1);
  });
});

function freshWorld(): TypedWorld {
  const world = new TypedWorld();
  makeBookings(world.database, { journalMode: 'delete' });
  world.configure();
  return world;
}

/** Every name below the world, with what it is, its size and its times. */
function tree(home: string): string[] {
  return readdirSync(home, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mode, size, mtimeNs, ino } = lstatSync(`${home}/${name}`, { bigint: true });
      return [name, mode, size, mtimeNs, ino].join(' ');
    });
}
