// What a person can say to alert-send, and what it says then.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hour } from '../../support/alert-events.ts';
import { AlertWorld } from '../../support/alert-world.ts';

const failed = 'db-backup of bookings failed';
const well = 'db-backup of bookings is well again';

describe('what a person can say', () => {
  test('ack, by id or name, silences reminders for as long as it says, and not the end', async () => {
    await using world = await AlertWorld.start({ alerts: 'escalate_hours = 100' });
    world.unplug();
    await world.run('db-backup', []);
    await world.send();
    const [, id = ''] = /alert-send ack ([0-9a-f]{6})/.exec(world.ntfy.messages[0]?.message ?? '') ?? [];
    expect((await world.run('alert-send', ['ack', 'nothing'])).exitCode).toBe(66);
    expect((await world.run('alert-send', ['ack', id, '--for', 'ever'])).exitCode).toBe(64);
    expect((await world.run('alert-send', ['ack', id, '--for', '8h'])).stdout).toMatch(
      /^acknowledged db-backup: no reminders until 20/,
    );
    expect((await world.run('alert-send', ['list'])).stdout).toContain('acknowledged until 20');
    await world.send();
    world.clock.advance(7 * hour);
    await world.send();
    expect(world.titles).toEqual([failed]);
    world.clock.advance(2 * hour);
    await world.send();
    expect(world.titles).toEqual([failed, `${failed}, still`]);
    // As the check is called, or the unit: with one app a person has seen no other name than the unit's.
    for (const name of ['db-backup', 'db-backup@bookings', 'db-backup@bookings.service'])
      expect((await world.run('alert-send', ['ack', name])).stdout).toMatch(/^acknowledged db-backup: /);
    expect((await world.run('alert-send', ['ack', 'db-backup@others'])).exitCode).toBe(66);
    world.plugIn();
    await world.run('db-backup', []);
    await world.send();
    expect(world.titles.at(-1)).toBe(well);
    expect((await world.run('alert-send', ['list'])).stdout).toMatch(/^nothing is wrong$/m);
  });

  test('a desktop alone, out of whose session it is typed, is no channel, and that is said', async () => {
    await using world = await AlertWorld.start({ backup: false });
    world.configure({ top: '[alerts]\ndesktop = true' });
    const tried = await world.run('alert-send', ['test']);
    expect(tried.exitCode).toBe(78);
    expect(tried.stderr).toContain(
      'there is no desktop session here; only what is started in it, as its user',
    );
    const { stdout } = await world.run('alert-send', ['list']);
    expect(stdout).toContain('nobody is told: no channel can be used here');
  });

  test('test says how each channel took it, and leaves the switch outside alone', async () => {
    await using world = await AlertWorld.start({ ping: true, alerts: 'desktop = true' });
    const good = await world.run('alert-send', ['test']);
    expect(good.exitCode).toBe(0);
    expect(good.stdout).toMatch(
      /ok +ntfy[^]*ok +slack[^]*ok +desktop +not used: there is no desktop session here[^]*ok +ping +not tried/,
    );
    expect([world.titles, world.headlines]).toEqual([['a test'], ['a test']]);
    expect(world.switch.pings).toHaveLength(1);
    await world.slack.stop();
    const bad = await world.runJson('alert-send', ['test']);
    expect(bad.exitCode).toBe(1);
    expect(bad.json.result.channels).toMatchObject([
      { ok: true },
      {
        ok: false,
        detail: expect.stringMatching(/^no answer from Slack \(ECONNREFUSED 127\.0\.0\.1:\d+\)$/),
      },
      {},
      {},
    ]);
    expect(world.tellsSecret(bad.stdout + bad.stderr + good.stdout)).toBe(false);
  });

  test('deliver --dry-run shows what would go out and changes nothing', async () => {
    await using world = await AlertWorld.start();
    world.unplug();
    await world.run('db-backup', []);
    const before = world.fingerprint(world.state);
    const { stdout } = await world.send(['--dry-run']);
    expect(stdout).toContain(`would send through ntfy: `);
    expect(world.titles).toEqual([]);
    expect(world.fingerprint(world.state)).toEqual(before);
  });

  test('without alerts nobody can be told, and the way out is named', async () => {
    await using world = await AlertWorld.start({ backup: false });
    world.configure();
    for (const args of [['deliver'], ['test'], ['list']]) {
      const { exitCode, stderr } = await world.attend('alert-send', args);
      expect(exitCode).toBe(78);
      expect(stderr).toContain('NTFY_TOPIC');
    }
    expect((await world.run('alert-send', ['deliver'])).exitCode, 'a timer').toBe(0);
    const { exitCode } = await world.run('alert-send', [
      'spool',
      '--job',
      'db-backup',
      '--result',
      'timeout',
    ]);
    expect(exitCode).toBe(0);
    expect(existsSync(join(world.state, 'spool'))).toBe(false);
  });
});
