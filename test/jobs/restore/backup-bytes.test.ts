// A backup whose bytes are no longer those that were proven: a restore never puts them in place.
import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { backedUpWorld, expectBadNews, expectRefusal } from '../../support/bad-input.ts';
import { type StoredBackup, storedBackup } from '../../support/stored-backup.ts';
import { onlyValue, onlyProof, runPrinted } from '../../support/printed.ts';
import { makeBookings, readBookings, type World } from '../../support/world.ts';

const cases: { what: string; change: (backup: StoredBackup, world: World) => void; problem: RegExp }[] = [
  {
    what: 'shortened by a byte',
    change: ({ data }) => truncateSync(data, statSync(data).size - 1),
    problem: /it has 53247 bytes, its manifest says 53248/,
  },
  {
    what: 'longer by a byte',
    change: ({ data }) => writeFileSync(data, '\0', { flag: 'a' }),
    problem: /it has 53249 bytes, its manifest says 53248/,
  },
  { what: 'altered in one bit', change: ({ data }) => flipBit(data, 30_000), problem: /bytes were altered/ },
  {
    what: 'altered in one bit of its header',
    change: ({ data }) => flipBit(data, 0),
    problem: /bytes were altered/,
  },
  {
    what: 'another database of the same size',
    change: ({ data }, world) => {
      const other = `${world.home}/other.db`;
      makeBookings(other, { journalMode: 'delete', label: 'b' });
      expect(statSync(other).size).toBe(statSync(data).size);
      copyFileSync(other, data);
    },
    problem: /bytes were altered/,
  },
];

describe('a backup that is', () => {
  test.each(cases)('$what is not restored', async ({ change, problem }) => {
    await using world = await backedUpWorld();
    const backup = storedBackup(world);
    change(backup, world);
    await expectRefusal(world, 'restore', ['run', backup.stamp, '--yes'], {
      kind: 'damaged',
      says: [new RegExp(`cannot restore ${backup.name}`), problem],
      hint: /restore list|another backup/,
    });
    for (const [command, action] of [
      ['db-backup', 'verify'],
      ['restore', 'drill'],
    ] as const) {
      const proof = onlyProof(await expectBadNews(world, command, [action, backup.stamp]));
      expect(proof).toMatchObject({ backup: backup.name, sound: false });
      expect(proof.problems.join('\n')).toMatch(problem);
    }
  });

  test('altered is handed out by download, and called altered', async () => {
    await using world = await backedUpWorld();
    const backup = storedBackup(world);
    flipBit(backup.data, 30_000);
    const path = `${world.home}/taken-out.db`;
    expect(await expectBadNews(world, 'restore', ['download', backup.stamp, path])).toMatchObject({
      altered: true,
      target: path,
    });
    expect(readFileSync(path)).toEqual(readFileSync(backup.data));
    const { stdout } = await world.run('restore', ['download', backup.stamp, `${path}.again`]);
    expect(stdout).toMatch(/NOT those of its manifest/);
  });

  test('shortened is handed out by download, and called damaged', async () => {
    await using world = await backedUpWorld();
    const backup = storedBackup(world);
    truncateSync(backup.data, 4096);
    const path = `${world.home}/taken-out.db`;
    const result = await expectBadNews(world, 'restore', ['download', backup.stamp, path]);
    expect(result).toMatchObject({ state: 'damaged', altered: true });
  });

  test('gone although its manifest is there is called lost, and missing to whoever asks for it', async () => {
    await using world = await backedUpWorld();
    const backup = storedBackup(world);
    rmSync(backup.data);
    const { result } = await runPrinted(world, 'db-backup', ['list-backups']);
    expect(onlyValue(result).backups).toMatchObject([{ name: backup.name, state: 'lost' }]);
    for (const [command, line] of [
      ['restore', `run ${backup.stamp} --yes`],
      ['restore', `download ${backup.stamp} ${world.home}/x.db`],
      ['restore', `drill ${backup.stamp}`],
      ['db-backup', `verify ${backup.stamp}`],
    ] as const) {
      await expectRefusal(world, command, line.split(' '), {
        kind: 'missing',
        says: [new RegExp(backup.name), /no longer in the store/],
        hint: /restore list/,
      });
    }
    // Losing a backup that should be there is news every night, and stops nothing else.
    const night = await runPrinted(world, 'db-backup', ['run']);
    expect({ exitCode: night.exitCode, ok: night.ok }).toEqual({ exitCode: 1, ok: false });
    expect(onlyValue(night.result).prune.lost).toEqual([backup.name]);
  });

  test('the latest copy, but broken, is not restored either', async () => {
    await using world = await backedUpWorld();
    const latest = `${world.store}/latest/bookings.db`;
    flipBit(latest, 4096); // the kind of a b-tree page
    await expectRefusal(world, 'restore', ['run', 'latest/bookings.db', '--yes'], {
      kind: 'damaged',
      says: [/cannot restore latest\/bookings\.db/, /is damaged|integrity check/],
      hint: /restore list/,
    });
    expect(readBookings(world.database)).toHaveLength(200);
  });
});

function flipBit(path: string, position: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(position) ^ 0x08, position);
  writeFileSync(path, bytes);
}
