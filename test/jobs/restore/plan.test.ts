// What a person is told before anything is fetched or replaced: by `restore plan`, and before the question.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { restore } from '../../../jobs/restore.ts';
import { backedUpWorld, contents } from '../../support/bad-input.ts';
import { makeCrashedSet } from '../../support/database-sets.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { accountName } from '../../../lib/files/accounts.ts';
import { runInProcess } from '../../support/in-process.ts';
import { spawnTypeScript } from '../../support/spawn-lines.ts';
import type { TypedWorld } from '../../support/typed-world.ts';

/** Exit code, result and findings of `restore plan`. */
async function plan(world: TypedWorld, ...args: string[]) {
  const before = contents(world);
  const { exitCode, json, stderr } = await world.runJson('restore', ['plan', ...args]);
  expect(contents(world)).toEqual(before);
  return { exitCode, stderr, result: json.result, findings: json.findings };
}

function change(world: TypedWorld, sql: string): void {
  const database = new Database(world.database);
  database.exec(sql);
  database.close();
}

test.each(['wal', 'delete'] as const)(
  'the rows then and now, what would be lost, and the space: mode %s',
  async (journalMode) => {
    await using world = await backedUpWorld({ journalMode });
    change(
      world,
      `INSERT INTO booking (guest) VALUES ('new'), ('newer'); DELETE FROM payment WHERE booking_id < 11;
       CREATE TABLE note (text); INSERT INTO note VALUES ('x')`,
    );
    const { exitCode, result } = await plan(world, 'latest');
    expect(exitCode).toBe(0);
    expect(result.stakes).toMatchObject({ current: 'readable', rows_in_backup: 400, rows_now: 393 });
    expect(result.stakes.tables).toEqual([
      { name: 'booking', backup: 200, now: 202 },
      { name: 'note', now: 1 },
      { name: 'payment', backup: 200, now: 190 },
    ]);
    expect(result.needed_bytes).toBeGreaterThanOrEqual(result.backup.size_bytes);
    const { stdout } = await world.run('restore', ['plan', 'latest']);
    for (const words of [
      /rows .* in the backup 400 rows, now 393 rows/,
      /loses .* booking: 2 rows fewer \(202 now, 200 in the backup\)/,
      /loses .* note: 1 row fewer \(1 now, the table is not in the backup\)/,
      /space .* needed, .* are free/,
      /backup .* ago/,
    ])
      expect(stdout).toMatch(words);
    expect(stdout).not.toMatch(/loses .* payment/);
  },
);

const damages: [what: string, current: string, make: (path: string) => void][] = [
  ['is damaged inside', 'damaged', (path) => fill(path, 2 * 4096, 5 * 4096)],
  ['is cut', 'damaged', (path) => writeFileSync(path, readFileSync(path).subarray(0, 3 * 4096 + 7))],
  ['is no database', 'damaged', (path) => writeFileSync(path, 'precious\n'.repeat(1000))],
  ['is empty', 'none', (path) => writeFileSync(path, '')],
  ['is gone', 'none', (path) => rmSync(path)],
];
test.each(damages)('a database that %s is said to be so, and is no obstacle', async (_, current, make) => {
  await using world = await backedUpWorld();
  make(world.database);
  const { exitCode, result } = await plan(world, 'latest');
  expect({ exitCode, current: result.stakes.current }).toEqual({ exitCode: 0, current });
  const { stdout } = await world.run('restore', ['plan', 'latest']);
  expect(stdout).toMatch(current === 'damaged' ? /now +DAMAGED: / : /no database is there/);
});

test.each([
  ['no services', '', 1],
  ['services', 'stop = "true"\nstart = "true"', 0],
] as const)('who has it open is named once, an obstacle with %s', async (_, app, exitCode) => {
  await using world = await backedUpWorld({ app, journalMode: 'wal' });
  const program = fileURLToPath(new URL('../../fixtures/hold-open.ts', import.meta.url));
  await using holder = spawnTypeScript(program, [world.database]); // its log and index as well
  await holder.line('open');
  const found = await plan(world, 'latest');
  expect(found.result.holders).toEqual([
    expect.objectContaining({
      pid: holder.pid,
      command: expect.stringContaining('node'),
      user: accountName('user', process.geteuid?.() ?? 0),
    }),
  ]);
  expect(found.exitCode).toBe(exitCode);
  expect(found.findings).toHaveLength(exitCode);
  const { stdout } = await world.run('restore', ['plan', 'latest']);
  const held = new RegExp(`node.*\\(process ${holder.pid} of `);
  expect(stdout).toMatch(
    exitCode === 1 ? /OBSTACLE +.*has the database open/ : /open in +.*until it is stopped/,
  );
  expect(stdout).toMatch(held);
  expect(stdout).toMatch(
    exitCode === 1 ? /services +none are configured: stop the app yourself first/ : /services +.*true/,
  );
});

test('what moves aside, and what an earlier restore has left, is said', async () => {
  await using world = await backedUpWorld();
  const note = `${world.state}/restoring/bookings`;
  mkdirSync(note, { recursive: true });
  writeFileSync(`${note}/note.json`, '{"app":"bookings","since":"2026-11-20T02:05:13.000Z"}\n');
  const { stdout } = await world.run('restore', ['plan', 'latest']);
  expect(stdout).toMatch(/moves +the database of now \(\d.*\) aside as an undo set/);
  expect(stdout).toMatch(/note +.*services may be stopped/);
  rmSync(world.database);
  expect((await world.run('restore', ['plan', 'latest'])).stdout).not.toContain('moves ');
});

test('the room for a database that is spread over its log is counted', async () => {
  await using world = await backedUpWorld();
  rmSync(world.database);
  await makeCrashedSet(world.database, 'wal');
  const { result } = await plan(world, 'latest');
  const spreadBytes = statSync(world.database).size + statSync(`${world.database}-wal`).size;
  expect(result.needed_bytes).toBeGreaterThanOrEqual(result.backup.size_bytes + 2 * spreadBytes);
});

test('of a file without a manifest nobody knows the rows, and nothing is called a loss', async () => {
  await using world = await backedUpWorld();
  const { stdout } = await world.run('restore', ['plan', 'latest/bookings.db']);
  expect(stdout).toMatch(/rows +in the backup not counted, now 400 rows/);
  expect(stdout).not.toMatch(/loses/);
});

const obstacles: [
  what: string,
  args: (home: string) => string[],
  prepare: (home: string) => void,
  says: RegExp,
][] = [
  [
    'a file at --to',
    (home) => ['--to', `${home}/x.db`],
    (home) => writeFileSync(`${home}/x.db`, ''),
    /exists/,
  ],
  [
    'a log beside --to',
    (home) => ['--to', `${home}/x.db`],
    (home) => writeFileSync(`${home}/x.db-wal`, 'x'),
    /x\.db-wal is there/,
  ],
  [
    'no file at all in place',
    () => [],
    (home) => {
      rmSync(`${home}/app/bookings.db`);
      mkdirSync(`${home}/app/bookings.db`);
    },
    /not a regular file/,
  ],
  [
    'a manifest that cannot be used',
    () => [],
    (home) => {
      writeFileSync(`${home}/store/backups/bookings/${readStamp(home)}.json`, '{');
    },
    /manifest of .* cannot be used/,
  ],
  [
    'less space than it needs',
    () => [],
    (home) => truncateSync(`${home}/store/backups/bookings/${readStamp(home)}.db`, 9e12),
    /it needs 9 TB, .* are free beside/,
  ],
];
test.each(obstacles)('with %s it is bad news', async (_, args, prepare, says) => {
  await using world = await backedUpWorld();
  const stamp = readStamp(world.home);
  prepare(world.home);
  for (const command of [
    ['plan', stamp],
    ['run', stamp, '--dry-run'],
  ]) {
    const { exitCode, json } = await world.runJson('restore', [...command, ...args(world.home)]);
    expect(exitCode).toBe(1);
    expect(json.findings).toContainEqual(
      expect.objectContaining({ severity: 'critical', message: expect.stringMatching(says) }),
    );
    expect(json.findings.every(({ hint }: { hint?: string }) => hint !== undefined)).toBe(true);
  }
});

test('the person who is asked has been told the same, before anything was fetched', async () => {
  await using world = await backedUpWorld();
  change(world, "INSERT INTO booking (guest) VALUES ('new')");
  let told = '';
  const ended = await runInProcess(restore, ['run', 'latest'], {
    confirm: async () => {
      told = Object.keys(contents(world)).join('\n');
      return false;
    },
    environment: { HOLDFAST_CONFIG: world.config },
    clock: fixedClock(world.clock.now().toISOString()),
  });
  expect(ended).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/restore: nothing was changed\n$/),
  });
  expect(told).not.toContain('.restore-');
  expect(ended.stderr).toMatch(/loses .* booking: 1 row fewer/);
  expect(ended.stderr).toMatch(/backup .* ago/);
  expect(existsSync(world.database)).toBe(true);
});

function fill(path: string, from: number, to: number): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xa5, from, to));
}

function readStamp(home: string): string {
  const name = readdirSync(`${home}/store/backups/bookings`).find((found) => found.endsWith('.db')) ?? '';
  return name.replace(/\.db$/, '');
}
