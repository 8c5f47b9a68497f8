// What a restore proves, and when (R1): the hash of the bytes where a manifest says that these very bytes passed the full
// check; the check itself for everything else, and where it is asked for.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dbBackup } from '../../../jobs/db-backup.ts';
import { restore } from '../../../jobs/restore.ts';
import { runInProcess } from '../../support/in-process.ts';
import { changeManifest, storedBackup } from '../../support/stored-backup.ts';
import { type Ended, type Json, makeBookings, World } from '../../support/world.ts';

const type = (world: World, line: string): Promise<Ended> => {
  const [command = '', ...words] = line.replaceAll('~', world.home).split(' ');
  const job = command === 'restore' ? restore : dbBackup;
  return runInProcess(job, [...words, '--config', world.config]);
};

/** A database with one backup; `latest` is left out, so that the only way is the backup itself. */
async function backedUp(): Promise<World> {
  const world = new World();
  makeBookings(world.database, { journalMode: 'delete' });
  world.configure({ top: 'clock = "trusted"' });
  expect(await type(world, 'db-backup backup')).toMatchObject({ exitCode: 0 });
  return world;
}

/** Damages an index of the backup and makes the manifest vouch for the damaged bytes: no hash can tell. */
function damageWithManifest(
  world: World,
  change: (manifest: Record<string, Json>) => unknown = () => {},
): void {
  const stored = storedBackup(world);
  const bytes = readFileSync(stored.data);
  bytes.write('GUEST', bytes.lastIndexOf('guest 150 ')); // once in the table, once in its index
  rmSync(stored.data);
  writeFileSync(stored.data, bytes);
  changeManifest(stored, (record) => {
    record['sha256'] = createHash('sha256').update(bytes).digest('hex');
    return change(record);
  });
}

describe('bytes that passed the full check', () => {
  test('are proven by their hash alone, and it is said', async () => {
    await using world = await backedUp();
    damageWithManifest(world);
    const ended = await type(world, 'restore run latest --to ~/new.db');
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stdout).toContain('its bytes are those that passed the full check when it was made');
  });

  test.each(['restore run latest --recheck --to ~/new.db', 'restore run latest --recheck --yes'])(
    'are checked again where %s asks for it',
    async (line) => {
      await using world = await backedUp();
      damageWithManifest(world);
      const before = readFileSync(world.database);
      const ended = await type(world, line);
      expect(ended.exitCode).toBe(65);
      expect(ended.stderr).toMatch(/integrity check: .*index/);
      expect(existsSync(join(world.home, 'new.db'))).toBe(false);
      expect(readFileSync(world.database).equals(before)).toBe(true);
    },
  );

  test.each(['restore drill', 'db-backup verify'])('are checked again by %s', async (line) => {
    await using world = await backedUp();
    damageWithManifest(world);
    const ended = await type(world, line);
    expect(ended).toMatchObject({ exitCode: 1 });
    expect(ended.stdout).toMatch(/DAMAGED: [^]*integrity check/);
  });
});

describe('the check is made where the hash says too little', () => {
  test('of a backup whose check was quick', async () => {
    await using world = await backedUp();
    damageWithManifest(world, (record) => {
      record['integrity'] = { check: 'quick', result: 'ok', note: 'not checked in full' };
    });
    expect(await type(world, 'restore run latest --to ~/new.db')).toMatchObject({ exitCode: 65 });
  });

  test('of a backup without a manifest', async () => {
    await using world = await backedUp();
    const { name, manifest } = storedBackup(world);
    damageWithManifest(world);
    rmSync(manifest);
    const ended = await type(world, `restore run ${name} --to ~/new.db`);
    expect(ended.exitCode).toBe(65);
    expect(ended.stderr).toMatch(/integrity check/);
  });
});

test('bytes that are not those of the manifest are refused, whatever they are', async () => {
  await using world = await backedUp();
  const { data } = storedBackup(world);
  const bytes = readFileSync(data);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  rmSync(data);
  writeFileSync(data, bytes);
  const ended = await type(world, 'restore run latest --to ~/new.db');
  expect(ended.exitCode).toBe(65);
  expect(ended.stderr).toMatch(/its bytes were altered/);
  expect(existsSync(join(world.home, 'new.db'))).toBe(false);
});
