// A source that is no database at all: told by its path and the reason, and nothing is made, stored or removed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  backedUpWorld,
  expectBadNews,
  expectRefusal,
  noise,
  type Refusal,
  replaceDatabase,
} from '../../support/bad-input.ts';
import { makeLedger } from '../../lib/sqlite/databases.ts';
import { onlyValue, runPrinted } from '../../support/printed.ts';
import { readBookings, type World } from '../../support/world.ts';

interface Case {
  source: string;
  make: (path: string) => unknown;
  refusal: Refusal;
}

const missing = (cause: RegExp): Refusal => ({
  kind: 'missing',
  says: [/cannot read the database .*bookings\.db/, cause],
  hint: /path .*configuration/,
});
const damaged = (cause: RegExp, hint: RegExp): Refusal => ({
  kind: 'damaged',
  says: [/cannot read the database .*bookings\.db/, cause],
  hint,
});

const cases: Case[] = [
  { source: 'nothing', make: () => undefined, refusal: missing(/not there/) },
  {
    source: 'an empty file',
    make: (path) => writeFileSync(path, ''),
    refusal: missing(/empty.*0 bytes/),
  },
  {
    source: 'a text file',
    make: (path) => writeFileSync(path, 'id,guest\n1,Ada Lovelace\n'.repeat(20)),
    refusal: damaged(/not a SQLite database/, /way back/),
  },
  {
    source: 'a file shorter than a header',
    make: (path) => writeFileSync(path, 'SQLite format 3\0'),
    refusal: damaged(/shorter than a SQLite header/, /truncated/),
  },
  {
    source: 'random bytes',
    make: (path) => writeFileSync(path, noise(8192)),
    refusal: damaged(/looks encrypted/, /way back/),
  },
  {
    source: 'a directory',
    make: (path) => mkdirSync(path),
    refusal: missing(/a directory/),
  },
  {
    source: 'a symbolic link that leads to itself',
    make: (path) => symlinkSync(path, path),
    refusal: missing(/symbolic links form a loop/),
  },
  {
    source: 'a symbolic link to nothing',
    make: (path) => symlinkSync(`${path}.gone`, path),
    refusal: missing(/not there/),
  },
  {
    source: 'a pipe that nobody writes to',
    make: (path) => execFileSync('mkfifo', [path]),
    refusal: missing(/not a regular file/),
  },
  {
    source: 'the device /dev/zero',
    make: (path) => symlinkSync('/dev/zero', path),
    refusal: missing(/not a regular file/),
  },
  {
    source: 'the device /dev/null',
    make: (path) => symlinkSync('/dev/null', path),
    refusal: missing(/not a regular file/),
  },
];

describe('a source that is no database', () => {
  let world: World;
  beforeAll(async () => {
    world = await backedUpWorld();
    return () => world[Symbol.asyncDispose]();
  });

  test.each(cases)('$source is refused by name and cause', async ({ make, refusal }) => {
    await replaceDatabase(world, make);
    await expectRefusal(world, 'db-backup', ['run'], refusal);
  });

  test('a socket is refused by name and cause', async () => {
    await replaceDatabase(world, () => undefined);
    const server = createServer().listen(world.database);
    try {
      await once(server, 'listening');
      await expectRefusal(world, 'db-backup', ['run'], missing(/not a regular file/));
    } finally {
      server.close();
    }
  });

  test.each(['backup', 'upload', 'run --dry-run'])('db-backup %s refuses an empty one too', async (line) => {
    await replaceDatabase(world, (path) => writeFileSync(path, ''));
    await expectRefusal(world, 'db-backup', line.split(' '), missing(/empty.*0 bytes/));
  });

  test('a database that lost all its bytes is refused, and the log beside it stays', async () => {
    await replaceDatabase(world, (path) => {
      writeFileSync(path, '');
      writeFileSync(`${path}-wal`, noise(4152));
    });
    await expectRefusal(world, 'db-backup', ['run'], missing(/empty/));
  });

  test('a pipe makes no command wait for somebody who writes to it', async () => {
    await replaceDatabase(world, (path) => execFileSync('mkfifo', [path]));
    for (const [command, line, exitCode] of [
      ['db-backup', 'info', 1],
      ['db-backup', 'test', 1],
      ['db-backup', 'run --dry-run', 66],
      ['restore', 'list', 0],
      ['restore', 'plan latest', 1],
      ['restore', 'status', 0],
      ['restore', 'undo --yes', 73],
    ] as const) {
      const ended = await world.run(command, line.split(' '));
      expect({ command, line, exitCode: ended.exitCode }).toEqual({ command, line, exitCode });
    }
  });

  test.each(['-wal', '-shm', '-journal'])('nor does a pipe beside a good one, as its %s', async (suffix) => {
    await replaceDatabase(world, (path) => makeLedger(path, { journalMode: 'wal' }));
    execFileSync('mkfifo', [world.database + suffix]);
    try {
      for (const [line, exitCode] of [
        ['info', 1],
        ['test', 1],
        ['run --dry-run', 73],
        ['run', 73],
        ['backup', 73],
      ] as const) {
        const ended = await world.run('db-backup', line.split(' '));
        expect({ line, exitCode: ended.exitCode }).toEqual({ line, exitCode });
        expect(ended.stdout + ended.stderr).toContain(`${world.database}${suffix} is not a regular file`);
      }
      expect((await world.run('restore', ['status'])).exitCode).toBe(0);
    } finally {
      rmSync(world.database + suffix);
    }
  });

  test('db-backup test reports it among everything else it tries', async () => {
    await replaceDatabase(world, () => undefined);
    const { checks } = await expectBadNews(world, 'db-backup', ['test']);
    const failed = checks.filter(({ ok }) => !ok);
    expect(failed.map(({ name }) => name)).toEqual(['bookings: database', 'bookings: space']);
    expect(failed[0]?.detail).toContain(world.database);
  });
});

test('a symbolic link to a good database is followed', async () => {
  await using world = await backedUpWorld();
  const real = `${world.database}.real`;
  renameSync(world.database, real);
  symlinkSync(real, world.database);
  const { exitCode, result } = await runPrinted(world, 'db-backup', ['backup', 'through-a-link']);
  expect(exitCode).toBe(0);
  expect(onlyValue(result).backup).toBe('backups/bookings/through-a-link.db');
  expect(readBookings(`${world.store}/backups/bookings/through-a-link.db`)).toHaveLength(200);
});
