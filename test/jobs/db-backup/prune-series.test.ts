// What db-backup prune removes of backups that are based on each other, and what it says of it.
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { formatManifest } from '../../../lib/backup/manifest.ts';
import { manifestName } from '../../../lib/backup/name.ts';
import type { SqliteManifest } from '../../lib/backup/examples.ts';
import { pagesManifest, pagesName } from '../../lib/backup/pages-examples.ts';
import { TypedWorld } from '../../support/typed-world.ts';

const full = pagesManifest('20261101T020000Z', 0);
const day1 = pagesManifest('20261118T020000Z', 1, full);
const hour1 = pagesManifest('20261118T030000Z', 2, day1);
const hour2 = pagesManifest('20261118T040000Z', 3, day1);
const day2 = pagesManifest('20261119T020000Z', 4, full);
const hour3 = pagesManifest('20261119T030000Z', 5, day2);
const series = [full, day1, hour1, hour2, day2, hour3];

/** A world whose store holds them, as files of their sizes; the store received all of it at that time. */
function worldWith(manifests: readonly SqliteManifest[], keep = '{ hourly = 2 }'): TypedWorld {
  const world = new TypedWorld('2026-11-20T02:00:00Z');
  const apps = `[apps.ctv]\ndatabase = ${JSON.stringify(world.database)}\nformat = "pages"\nkeep = ${keep}`;
  world.configure({ top: 'clock = "trusted"', apps });
  for (const manifest of manifests) {
    for (const { name, sizeBytes } of manifest.stored!.objects) put(world, name, Buffer.alloc(sizeBytes, 7));
    put(world, manifestName(manifest.backup), formatManifest(manifest));
  }
  return world;
}

function put(world: TypedWorld, name: string, bytes: string | Buffer, at = '2026-11-20T00:00:00Z'): void {
  const path = join(world.store, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  utimesSync(path, new Date(at), new Date(at));
}

async function prune(world: TypedWorld, ...more: string[]) {
  const { json, exitCode } = await world.runJson('db-backup', ['prune', '--app', 'ctv', ...more]);
  const { value } = json.result.apps[0];
  const { findings } = json as { findings: { message: string }[] };
  return { ...(value as { removed: string[]; swept: string[]; decisions: object[] }), findings, exitCode };
}

const stamps = (names: readonly string[]) => names.map((name) => /\d{8}T\d{6}Z/.exec(name)?.[0]);

test('what is kept stays with what it is based on, and the rest goes, the last of a chain first', async () => {
  await using world = worldWith(series, '{ last = 1, daily = 1 }');
  const planned = await prune(world, '--dry-run');
  const { removed, decisions } = await prune(world);
  expect(stamps(removed)).toEqual(['20261118T040000Z', '20261118T030000Z', '20261118T020000Z']);
  expect(planned.removed).toEqual(removed);
  expect(decisions).toMatchObject([
    { name: hour3.backup, keep: true },
    { name: day2.backup, keep: true, reasons: [`what ${hour3.backup} is based on`] },
    { name: hour2.backup, keep: false },
    { name: hour1.backup, keep: false },
    { name: day1.backup, keep: false },
    { name: full.backup, keep: true, reasons: [`what ${day2.backup} is based on`] },
  ]);
  const again = await prune(world);
  expect(again.removed).toEqual([]);
  expect(again.exitCode).toBe(0);
});

test('one that a person named holds what it is based on', async () => {
  const named = pagesManifest('20261118T050000Z', 6, hour1.stored && day1);
  const name = 'backups/ctv/before-upgrade.pages';
  const [object] = named.stored!.objects;
  const stored = { ...named.stored!, objects: [{ ...object!, name }] };
  await using world = worldWith([...series, { ...named, backup: name, stored }], '{ last = 1 }');
  const { removed } = await prune(world);
  expect(stamps(removed)).toEqual(['20261118T040000Z', '20261118T030000Z']);
});

test('while one cannot be read nothing in pages goes', async () => {
  await using world = worldWith(series, '{ last = 1 }');
  put(world, manifestName(hour1.backup), 'torn');
  const { removed, decisions, findings } = await prune(world);
  expect(removed).toEqual([]);
  expect(findings.map(({ message }) => message)).toContainEqual(
    expect.stringContaining(`${hour1.backup} is damaged`),
  );
  const reason = `nobody can read what ${hour1.backup} is based on`;
  expect(decisions.every((decision) => (decision as { reasons: string[] }).reasons.includes(reason))).toBe(
    true,
  );
  rmSync(join(world.store, manifestName(hour1.backup)));
  rmSync(join(world.store, hour1.backup));
  expect(stamps((await prune(world)).removed)).toEqual(['20261118T040000Z', '20261118T020000Z']);
});

test('what cannot be restored without another is told once, and goes as it would have gone', async () => {
  const later = pagesManifest('20261119T040000Z', 0, undefined, { series: '8'.repeat(32) });
  await using world = worldWith([...series, later], '{ last = 1, daily = 2 }');
  const path = join(world.store, day1.backup);
  const bytes = readFileSync(path);
  rmSync(path);
  rmSync(join(world.store, manifestName(day1.backup)));
  const first = await prune(world);
  // Of hour2 nobody has a newer one of that day, so it may yet be brought back; hour1 would have gone by now.
  expect(stamps(first.removed)).toEqual(['20261118T030000Z', '20261119T030000Z', '20261119T020000Z']);
  expect(first.exitCode).toBe(1);
  const without = first.findings.filter(({ message }) => message.includes(day1.backup));
  expect(without.map(({ message }) => message)).toEqual([
    `without ${day1.backup}, which is gone or damaged, these cannot be restored: ${hour2.backup}`,
  ]);
  // Brought back, all is well again.
  writeFileSync(path, bytes);
  put(world, manifestName(day1.backup), formatManifest(day1));
  expect((await prune(world)).exitCode).toBe(0);
});

test('what was never finished is swept when nobody can be at work on it', async () => {
  await using world = worldWith(series, '{ last = 10 }');
  const old = pagesName('20261103T020000Z');
  const young = pagesName('20261115T020000Z');
  const part = (name: string) => name.replace('.pages', '+2.pages');
  for (const name of [old, part(old)]) put(world, name, 'x', '2026-11-04T00:00:00Z');
  for (const name of [young, part(young)]) put(world, name, 'x', '2026-11-15T00:00:00Z');
  put(world, 'backups/ctv/ctv-20261103T020000Z.db', 'x', '2026-11-04T00:00:00Z');
  put(world, part(pagesName('20261104T020000Z')), 'x', '2026-11-04T00:00:00Z');
  const before = world.fingerprint(world.store);
  const swept = [old, pagesName('20261104T020000Z')];
  expect((await prune(world, '--dry-run')).swept.toSorted()).toEqual(swept);
  expect(world.fingerprint(world.store)).toEqual(before);
  const { stdout } = await world.run('db-backup', ['prune', '--app', 'ctv']);
  expect(stdout).toContain(`swept ${old}: it was never finished`);
  expect(world.stored().filter((name) => !series.some(({ backup }) => name.startsWith(backup)))).toEqual(
    [part(young), young, 'backups/ctv/ctv-20261103T020000Z.db'].toSorted(),
  );
});

test('nothing is swept where nothing may be removed', async () => {
  const suspect = pagesManifest('20261119T050000Z', 6, full, {}, { suspect: ['rows are gone'] });
  await using world = worldWith([...series, suspect], '{ last = 1 }');
  put(world, pagesName('20261103T020000Z'), 'x', '2026-11-04T00:00:00Z');
  const { removed, swept } = await prune(world);
  expect([removed, swept]).toEqual([[], []]);
});
