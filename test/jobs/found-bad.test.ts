// A backup that was found bad, by whatever command: from then on it is proven nowhere, latest for nobody and stands for none.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backedUpWorld } from '../support/bad-input.ts';
import type { TypedWorld } from '../support/typed-world.ts';
import { makeBookings, readBookings } from '../support/world.ts';

const app = 'keep = { last = 2 }';
const top = 'clock = "trusted"';

/** Two nights; of the newer backup one byte is changed, and nobody knows yet. */
async function alteredWorld(): Promise<{ world: TypedWorld; older: string; newer: string }> {
  const world = await backedUpWorld({ app, top });
  const [older = ''] = backups(world);
  await world.run('db-backup', ['run']);
  const newer = backups(world).find((name) => name !== older) ?? '';
  alter(world, newer);
  return { world, older, newer };
}

function backups(world: TypedWorld): string[] {
  return world.stored().filter((name) => /^backups\/.*\.db$/.test(name));
}

function alter(world: TypedWorld, name: string): void {
  const path = join(world.store, name);
  const bytes = readFileSync(path);
  bytes.write('#', bytes.length - 50);
  writeFileSync(path, bytes);
}

async function states(world: TypedWorld): Promise<Record<string, string>> {
  const { json } = await world.runJson('db-backup', ['list-backups']);
  const listed = json.result.apps[0].value.backups as { name: string; state: string }[];
  return Object.fromEntries(listed.map(({ name, state }) => [name, state]));
}

const finders: [string, string, (world: TypedWorld, newer: string) => string[]][] = [
  ['db-backup', 'verify', () => ['verify']],
  ['db-backup', 'verify', () => ['verify', '--all']],
  ['restore', 'drill', () => ['drill']],
  ['restore', 'run', () => ['run', 'latest', '--yes']],
  ['restore', 'run', (world) => ['run', 'latest', '--to', join(world.home, 'copy.db')]],
  ['restore', 'run', (world) => ['run', '--at', world.clock.now().toISOString(), '--yes']],
  ['restore', 'run', (_, newer) => ['run', newer, '--yes']],
  ['restore', 'download', (world, newer) => ['download', newer, join(world.home, 'copy.db')]],
];

describe.each(finders)('found by %s %s', (job, command, args) => {
  test.each(['the store', 'this machine'])(
    'it counts for nothing any more, as %s remembers',
    async (where) => {
      const { world, older, newer } = await alteredWorld();
      await using held = world;
      const verdict = join(held.store, newer.replace(/db$/, 'verdict'));
      if (where === 'this machine') mkdirSync(verdict); // in the way for every user, root as well
      expect((await held.run(job, args(held, newer))).exitCode).not.toBe(0);
      if (where === 'this machine') rmSync(verdict, { recursive: true });
      else rmSync(join(held.state, 'ops.db'), { force: true });
      expect(existsSync(verdict)).toBe(where === 'the store');

      expect(await states(held)).toEqual({ [newer]: 'damaged', [older]: 'proven' });
      const { json } = await held.runJson('db-backup', ['info']);
      expect(json.result.apps[0].value.newest_proven.name).toBe(older);
      const { stdout } = await held.run('db-backup', ['list-backups']);
      expect(stdout).toMatch(new RegExp(`found damaged on .* by (${job} ${command}|an earlier run): `));
      expect((await held.runJson('db-backup', ['verify'])).json.result.apps[0].value.proofs).toMatchObject([
        { backup: older, proven: true },
      ]);
      expect((await held.runJson('restore', ['drill'])).json.result.apps[0].value.backup).toBe(older);

      // Retention: the newest two are tonight's and the older one, and the bad one takes no place of theirs.
      const night = await held.run('db-backup', ['run']);
      expect(night.exitCode).toBe(1);
      expect(night.stdout).toContain(`DAMAGED: ${newer}: found damaged on`);
      expect(backups(held)).toEqual(expect.arrayContaining([older, newer]));
    },
  );
});

describe('restore run', () => {
  test.each<[string, (world: TypedWorld) => string[], boolean]>([
    ['latest', () => ['latest', '--yes'], true],
    ['--at', (world) => ['--at', world.clock.now().toISOString(), '--yes'], true],
    ['latest --to', (world) => ['latest', '--to', join(world.home, 'copy.db')], true],
    ['a name', () => ['--yes'], false],
  ])('%s goes on to the next sound backup where none was named', async (_, args, goesOn) => {
    const { world, older, newer } = await alteredWorld();
    await using held = world;
    const given = goesOn ? args(held) : [newer, ...args(held)];
    makeBookings(held.database, { rows: 3, journalMode: 'delete' });
    const { exitCode, json, stderr } = await held.runJson('restore', ['run', ...given]);
    if (!goesOn) {
      expect(exitCode).toBe(65);
      expect(stderr).toContain('its bytes were altered');
      return;
    }
    expect(exitCode).toBe(1);
    expect(json.result).toMatchObject({
      backup: older,
      proof: { proven: true },
      passed_over: [{ backup: newer, is_bad: true, problem: expect.stringContaining('bytes were altered') }],
    });
    expect(stderr).toContain(`${newer} is passed over for ${older}`);
    const copy = given.includes('--to') ? join(held.home, 'copy.db') : held.database;
    expect(readBookings(copy).length).toBe(200);
  });

  test('latest, where every backup is bad, restores none and says why', async () => {
    const { world, older } = await alteredWorld();
    await using held = world;
    alter(held, older);
    const before = readFileSync(held.database);
    const { exitCode, stderr } = await held.run('restore', ['run', 'latest', '--yes']);
    expect({ exitCode, says: stderr.includes('its bytes were altered') }).toEqual({
      exitCode: 65,
      says: true,
    });
    expect(readFileSync(held.database)).toEqual(before);
    expect(new Set(Object.values(await states(held)))).toEqual(new Set(['damaged']));
  });
});

describe('an odd file beside a backup', () => {
  test.each<[string, (path: string) => unknown]>([
    ['a verdict that is empty', (path) => writeFileSync(path.replace(/db$/, 'verdict'), '')],
    [
      'a verdict of gibberish',
      (path) => writeFileSync(path.replace(/db$/, 'verdict'), Buffer.alloc(2 ** 21, 7)),
    ],
    ['a manifest of gibberish', (path) => writeFileSync(path.replace(/db$/, 'json'), 'no JSON')],
    ['an endless manifest', (path) => writeFileSync(path.replace(/db$/, 'json'), Buffer.alloc(2 ** 21, 32))],
  ])('%s makes that one damaged at most, and stops no night', async (_, spoil) => {
    const { world, older } = await alteredWorld();
    await using held = world;
    spoil(join(held.store, older));
    const { stderr } = await held.run('db-backup', ['run']);
    expect(stderr).not.toContain('error: ');
    expect(backups(held).length).toBe(3);
  });
});
