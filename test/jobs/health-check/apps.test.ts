// health-check about the apps, as it is typed: what one run remembers for the next, and what explains what.
import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { onlyChecks } from '../../support/health.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings } from '../../support/world.ts';

const hour = 60 * 60_000;
const assertions = `
[health.sql.assertions.two]
app = "bookings"
query = "SELECT count(*) FROM sqlite_schema WHERE name = 'two'"
expect = 0
[health.sql.assertions.three]
app = "bookings"
query = "SELECT count(*) FROM sqlite_schema WHERE name = 'three'"
expect = 0
`;

function world(): TypedWorld {
  const made = new TypedWorld();
  makeBookings(made.database);
  made.configure({ top: `clock = "trusted"\n${onlyChecks('database', 'sql', 'wal')}${assertions}` });
  return made;
}

test('the pages of a database are looked at once a day, and an assertion turns red with the rows', async () => {
  await using made = world();
  expect((await made.attend('health-check', [])).stdout).toMatch(
    /^OK +database +bookings +.*pages well now$/m,
  );
  made.clock.advance(3 * hour);
  expect((await made.attend('health-check', [])).stdout).toMatch(
    /^OK +database +bookings +.*pages well 3 h .*ago$/m,
  );
  const app = new Database(made.database);
  app.exec('CREATE TABLE two (a)');
  app.close();
  const red = await made.attend('health-check', []);
  expect(red.exitCode).toBe(2);
  expect(red.stdout).toMatch(/^CRITICAL +sql +bookings\/two +it returns 1 instead of 0$/m);
  made.clock.advance(21 * hour);
  expect((await made.attend('health-check', [])).stdout).toMatch(/pages well now$/m);
});

test('of a database that is gone only that is told, and not what is asked of it', async () => {
  await using made = world();
  rmSync(made.database);
  const { stdout, exitCode } = await made.attend('health-check', []);
  expect(exitCode).toBe(2);
  expect(stdout).toMatch(/^CRITICAL +database +bookings +cannot read the database .*: it is not there$/m);
  expect(stdout.match(/because of database of bookings$/gm)).toHaveLength(3);
});

test('explain names the settings that a check alone has', async () => {
  await using made = world();
  for (const [check, keys] of [
    ['wal', 'off, reader_after, free_percent;'],
    ['sql', 'off, assertions;'],
    ['backup-age', 'off;'],
  ] as const) {
    expect((await made.attend('health-check', ['explain', check])).stdout).toContain(keys);
  }
});
