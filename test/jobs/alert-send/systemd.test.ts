// What systemd says of a unit, and the alert that comes of it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AlertWorld } from '../../support/alert-world.ts';

const failed = 'db-backup of bookings failed';
const well = 'db-backup of bookings is well again';

describe('what systemd says', () => {
  const runId = '56fd943dddba493894fa5c5e6cc02127';
  const handler = (
    world: AlertWorld,
    variables: Record<string, string>,
    args: string[] = ['--job', 'db-backup'],
  ) => world.run('alert-send', ['spool', ...args], { environment: variables });

  test.each<[string, Record<string, string>, RegExp]>([
    [
      'a time limit',
      { MONITOR_SERVICE_RESULT: 'timeout', MONITOR_EXIT_STATUS: 'TERM' },
      /was killed\nit took longer than the unit allows/,
    ],
    [
      'a kill',
      { MONITOR_SERVICE_RESULT: 'signal', MONITOR_EXIT_STATUS: 'KILL' },
      /was killed\nit was killed by SIGKILL/,
    ],
    [
      'no memory',
      { MONITOR_SERVICE_RESULT: 'oom-kill', MONITOR_EXIT_STATUS: 'KILL' },
      /was killed\n.*memory ran out/,
    ],
    [
      'a lacking credential',
      { MONITOR_SERVICE_RESULT: 'exit-code', MONITOR_EXIT_STATUS: '243' },
      /failed\nsystemd could not start it \(243/,
    ],
    [
      'a failed dependency',
      { MONITOR_SERVICE_RESULT: 'success', MONITOR_EXIT_STATUS: '0' },
      /failed\nit was not started/,
    ],
  ])('of %s is an alert with the command to run next', async (_, variables, words) => {
    await using world = await AlertWorld.start();
    const spooled = await handler(world, {
      ...variables,
      MONITOR_INVOCATION_ID: runId,
      MONITOR_UNIT: 'db-backup.service',
      INVOCATION_ID: 'f'.repeat(32),
    });
    expect(spooled.exitCode, spooled.stderr).toBe(0);
    await world.send();
    const [message] = world.ntfy.messages;
    expect(`${message?.title}\n${message?.message}`).toMatch(words);
    expect(message?.message).toMatch(/^The newest proven backup of bookings/m);
    expect(message?.message).toContain(`Run ${runId}`);
    await world.run('db-backup', []);
    await world.send();
    expect(world.titles.at(-1)).toBe(well);
  });

  test.each([true, false])(
    'of a run that spoke for itself is the same alert (delivered in between: %s)',
    async (between) => {
      await using world = await AlertWorld.start();
      world.unplug();
      const { json } = await world.runJson('db-backup', []);
      expect(json.ok).toBe(false);
      const [name = ''] = readdirSync(join(world.state, 'spool/new'));
      const own = JSON.parse(readFileSync(join(world.state, 'spool/new', name), 'utf8')) as {
        run_id: string;
      };
      if (between) await world.send();
      await handler(world, {
        MONITOR_SERVICE_RESULT: 'exit-code',
        MONITOR_EXIT_STATUS: '69',
        MONITOR_INVOCATION_ID: own.run_id,
        MONITOR_UNIT: 'db-backup.service',
      });
      await world.send();
      expect(world.titles).toEqual([failed]);
      expect(world.ntfy.messages[0]?.message).toContain('1 failed run.');
    },
  );

  test('in ExecStopPost= is understood too, and a success there is good news', async () => {
    await using world = await AlertWorld.start();
    const of = (variables: Record<string, string>) =>
      handler(world, variables, ['--job', 'db-backup@bookings', '--unit', 'db-backup@bookings.service']);
    await of({
      SERVICE_RESULT: 'exit-code',
      EXIT_CODE: 'exited',
      EXIT_STATUS: '74',
      INVOCATION_ID: 'a'.repeat(32),
    });
    await world.send();
    expect(world.ntfy.messages[0]?.message).toContain('exit code 74: input or output failed');
    await of({ SERVICE_RESULT: 'exit-code', EXIT_STATUS: '75', INVOCATION_ID: 'b'.repeat(32) });
    await world.send();
    await of({ SERVICE_RESULT: 'success', EXIT_STATUS: '0', INVOCATION_ID: 'c'.repeat(32) });
    await world.send();
    expect(world.titles).toEqual([failed, well]);
  });

  test.each([
    [[], {}],
    [['--job', '../x', '--result', 'timeout'], {}],
    [['--job', 'db-backup'], {}],
    [['--job', 'db-backup', '--result', 'no such; word'], {}],
  ])('that cannot be understood (%o) is an error of use', async (args, variables) => {
    await using world = await AlertWorld.start({ backup: false });
    expect((await handler(world, variables, args)).exitCode).toBe(64);
  });
});
