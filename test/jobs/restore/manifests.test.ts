// A manifest that cannot be read, or that lies. It takes the backup out of every choice made by itself, and a restore
// by name is refused before the database is touched.
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { backedUpWorld, expectBadNews, expectRefusal, type Refusal } from '../../support/bad-input.ts';
import { changeManifest, storedBackup } from '../../support/stored-backup.ts';
import { onlyValue, onlyProof, runPrinted } from '../../support/printed.ts';
import { type Json, readBookings, type World } from '../../support/world.ts';

type Manifest = Record<string, Json>;

/** A world whose only manifest says something else. */
async function worldWithLie(change: (manifest: Manifest) => unknown): Promise<World> {
  const world = await backedUpWorld();
  changeManifest(storedBackup(world), change);
  return world;
}

const unusable: { what: string; change: (path: string) => void; problem: RegExp }[] = [
  {
    what: 'is cut short',
    change: (path) => truncateSync(path, 100),
    problem: /not JSON, or it is cut short/,
  },
  { what: 'is empty', change: (path) => writeFileSync(path, ''), problem: /it is empty/ },
  { what: 'is not JSON', change: (path) => writeFileSync(path, 'format: yaml\n'), problem: /not JSON/ },
  { what: 'is JSON of another kind', change: (path) => writeFileSync(path, '[1]'), problem: /manifest/ },
  {
    what: 'is of a newer format',
    change: (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('"version": 2', '"version": 5')),
    problem: /made by a newer Holdfast/,
  },
  {
    what: 'is larger than any manifest',
    change: (path) => writeFileSync(path, ' '.repeat(1024 * 1024 + 1)),
    problem: /at most 1048576/,
  },
];

// Lies that the listing sees: size and names can be compared without reading the backup.
const plainLies: { what: string; change: (manifest: Manifest) => unknown; problem: RegExp }[] = [
  {
    what: 'the size, against its own page count',
    change: (manifest) => (manifest.size_bytes = 8192),
    problem: /size_bytes is not page_size times page_count/,
  },
  {
    what: 'the size',
    change: (manifest) => {
      manifest.size_bytes = 8192;
      Object.assign(manifest.sqlite, { page_count: 2 });
    },
    problem: /it has \d+ bytes, its manifest says 8192/,
  },
  {
    what: 'the app',
    change: (manifest) => (manifest.app = 'payroll'),
    problem: /of the app payroll/,
  },
  {
    what: 'the name of the backup',
    change: (manifest) => (manifest.backup = 'backups/bookings/bookings-20200101T000000Z.db'),
    problem: /that of backups\/bookings\/bookings-20200101T000000Z\.db/,
  },
];

/** The listing calls the backup damaged, and neither a proof nor a restore by its name overlooks that. */
async function expectDamaged(world: World, problem: RegExp): Promise<void> {
  const { name, stamp } = storedBackup(world);
  const { exitCode, result } = await runPrinted(world, 'db-backup', ['list-backups']);
  expect(exitCode).toBe(0);
  const [entry] = onlyValue(result).backups;
  expect(entry).toMatchObject({ name, state: 'damaged', problem: expect.stringMatching(problem) as unknown });
  await expectRefusal(world, 'restore', ['run', stamp, '--yes'], {
    kind: 'damaged',
    says: [new RegExp(`cannot restore ${name}`), problem],
    hint: /--unproven/,
  });
  await expectUnsound(world, 'db-backup', ['verify', stamp], problem);
}

/** The backup is not sound, and the result says why. */
async function expectUnsound(world: World, command: string, args: string[], problem: RegExp): Promise<void> {
  const proof = onlyProof(await expectBadNews(world, command, args));
  expect(proof).toMatchObject({ backup: storedBackup(world).name, sound: false });
  expect(proof.problems.join('\n')).toMatch(problem);
}

describe('a manifest that cannot be used', () => {
  test.each(unusable)('because it $what makes its backup a damaged one', async ({ change, problem }) => {
    await using world = await backedUpWorld();
    change(storedBackup(world).manifest);
    await expectDamaged(world, problem);
  });

  test('leaves nothing to choose where no name is given', async () => {
    await using world = await backedUpWorld();
    const { manifest, stamp } = storedBackup(world);
    truncateSync(manifest, 100);
    const none: Refusal = { kind: 'missing', says: [/no proven/, /1 damaged/], hint: /restore list/ };
    await expectRefusal(world, 'restore', ['run', 'latest', '--yes'], none);
    await expectRefusal(world, 'restore', ['run', '--at', '1 minute ago', '--yes'], none);
    await expectRefusal(world, 'db-backup', ['verify'], none);
    await expectRefusal(world, 'restore', ['drill'], { kind: 'missing', says: [/no proven backup/] });
    await expectUnsound(world, 'restore', ['drill', stamp], /cut short/);
    await expectUnsound(world, 'db-backup', ['verify', '--all'], /cut short/);
  });

  test('can be done without at the word of the operator', async () => {
    await using world = await backedUpWorld();
    const { manifest, stamp } = storedBackup(world);
    truncateSync(manifest, 100);
    const path = `${world.home}/back.db`;
    const ended = await world.run('restore', ['run', stamp, '--unproven', '--to', path]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/unproven/) as unknown });
    expect(readBookings(path)).toHaveLength(200);
  });

  test('because it is gone leaves a backup that is unfinished, and restorable by name only', async () => {
    await using world = await backedUpWorld();
    const { manifest, name, stamp } = storedBackup(world);
    rmSync(manifest);
    const { result } = await runPrinted(world, 'db-backup', ['list-backups']);
    expect(onlyValue(result).backups).toMatchObject([{ name, state: 'unfinished' }]);
    await expectRefusal(world, 'restore', ['run', 'latest', '--yes'], {
      kind: 'missing',
      says: [/no proven one/, /1 unfinished/],
      hint: new RegExp(name),
    });
    const ended = await world.run('restore', ['run', stamp, '--yes']);
    expect(ended).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/is unproven/) as unknown });
    expect(ended.stdout).toMatch(/sound, but unproven/);
  });
});

describe('a manifest that lies about', () => {
  test.each(plainLies)('$what makes its backup a damaged one', async ({ change, problem }) => {
    await using world = await worldWithLie(change);
    await expectDamaged(world, problem);
  });

  test.each([
    { what: 'the SHA-256', change: { sha256: '0'.repeat(64) }, problem: /bytes were altered/ },
    { what: 'the rows of a table', change: { tables: [] as unknown }, problem: /table/ },
    { what: 'the schema', part: { schema_sha256: '0'.repeat(64) }, problem: /schema/ },
    { what: 'the user version', part: { user_version: 7 }, problem: /user_version is 0.*says 7/ },
  ])('$what is found out by reading the backup', async ({ change, part, problem }) => {
    await using world = await worldWithLie((manifest) => {
      Object.assign(manifest, change);
      Object.assign(manifest.sqlite, part);
    });
    const { name, stamp } = storedBackup(world);
    const says = [new RegExp(`cannot restore ${name}`), problem];
    const restore = (which: string, hint: RegExp) =>
      expectRefusal(world, 'restore', ['run', which, '--yes', '--recheck'], { kind: 'damaged', says, hint });
    await restore('latest', /not touched.*restore list/);
    // By now it is known, and said without reading it.
    await restore(stamp, /choose another backup/);
    await expectUnsound(world, 'db-backup', ['verify', stamp], problem);
    await expectUnsound(world, 'restore', ['drill', stamp], problem);
  });
});
