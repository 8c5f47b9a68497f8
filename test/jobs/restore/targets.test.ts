// Where a restore or a download may not go. What is there stays, and so does the live database.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { backedUpWorld, entriesBelow, expectRefusal, noise, type Refusal } from '../../support/bad-input.ts';
import { readBookings, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await backedUpWorld();
  return () => world[Symbol.asyncDispose]();
});

/** A refusal that leaves the directory of the wanted path as it was, too. */
async function expectUntouched(args: string[], refusal: Refusal): Promise<void> {
  const before = entriesBelow(`${world.home}/to`);
  await expectRefusal(world, 'restore', args, refusal);
  expect(entriesBelow(`${world.home}/to`)).toEqual(before);
}

describe('a restore in place', () => {
  test('without --yes and without a terminal changes nothing', async () => {
    await expectRefusal(world, 'restore', ['run', 'latest'], {
      kind: 'usage',
      says: [/cannot replace .*bookings\.db/, /without consent/],
      hint: /--yes/,
    });
  });

  test('has nothing to undo before the first one', async () => {
    await expectRefusal(world, 'restore', ['undo', '--yes'], {
      kind: 'missing',
      says: [/cannot undo/, /bookings\.db/],
      hint: /restore list/,
    });
  });

  test.each(['nothing-of-the-kind', '../bookings.db.undo-20261120T020513Z', ''])(
    'has no undo set called %j',
    async (name) => {
      await expectRefusal(world, 'restore', ['undo', name, '--yes'], {
        kind: 'missing',
        says: [/cannot find the undo set/],
        hint: /restore status/,
      });
    },
  );
});

describe('restore run --to', () => {
  beforeEach(() => {
    rmSync(`${world.home}/to`, { recursive: true, force: true });
    mkdirSync(`${world.home}/to/folder`, { recursive: true });
  });
  const target = () => `${world.home}/to/look.db`;
  const taken: Refusal = {
    kind: 'refused',
    says: [/look\.db/, /exists/],
    hint: /does not exist/,
  };

  test('an existing file does not overwrite it', async () => {
    writeFileSync(target(), 'precious\n');
    await expectUntouched(['run', 'latest', '--to', target()], taken);
    expect(readFileSync(target(), 'utf8')).toBe('precious\n');
  });

  test('an empty file does not overwrite it either', async () => {
    writeFileSync(target(), '');
    await expectUntouched(['run', 'latest', '--to', target()], taken);
  });

  test('the live database itself does not overwrite it', async () => {
    await expectUntouched(['run', 'latest', '--to', world.database], {
      kind: 'refused',
      says: [/bookings\.db/, /exists/],
    });
  });

  test('an existing directory does not go into it', async () => {
    await expectUntouched(['run', 'latest', '--to', `${world.home}/to/folder`], {
      kind: 'refused',
      says: [/folder/, /not a regular file/],
    });
  });

  test('a symbolic link to nothing is not followed', async () => {
    symlinkSync(`${world.home}/to/elsewhere.db`, target());
    await expectUntouched(['run', 'latest', '--to', target()], {
      kind: 'missing',
      says: [/look\.db/, /not there/],
    });
  });

  test('a path in a directory that is not there does not make it', async () => {
    await expectUntouched(['run', 'latest', '--to', `${world.home}/to/no/where/look.db`], {
      kind: 'missing',
      says: [/no\/where/, /not there/],
    });
  });

  test('a path below a file does not replace the file', async () => {
    writeFileSync(target(), 'precious\n');
    await expectUntouched(['run', 'latest', '--to', `${target()}/below.db`], {
      kind: 'missing',
      says: [/below\.db/, /not a directory/],
    });
  });

  test.each(['-wal', '-shm', '-journal'])(
    'a path beside which a stale %s lies is refused',
    async (suffix) => {
      writeFileSync(target() + suffix, noise(4152));
      await expectUntouched(['run', 'latest', '--to', target()], {
        kind: 'refused',
        says: [/look\.db/, new RegExp(`look\\.db${suffix} is there`)],
        hint: /belongs to another database/,
      });
    },
  );

  test('a name of 300 characters is refused', async () => {
    await expectUntouched(['run', 'latest', '--to', `${world.home}/to/${'n'.repeat(300)}`], {
      kind: 'usage',
      says: [/name is too long/],
    });
  });
});

describe('restore download', () => {
  beforeEach(() => {
    rmSync(`${world.home}/to`, { recursive: true, force: true });
    mkdirSync(`${world.home}/to`, { recursive: true });
  });
  const target = () => `${world.home}/to/look.db`;

  test('onto an existing file does not overwrite it', async () => {
    writeFileSync(target(), 'precious\n');
    await expectUntouched(['download', 'latest', target()], {
      kind: 'refused',
      says: [/look\.db/, /exists already/],
      hint: /does not exist/,
    });
  });

  test('into a directory that has such a file does not overwrite it', async () => {
    writeFileSync(`${world.home}/to/bookings.db`, 'precious\n');
    await expectUntouched(['download', 'latest/bookings.db', `${world.home}/to`], {
      kind: 'refused',
      says: [/to\/bookings\.db/, /exists already/],
    });
  });

  test.each([
    ['no/where/look.db', 'missing', /not there/],
    ['look.db/below.db', 'missing', /not a directory|not there/],
    ['n'.repeat(300), 'usage', /too long/],
  ] as const)('to a path that cannot be made is refused (%#)', async (path, kind, cause) => {
    if (path.startsWith('look.db/')) writeFileSync(target(), 'precious\n');
    await expectUntouched(['download', 'latest', `${world.home}/to/${path}`], { kind, says: [cause] });
  });

  test.each(['-wal', '-shm', '-journal'])(
    'to a path beside which a stale %s lies is refused, tried or done',
    async (suffix) => {
      writeFileSync(target() + suffix, noise(4152));
      const refusal: Refusal = {
        kind: 'refused',
        says: [/look\.db/, new RegExp(`look\\.db${suffix} is there`)],
        hint: /belongs to another database/,
      };
      for (const more of [[], ['--dry-run']]) {
        await expectUntouched(['download', 'latest', target(), ...more], refusal);
      }
    },
  );

  test.each([
    ['download', 'latest'],
    ['run', 'latest', '--to'],
  ])('to the name of a side file of a database that is there is refused: %s', async (...command) => {
    writeFileSync(target(), 'precious\n');
    for (const suffix of ['-wal', '-shm', '-journal'])
      await expectUntouched([...command, target() + suffix], {
        kind: 'refused',
        says: [new RegExp(`look\\.db${suffix}`), /a part of .*look\.db/],
        hint: /another name/,
      });
  });

  test('to a path that is no path is refused', async () => {
    await expectUntouched(['download', 'latest', ''], { kind: 'usage', says: [/no path/] });
  });
});

describe('a live database that is no database any more', () => {
  const cases: [what: string, make: (path: string) => unknown, refusal: Refusal | undefined][] = [
    ['gone', () => undefined, undefined],
    ['a text file', (path) => writeFileSync(path, 'precious\n'), undefined],
    ['random bytes', (path) => writeFileSync(path, noise(8192)), undefined],
    ['empty', (path) => writeFileSync(path, ''), undefined],
    ['a directory', (path) => mkdirSync(path), { kind: 'refused', says: [/bookings\.db/, /regular file/] }],
    [
      'a pipe',
      (path) => execFileSync('mkfifo', [path]),
      { kind: 'refused', says: [/bookings\.db/, /regular file/] },
    ],
    [
      'a loop of links',
      (path) => symlinkSync(path, path),
      { kind: 'missing', says: [/bookings\.db/, /loop/] },
    ],
    [
      'a link to nothing',
      (path) => symlinkSync(`${path}.x`, path),
      { kind: 'missing', says: [/bookings\.db/] },
    ],
  ];
  test.each(cases)('because it is %s', async (_, make, refusal) => {
    await using own = await backedUpWorld();
    rmSync(own.database);
    make(own.database);
    if (refusal === undefined) {
      expect(await own.run('restore', ['run', 'latest', '--yes'])).toMatchObject({ exitCode: 0 });
      expect(readBookings(own.database)).toHaveLength(200);
      return;
    }
    await expectRefusal(own, 'restore', ['run', 'latest', '--yes'], refusal);
  });

  test('but has left its log is brought back without that log, which goes to the undo set', async () => {
    await using own = await backedUpWorld();
    rmSync(own.database);
    writeFileSync(`${own.database}-wal`, noise(4152));
    expect(await own.run('restore', ['run', 'latest', '--yes'])).toMatchObject({ exitCode: 0 });
    expect(existsSync(`${own.database}-wal`)).toBe(false);
    expect(readBookings(own.database)).toHaveLength(200);
    const kept = Object.keys(entriesBelow(`${own.home}/app`));
    expect(kept).toContainEqual(expect.stringMatching(/^app\/bookings\.db\.undo-.*\/bookings\.db-wal$/));
  });
});

describe('db-backup download', () => {
  test.each(['-wal', '-shm', '-journal'])(
    'to the place of the database, beside which a stale %s lies, is refused',
    async (suffix) => {
      await using own = await backedUpWorld();
      rmSync(own.database);
      writeFileSync(own.database + suffix, noise(4152));
      await expectRefusal(own, 'db-backup', ['download'], {
        kind: 'refused',
        says: [new RegExp(`bookings\\.db${suffix} is there`)],
        hint: /restore run/,
      });
    },
  );

  test('to the place of the database gives it the mode and the journal mode that it had', async () => {
    await using own = await backedUpWorld({ journalMode: 'wal' });
    chmodSync(`${own.home}/app`, 0o770);
    chmodSync(own.database, 0o660);
    expect(await own.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    for (const command of [
      ['db-backup', 'download'],
      ['restore', 'download', 'latest/bookings.db', own.database],
      ['restore', 'run', 'latest', '--to', own.database],
    ]) {
      for (const suffix of ['', '-wal', '-shm']) rmSync(own.database + suffix, { force: true });
      const [job = '', ...args] = command;
      expect(await own.run(job, args)).toMatchObject({ exitCode: 0 });
      expect((statSync(own.database).mode & 0o777).toString(8)).toBe('660');
      expect([...readFileSync(own.database).subarray(18, 20)]).toEqual([2, 2]);
      expect(readBookings(own.database)).toHaveLength(200);
    }
  });

  test('elsewhere is for who typed it alone, and opens where nothing may be written', async () => {
    await using own = await backedUpWorld({ journalMode: 'wal' });
    const copy = `${own.home}/copy.db`;
    expect(await own.run('db-backup', ['download', copy])).toMatchObject({ exitCode: 0 });
    expect((statSync(copy).mode & 0o777).toString(8)).toBe('600');
    expect([...readFileSync(copy).subarray(18, 20)]).toEqual([1, 1]);
  });
});
