// The examples of the configuration that people copy: each turns red for its reason on a real database or file, and green again.
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { freshnessCheck } from '../../../lib/health/freshness.ts';
import { sqlCheck } from '../../../lib/health/sql.ts';
import { standbyCheck } from '../../../lib/health/standby.ts';
import { writePromotion } from '../../../lib/placement/promotion.ts';
import { noteWarmCopy } from '../../../lib/placement/warm-copy.ts';
import { backupAgeProbe } from '../../../lib/probe/backup-age.ts';
import { databaseProbe } from '../../../lib/probe/database.ts';
import { freshnessProbe } from '../../../lib/probe/freshness.ts';
import { sqlProbe } from '../../../lib/probe/sql.ts';
import { standbyProbe } from '../../../lib/probe/standby.ts';
import { isStill, standingBy } from '../../../lib/probe/standing-by.ts';
import { walProbe } from '../../../lib/probe/wal.ts';
import { at } from '../../golden/golden.ts';
import { least } from '../../golden/manifests.ts';
import { scratch } from '../../support/scratch.ts';
import { probeWorld } from './context.ts';

/** An example with other places in it; of what stands above the first app only that. */
function example(file: string, places: Record<string, string>): string {
  const text = readFileSync(join(import.meta.dirname, '../../../etc/examples', file), 'utf8');
  const moved = Object.entries(places).reduce((sum, [from, to]) => sum.replaceAll(from, to), text);
  return moved.slice(moved.indexOf('[apps.'));
}

test('the daily validation of closed years: a spot that is lost or added is told, and which year it was', async () => {
  const path = join(scratch(), 'production.db');
  const app = new Database(path);
  app.pragma('journal_mode = wal');
  app.exec('CREATE TABLE spots (id INTEGER PRIMARY KEY, broadcast_month TEXT)');
  const years = { 20: 50, 21: 108_066, 22: 131_668, 23: 221_245, 24: 403_203, 25: 77 };
  const fill = app.prepare(
    `WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?)
     INSERT INTO spots (broadcast_month) SELECT substr('JanFebMarAprMayJun', 1 + 3 * (n % 6), 3) || '-' || ? FROM c`,
  );
  for (const [year, count] of Object.entries(years)) fill.run(count, year);
  const places = { '/srv/spotops/db/production.db': path };
  const { ask } = probeWorld(example('ctv/holdfast.toml', places));
  const validate = () => ask(sqlCheck, sqlProbe, 'ctv/closed-years');
  expect(await validate()).toMatchObject({ verdict: 'ok', message: 'it returns 4 rows, as it has to' });
  app.exec("DELETE FROM spots WHERE id = (SELECT max(id) FROM spots WHERE broadcast_month LIKE '%-23')");
  expect(await validate()).toMatchObject({
    verdict: 'critical',
    message: 'row 3 is ("2023", 221,244) instead of ("2023", 221,245)',
  });
  app.exec("INSERT INTO spots (broadcast_month) VALUES ('May-23'), ('May-25')");
  expect(await validate()).toMatchObject({ verdict: 'ok' });
  app.exec("DELETE FROM spots WHERE broadcast_month LIKE '%-21'");
  expect(await validate()).toMatchObject({ verdict: 'critical' });
  app.close();
});

test('the questions of the standby: is the copy older than 36 hours, or smaller than 100 MB?', async () => {
  const path = join(scratch(), 'production.db');
  const { ask, clock, run } = probeWorld(
    example('ctv/standby.toml', { '/srv/spotops/db/production.db': path }),
  );
  const { stateDirectory } = run().config;
  const question = () => ask(standbyCheck, standbyProbe, 'ctv');
  const put = async (hours: number, sizeBytes: number) => {
    const file = 'production.db.standby-20261127T000000Z';
    const takenAt = new Date(clock.now().getTime() - hours * 3_600_000);
    const manifest = { ...least, takenAt, sizeBytes, pageSize: 512, pageCount: sizeBytes / 512 };
    await noteWarmCopy(stateDirectory, { app: 'ctv', file, store: 'Dropbox', pulledAt: at, manifest });
    writeFileSync(join(dirname(path), file), '');
    truncateSync(join(dirname(path), file), sizeBytes);
  };
  expect(await question()).toMatchObject({ verdict: 'critical', message: 'no warm copy lies ready' });
  await put(35, 100_000_256);
  expect(await question()).toMatchObject({ verdict: 'ok' });
  await put(37, 100_000_256);
  expect(await question()).toMatchObject({ verdict: 'warning' });
  await put(1, 99_999_744);
  expect(await question()).toMatchObject({ verdict: 'critical' });
  await put(1, 100_000_256);
  truncateSync(join(dirname(path), 'production.db.standby-20261127T000000Z'), 5);
  expect(await question()).toMatchObject({ verdict: 'critical', value: 3600 });
});

test('on a standby nobody asks for what only a live app has, and after a promotion everybody does', async () => {
  const path = join(scratch(), 'production.db');
  const { run } = probeWorld(
    `${example('ctv/standby.toml', { '/srv/spotops/db/production.db': path })}
[health.sql.assertions.years]
app = "ctv"
query = "SELECT 1"
expect = 1`,
  );
  const asked = async () => ({
    database: await databaseProbe.subjects(run()),
    wal: await walProbe.subjects(run()),
    sql: await sqlProbe.subjects(run()),
    'backup-age': await backupAgeProbe.subjects(run()),
    standby: await standbyProbe.subjects(run()),
    still: ['db-backup', 'restore-standby', 'restore-drill'].filter((job) =>
      isStill(`${job}@ctv.timer`, standing),
    ),
  });
  let standing = await standingBy(run());
  expect(await asked()).toEqual({
    ...{ database: [], wal: [], sql: [], 'backup-age': [], standby: ['ctv'], still: ['db-backup'] },
  });
  writeFileSync(path, '');
  const { ino } = statSync(path, { bigint: true });
  const placed = { device: 0n, inode: ino, sizeBytes: 0n, modifiedNs: 0n };
  const { stateDirectory } = run().config;
  await writePromotion(
    { stateDirectory, app: 'ctv' },
    { app: 'ctv', state: 'placing', at, backup: least.backup, placed },
  );
  standing = await standingBy(run());
  expect(await asked()).toEqual({
    ...{ database: ['ctv'], wal: ['ctv'], sql: ['ctv/years'], 'backup-age': ['ctv'], standby: ['ctv'] },
    still: ['restore-standby'],
  });
  rmSync(path);
  expect([...(await standingBy(run()))]).toEqual(['ctv']); // it had never come to be in place
});

test.each([
  ['litestream-files', '/srv/litestream/production.db', 'generations/1f/wal/0001.wal.lz4', 1],
  ['restic-snapshots', '/mnt/backup/restic/snapshots', '4f2a', 30],
])('%s: the newest file is new enough', async (thing, from, file, hours) => {
  const directory = scratch();
  const { ask, clock } = probeWorld(example('other-backups.toml', { [from]: directory }));
  const path = join(directory, file);
  mkdirSync(dirname(path), { recursive: true });
  const at = clock.now().getTime() / 1000;
  const question = () => ask(freshnessCheck, freshnessProbe, thing);
  expect(await question()).toMatchObject({ verdict: 'critical' });
  writeFileSync(path, 'x');
  utimesSync(path, at, at);
  expect(await question()).toMatchObject({ verdict: 'ok' });
  clock.advance(hours * 3_600_000 - 1000);
  expect(await question()).toMatchObject({ verdict: 'ok' });
  clock.advance(1000);
  expect(await question()).toMatchObject({ verdict: 'warning' });
});
