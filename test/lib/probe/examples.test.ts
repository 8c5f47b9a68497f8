// The examples of the configuration that people copy: each turns red for its reason on a real database or file, and green again.
import { mkdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { freshnessCheck } from '../../../lib/health/freshness.ts';
import { sqlCheck } from '../../../lib/health/sql.ts';
import { freshnessProbe } from '../../../lib/probe/freshness.ts';
import { sqlProbe } from '../../../lib/probe/sql.ts';
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
  const { ask, clock } = probeWorld(example('ctv-standby.toml', { '/srv/spotops/db/production.db': path }));
  const question = () => ask(freshnessCheck, freshnessProbe, 'database');
  const put = (hours: number, bytes: number) => {
    writeFileSync(path, '');
    truncateSync(path, bytes);
    const at = clock.now().getTime() / 1000 - hours * 3600;
    utimesSync(path, at, at);
  };
  expect(await question()).toMatchObject({ verdict: 'critical', message: `${path} is not there` });
  put(35, 100e6);
  expect(await question()).toMatchObject({ verdict: 'ok' });
  put(36, 100e6);
  expect(await question()).toMatchObject({ verdict: 'warning' });
  put(1, 99_999_999);
  expect(await question()).toMatchObject({ verdict: 'critical' });
  put(1, 100e6);
  expect(await question()).toMatchObject({ verdict: 'ok' });
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
