// Shipping, as far as nobody need answer: what is asked wrongly, what is not configured, and that the documents are written all the same.
import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TypedWorld } from '../../support/typed-world.ts';

const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHK6lB5jLxq4JzWQXo5mXhJkT3GgAa9q0Yy6b8h0n6pE';
const days = `days = "SELECT '2026-11-27'"\ndocument = "SELECT json_object('n', count(*)) FROM t WHERE :day IS NOT NULL"`;

function shipWorld(ship: string): TypedWorld & { documents: string } {
  const world = Object.assign(new TypedWorld(), { documents: '' });
  world.documents = join(world.home, 'documents');
  mkdirSync(world.documents);
  const database = new Database(world.database);
  database.exec('CREATE TABLE t (x)');
  database.close();
  const app = `[apps.bookings.export]\ndirectory = ${JSON.stringify(world.documents)}\n${days}\n`;
  world.configure({ app: app + ship });
  return world;
}

const reader = `[apps.bookings.export.ship]\nto = "tt@reports:/srv/days"\nhost_key = "${hostKey}"\n`;

test.each([
  ['run --look', reader, 64, /cannot look at the reader/],
  ['run --ship', '', 78, /no reader is configured/],
  ['run --ship --dry-run', '', 78, /no reader is configured/],
  ['run --ship --app bookings', '', 78, /\[apps\.bookings\.export\.ship\]/],
])('%s is refused before anything is done', async (line, ship, exitCode, message) => {
  await using world = shipWorld(ship);
  const ended = await world.run('db-export-json', line.split(' '));
  expect(ended).toMatchObject({ exitCode, stderr: expect.stringMatching(message) as string });
  expect(readdirSync(world.documents)).toEqual([]);
});

test('what keeps it from being shipped keeps nothing from being written, nor other bad news from being told', async () => {
  await using world = shipWorld(reader);
  await world.run('db-export-json', []);
  await world.run('db-export-json', ['freeze', '2026-11-27']);
  const database = new Database(world.database);
  database.exec('INSERT INTO t VALUES (1)');
  database.close();
  const ended = await world.runJson('db-export-json', ['run', '--ship']);
  expect(ended.json.findings).toMatchObject([
    { message: expect.stringMatching(/frozen/) as string },
    { kind: 'config' },
  ]);
  expect(ended.exitCode).toBe(1);
  const shown = await world.run('db-export-json', ['run', '--ship']);
  expect(shown.stdout).toMatch(/to tt@reports:\/srv\/days: 0 documents sent; NOT SHIPPED: 1 document since /);
  expect(shown.stdout).toMatch(
    /WARNING: cannot ship to tt@reports:\/srv\/days: no private key is named\n {4}hint: make one, and name it/,
  );
  expect((await world.run('db-export-json', ['status'])).stdout).toMatch(
    /at tt@reports:\/srv\/days: 0 documents in place, 1 wait since .*: 2026-11-27\.json; never looked at/,
  );
});

test('of several apps those ship that have a reader', async () => {
  await using world = shipWorld('');
  mkdirSync(join(world.home, 'other'));
  const other = `[apps.other]\ndatabase = ${JSON.stringify(world.database)}\n[apps.other.export]\ndirectory = ${JSON.stringify(join(world.home, 'other'))}\n${days}\n`;
  const app = `[apps.bookings.export]\ndirectory = ${JSON.stringify(world.documents)}\n${days}\n`;
  world.configure({ app, apps: other + reader.replaceAll('bookings', 'other') });
  const { json } = await world.runJson('db-export-json', ['run', '--ship']);
  const [first, second] = json.result.apps;
  expect(first.value).not.toHaveProperty('shipment');
  expect(second.value.shipment).toMatchObject({ state: 'failed', pending: ['2026-11-27.json'] });
});

test('a dry run that ships leaves nothing on the machine', async () => {
  await using world = shipWorld(reader.replace('host_key', `identity = "/nowhere/key"\nhost_key`));
  writeFileSync(join(world.documents, 'foreign'), '');
  const ended = await world.runJson('db-export-json', ['run', '--ship', '--dry-run']);
  expect(ended.json.result.apps[0].value.shipment).toMatchObject({
    sent: ['2026-11-27.json'],
    error: { kind: 'missing' },
  });
  expect(existsSync(world.state)).toBe(false);
  expect(readdirSync(world.documents)).toEqual(['foreign']);
});
