// What lies in the way of alerts: a damaged spool, a lost state, another one at work, and silence for weeks.
import { chmodSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { day } from '../../support/alert-events.ts';
import { AlertWorld } from '../../support/alert-world.ts';

const failed = 'db-backup of bookings failed';

test('a spool with a truncated record tells what it can, and that something could not be read', async () => {
  await using world = await AlertWorld.start();
  world.unplug();
  await world.run('db-backup', []);
  await world.run('restore', ['drill']);
  const folder = join(world.state, 'spool/new');
  const [first = ''] = readdirSync(folder).sort();
  truncateSync(join(folder, first), 20);
  writeFileSync(join(folder, 'notes.txt'), 'remember the milk');
  await world.send();
  expect(world.titles[0]).toMatch(/restore-drill of bookings failed/);
  expect(world.titles[0]).toMatch(/spool failed/);
  await world.send();
  expect(world.titles).toHaveLength(1);
  rmSync(join(world.state, 'spool/dead'), { recursive: true });
  await world.send();
  expect(world.titles[1]).toBe('spool is well again');
});

test('secrets that others may read are told once, and when it is over', async () => {
  await using world = await AlertWorld.start({ backup: false });
  const [open, other, gone] = ['open.env', 'private.env', 'gone.env'].map((name) => join(world.home, name));
  writeFileSync(open ?? '', 'NTFY_TOPIC=x\n', { mode: 0o644 });
  writeFileSync(other ?? '', 'NTFY_TOPIC=x\n', { mode: 0o600 });
  const environment = { HOLDFAST_SECRET_FILES: [open, other, gone].join(':') };
  for (let times = 0; times < 2; times += 1) await world.run('alert-send', [], { environment });
  expect(world.titles).toEqual(['secrets failed']);
  expect(world.ntfy.messages[0]?.message).toMatch(
    new RegExp(`^others may read ${open}, .*: chmod 600 ${open}\n`),
  );
  chmodSync(open ?? '', 0o600);
  await world.run('alert-send', [], { environment });
  expect(world.titles).toEqual(['secrets failed', 'secrets is well again']);
});

test('a canary goes through each channel every week, without a sound', async () => {
  await using world = await AlertWorld.start();
  world.clock.advance(7 * day);
  await world.send();
  await world.send();
  expect([world.titles, world.headlines]).toEqual([['alerts work'], ['alerts work']]);
  expect(world.ntfy.messages[0]?.priority).toBe(1);
});

test('two at once are one: the second one names the first', async () => {
  await using world = await AlertWorld.start();
  world.unplug();
  await world.run('db-backup', []);
  world.ntfy.fault({ kind: 'silence' });
  const first = world.send();
  while (world.ntfy.requests.length === 0) await new Promise(setImmediate);
  const second = await world.send();
  expect(second.exitCode).toBe(75);
  expect(second.stderr).toContain('alert-send deliver');
  const db = await world.run('db-backup', []);
  expect(db.exitCode).toBe(69);
  await world.ntfy.stop();
  await first;
  expect(world.headlines).toEqual([failed]);
});

test('a state that is lost or damaged costs a repeated message at most', async () => {
  await using world = await AlertWorld.start();
  world.unplug();
  await world.run('db-backup', []);
  await world.send();
  writeFileSync(join(world.state, 'alerts/alerts.json'), '{"format": "holdf');
  rmSync(join(world.state, 'ops.db'));
  await world.run('db-backup', []);
  expect((await world.send()).exitCode).toBe(0);
  expect(world.titles).toEqual([failed, failed]);
  expect(world.ntfy.cards).toHaveLength(1);
});
