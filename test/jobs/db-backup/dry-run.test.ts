// A dry run tells all that would happen, and ends as the run itself would: whatever stands in its way stands in the dry run's.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { backedUpWorld, noise } from '../../support/bad-input.ts';
import { spawnLines } from '../../support/spawn-lines.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { type Json, makeBookings } from '../../support/world.ts';

interface Obstacle {
  obstacle: string;
  exitCode: number;
  /** Puts it in the way, and returns what ends it, where something has to. */
  make: (world: TypedWorld) => unknown;
  /** The lines it stands in the way of. */
  lines?: string[];
  /** A world where nothing was backed up yet. */
  fresh?: boolean;
}

const everyLine = ['run', 'backup before-upgrade', 'upload'];

const obstacles: Obstacle[] = [
  {
    obstacle: 'the name is taken',
    exitCode: 73,
    lines: ['backup before-upgrade'],
    make: (world) => world.run('db-backup', ['backup', 'before-upgrade']),
  },
  {
    obstacle: 'the store is gone',
    exitCode: 69,
    make: ({ store, home }) => renameSync(store, join(home, 'away')),
  },
  {
    obstacle: 'the store is empty now',
    exitCode: 69,
    make({ store }) {
      rmSync(store, { recursive: true });
      mkdirSync(store);
    },
  },
  {
    obstacle: 'the state directory is a file',
    exitCode: 73,
    lines: ['run', 'backup before-upgrade'],
    fresh: true,
    make: ({ state }) => writeFileSync(state, 'a note\n'),
  },
  {
    obstacle: 'there is no space',
    exitCode: 74,
    make({ database, store }) {
      const { bavail, bsize } = statfsSync(store);
      // More than others may free meanwhile.
      truncateSync(database, bavail * bsize + 2 ** 36);
    },
  },
  { obstacle: 'the database is gone', exitCode: 66, make: ({ database }) => rmSync(database) },
  { obstacle: 'the database is empty', exitCode: 66, make: ({ database }) => truncateSync(database, 0) },
  {
    obstacle: 'its directory is gone',
    exitCode: 66,
    make: ({ database }) => rmSync(dirname(database), { recursive: true }),
  },
  {
    obstacle: 'the database is a text',
    exitCode: 65,
    make: ({ database }) => writeFileSync(database, 'id,guest\n'.repeat(200)),
  },
  {
    obstacle: 'the database looks encrypted',
    exitCode: 65,
    make: ({ database }) => writeFileSync(database, noise(8192)),
  },
  {
    obstacle: 'a pipe lies beside the database',
    exitCode: 73,
    make: ({ database }) => execFileSync('mkfifo', [`${database}-journal`]),
  },
  {
    obstacle: 'a crashed writer left its journal',
    exitCode: 77,
    make: ({ database }) => leaveHotJournal(database),
  },
  {
    obstacle: 'somebody holds the lock',
    exitCode: 75,
    async make({ home }) {
      const holder = spawnLines('flock', [
        '--nonblock',
        join(home, 'run/locks/bookings.lock'),
        'sh',
        '-c',
        'echo held; read -r word',
      ]);
      await holder.line('held');
      return async () => {
        holder.endInput();
        await holder.ended;
      };
    },
  },
];

test.each(obstacles)('$obstacle: $exitCode, tried or done', async ({ exitCode, make, lines, fresh }) => {
  await using world = fresh === true ? newWorld() : await backedUpWorld();
  const end = await make(world);
  try {
    for (const line of lines ?? everyLine) {
      const before = print(world);
      const tried = await world.runJson('db-backup', [...line.split(' '), '--dry-run']);
      expect(print(world), line).toEqual(before);
      const done = await world.runJson('db-backup', line.split(' '));
      expect({ line, ...ending(tried) }).toEqual({ line, ...ending(done) });
      expect({ line, exitCode: tried.exitCode }).toEqual({ line, exitCode });
    }
  } finally {
    if (typeof end === 'function') await (end as () => unknown)();
  }
});

test('without an obstacle it says what is stored, replaced and removed, and so it is', async () => {
  await using world = await backedUpWorld({ app: 'keep = { last = 2 }', top: 'clock = "trusted"' });
  for (let night = 0; night < 3; night += 1) await world.run('db-backup', ['run']);
  const { exitCode, json } = await world.runJson('db-backup', ['run', '--dry-run']);
  const { stdout } = await world.run('db-backup', ['run', '--dry-run']);
  const done = (await world.runJson('db-backup', ['run'])).json.result.apps[0].value;
  expect(exitCode).toBe(0);
  const { latest, prune } = json.result.apps[0].value;
  expect(prune.removed).toHaveLength(1);
  expect({ latest, removed: prune.removed }).toEqual({ latest: done.latest, removed: done.prune.removed });
  expect(stdout).toContain(`would then remove ${prune.removed[0]}\n`);
  expect(stdout).toMatch(/would remove 1 backup, .* would be free again; 2 backups kept/);
  expect(stdout).toContain('would refresh the latest copy latest/bookings.db');
});

test('bad news of the backups that there are is bad news of the dry run', async () => {
  await using world = await backedUpWorld({ top: 'clock = "trusted"' });
  await world.run('db-backup', ['run']);
  const [data = ''] = world.stored().filter((name) => /^backups.*db$/.test(name));
  rmSync(join(world.store, data));
  const tried = await world.runJson('db-backup', ['run', '--dry-run']);
  const done = await world.runJson('db-backup', ['run']);
  expect({ exitCode: tried.exitCode, findings: tried.json.findings as unknown }).toEqual({
    exitCode: done.exitCode,
    findings: done.json.findings as unknown,
  });
});

interface Ending {
  exitCode: number | null;
  kind: string;
  message: string;
}

function ending({ exitCode, json }: { exitCode: number | null; json: Json }): Ending {
  const { kind, message } = json.error as Ending;
  return { exitCode, kind, message: message.replace(/\/\.holdfast-[^/:]*/g, '') };
}

/** All that there is; a file that only says that it is large is not read. */
function print(world: TypedWorld): Record<string, string> {
  return world.fingerprint(world.home, (name) => statSync(join(world.home, name)).size > 1e9);
}

function newWorld(): TypedWorld {
  const world = new TypedWorld();
  world.configure();
  makeBookings(world.database, { journalMode: 'delete' });
  return world;
}

/** As after a crash in the middle of a transaction: the database is half written, and its journal has what was there before. */
function leaveHotJournal(path: string): void {
  const database = new Database(path);
  database.pragma('cache_size = 1');
  database.exec("BEGIN; UPDATE booking SET guest = guest || 'x'");
  for (const suffix of ['', '-journal']) copyFileSync(path + suffix, `${path}.crashed${suffix}`);
  database.close();
  for (const suffix of ['', '-journal']) renameSync(`${path}.crashed${suffix}`, path + suffix);
}
