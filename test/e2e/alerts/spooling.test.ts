// What a run leaves for alert-send (A1) with everything dead but a disk, and what one leaves that was killed.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { spooled } from '../../support/spooled.ts';
import { filesBelow, makeBookings, World } from '../../support/world.ts';

function alertsWorld(): World {
  const world = new World();
  world.configure({ top: 'clock = "trusted"\n[alerts.slack]' });
  return world;
}

describe('a run', () => {
  test('tells it where neither history nor state directory can be written', async () => {
    await using world = alertsWorld();
    writeFileSync(world.state, 'a file where the state directory should be');
    const { exitCode, stderr } = await world.run('db-backup', []);
    expect(exitCode).toBe(66);
    expect(stderr).not.toContain('no alert');
    expect(spooled(world, join(world.home, 'run'))).toMatchObject([
      { result: 'failed', exit_code: 66, protection: [{ app: 'bookings' }] },
    ]);
  });

  test('ends as it ends where no spool can be written at all', async () => {
    await using world = alertsWorld();
    makeBookings(world.database);
    mkdirSync(world.state);
    for (const place of [world.state, join(world.home, 'run')]) {
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'spool'), 'in the way');
    }
    const { exitCode, stderr } = await world.run('db-backup', []);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('no alert can be sent of this run');
  });

  test('that was killed is told by the next one, and tells its beginning where a switch outside wants it', async () => {
    await using world = new World();
    world.configure({ top: 'clock = "trusted"\n[alerts.ping]', app: `stop = "true"\nstart = "true"` });
    makeBookings(world.database, { rows: 20_000 });
    await world.run('db-backup', ['--verbose'], {
      onOutput: (text, pid) => text.includes('snapshot taken') && process.kill(pid, 'SIGKILL'),
    });
    expect(spooled(world)).toMatchObject([{ kind: 'start', check: 'db-backup' }]);
    await world.run('db-backup', []);
    const records = spooled(world);
    expect(records.map(({ kind, result }) => result ?? kind)).toEqual(['start', 'killed', 'start', 'done']);
    expect(records[1]?.run_id).toBe(records[0]?.run_id);
    expect(records[1]?.message).toMatch(/ended without a word: it was killed/);
  });
});

test('the environment alone is enough, and its secrets get into no record', async () => {
  await using world = new World();
  chmodSync(world.home, 0o700);
  const environment = world.environmentAlone({ NTFY_TOPIC: 'topic-nobody-may-know' });
  expect((await world.run('db-backup', [], { environment })).exitCode).toBe(66);
  expect(spooled(world)).toMatchObject([
    { check: 'db-backup', result: 'failed', severity: 'critical', apps: ['bookings'] },
  ]);
  const texts = filesBelow(world.home).map((name) => readFileSync(join(world.home, name), 'latin1'));
  expect(texts.filter((text) => text.includes('topic-nobody-may-know'))).toEqual([]);
});
