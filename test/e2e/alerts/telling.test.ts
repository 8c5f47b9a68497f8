// From a run that fails to the messages people get, through the real commands (A1-A3).
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { day, hour } from '../../support/alert-events.ts';
import { AlertWorld } from '../../support/alert-world.ts';
import { failure } from '../../support/ntfy/stand-in.ts';
import { loginPage } from '../../support/web-stand-in.ts';
import { makeBookings } from '../../support/world.ts';

/** The store is a disk: unplugged, plugged in again. */
function unplug(world: AlertWorld): void {
  renameSync(world.store, `${world.store}.away`);
}

function plugIn(world: AlertWorld): void {
  renameSync(`${world.store}.away`, world.store);
}

const failed = 'db-backup of bookings failed';
const well = 'db-backup of bookings is well again';
const both = 'db-backup of bookings failed, and is well again';

describe('a store that is gone', () => {
  test('is told once on each channel, with all that a person needs, then after hours, and when it is over', async () => {
    await using world = await AlertWorld.start({ ping: true });
    unplug(world);
    expect((await world.run('db-backup', [])).exitCode).toBe(69);
    const sent = await world.send();
    expect(sent.exitCode, sent.stderr).toBe(0);
    expect([world.titles, world.headlines]).toEqual([[failed], [failed]]);
    const [message] = world.ntfy.messages;
    expect(message?.title).toMatch(/^[^ ]+: /);
    for (const words of [
      /cannot use the store directory .*: it is not there/,
      /^Since 20\d\d-.*, 1 failed run\.$/m,
      /^The newest proven backup of bookings is of 20\d\d-.* old\.$/m,
      /^Next: db-backup test --config \/.*\.toml$/m,
      /^I know: alert-send ack [0-9a-f]{6} --for 8h --config \/.*\.toml$/m,
    ]) {
      expect(message?.message).toMatch(words);
      expect(world.slack.messages[0]).toMatch(words);
    }
    expect(message).toMatchObject({
      priority: 4,
      sequenceId: expect.stringMatching(/^holdfast-[0-9a-f]{16}$/),
    });

    await world.run('db-backup', []);
    await world.send();
    expect(world.titles).toEqual([failed]);
    world.pass(4 * hour);
    await world.send();
    expect(world.titles).toEqual([failed, `${failed}, still`]);
    world.pass(23 * hour);
    await world.send();
    expect(world.titles.slice(2)).toEqual([`${failed}, now worse`]);

    plugIn(world);
    expect((await world.run('db-backup', [])).exitCode).toBe(0);
    await world.send();
    await world.send();
    expect(world.titles.slice(3)).toEqual([well]);
    expect(world.headlines).toEqual(world.titles);
    expect(world.ntfy.cards).toHaveLength(1);
    expect(world.switch.pings.map(({ kind }) => kind)).toEqual(['success', '69', '69', 'success']);
    expect([...world.ntfy.violations, ...world.slack.violations]).toEqual([]);
    expect(world.filesWithSecrets()).toEqual([]);
    const rows = execFileSync(
      'sqlite3',
      [join(world.state, 'ops.db'), 'SELECT channel, outcome, checks FROM deliveries'],
      { encoding: 'utf8' },
    );
    expect(rows.trim().split('\n')).toEqual(
      Array(4).fill(['ntfy|delivered|db-backup', 'slack|delivered|db-backup']).flat(),
    );
  });

  test('and back before anyone could be told is one message, once', async () => {
    await using world = await AlertWorld.start();
    await world.ntfy.stop();
    await world.slack.stop();
    unplug(world);
    await world.run('db-backup', []);
    const cut = await world.send();
    expect(cut.exitCode).toBe(0);
    expect(cut.stderr).toMatch(/warning: ntfy: no answer from ntfy \(ECONNREFUSED\)/);
    plugIn(world);
    await world.run('db-backup', []);
    await world.send();
    await world.ntfy.start();
    await world.slack.start();
    await world.send();
    await world.send();
    expect([world.titles, world.headlines]).toEqual([[both], [both]]);
    expect(world.ntfy.messages[0]?.message).toMatch(/From 20.* to 20.*1 failed run/);
  });

  test('is not tried again at once where a channel failed', async () => {
    await using world = await AlertWorld.start();
    world.ntfy.fault({
      kind: 'answer',
      reply: failure(429, 42901, 'limit reached', { 'Retry-After': '300' }),
    });
    unplug(world);
    await world.run('db-backup', []);
    await world.run('alert-send', []);
    await world.run('alert-send', []);
    expect([world.titles, world.headlines]).toEqual([[], [failed]]);
    expect(world.ntfy.requests).toHaveLength(1);
    expect((await world.run('alert-send', ['list'])).stdout).toMatch(
      /ntfy +FAILING \(1 attempt\): ntfy asks to wait: HTTP 429 \(42901: limit reached\), next try in [45] min/,
    );
    world.pass(6 * 60_000);
    await world.run('alert-send', []);
    expect(world.titles).toEqual([failed]);
  });

  test('tells nothing that waits for the morning, and all of it then', async () => {
    const night = new Date(Date.now() - 2 * hour).toISOString().slice(11, 16);
    const morning = new Date(Date.now() + 2 * hour).toISOString().slice(11, 16);
    await using world = await AlertWorld.start({ alerts: `quiet = "${night}-${morning}"` });
    unplug(world);
    await world.run('db-backup', []);
    await world.run('restore', ['drill']);
    await world.send();
    expect(world.titles).toEqual([]);
    expect((await world.run('alert-send', ['list'])).stdout).toContain(
      `waits for the end of the quiet hours: ${failed}`,
    );
    world.configureAlerts();
    await world.send();
    expect(world.titles).toEqual([`${failed}, restore-drill of bookings failed`]);
    expect(world.ntfy.messages[0]).toMatchObject({ priority: 4, tags: ['newspaper', 'holdfast'] });
  });
});

test('bad news about data passes the quiet hours, at the highest priority', async () => {
  await using world = await AlertWorld.start({ alerts: 'quiet = "00:01-00:00"' });
  rmSync(world.database);
  makeBookings(world.database, { journalMode: 'delete', rows: 2 });
  expect((await world.run('db-backup', [])).exitCode).toBe(1);
  await world.send();
  expect(world.ntfy.messages).toMatchObject([
    {
      priority: 5,
      tags: ['rotating_light', 'holdfast'],
      message: expect.stringMatching(/^the backup \S+ is suspect: [^]*Next: db-backup list-backups/),
    },
  ]);
  expect(world.slack.messages[0]).toContain(':rotating_light: ');
});

describe('a channel that refuses', () => {
  test('for good leaves a dead letter, and the other one tells of it, until it works again', async () => {
    await using world = await AlertWorld.start();
    unplug(world);
    await world.run('db-backup', []);
    world.ntfy.fault({ kind: 'answer', reply: failure(403, 40301, 'forbidden') });
    const { exitCode, stdout } = await world.send();
    expect(exitCode).toBe(1);
    expect(stdout).toContain('ntfy: refused: ');
    expect(world.titles).toEqual([]);
    expect(world.headlines).toEqual([`${failed}, ntfy failed`]);
    expect(world.slack.messages[0]).toContain(
      'messages through ntfy do not arrive: ntfy refuses: HTTP 403 (40301: forbidden)',
    );
    const [letter = ''] = readdirSync(join(world.state, 'spool/dead'));
    expect(JSON.parse(readFileSync(join(world.state, 'spool/dead', letter), 'utf8'))).toMatchObject({
      channel: 'ntfy',
      title: expect.stringContaining(failed),
    });
    expect((await world.run('alert-send', ['list'])).stdout).toContain(
      `dead letter: ${letter}: ntfy refuses`,
    );

    expect((await world.send()).exitCode).toBe(0);
    plugIn(world);
    await world.run('db-backup', []);
    await world.send();
    expect(world.titles).toEqual([well]);
    expect(world.headlines.slice(1)).toEqual([`${well}, ntfy is well again`]);
    expect(world.filesWithSecrets()).toEqual([]);
  });

  test.each<[string, (world: AlertWorld) => void]>([
    ['answers with a login page', (world) => world.ntfy.fault({ kind: 'answer', reply: loginPage })],
    ['breaks off', (world) => world.ntfy.fault({ kind: 'drop' })],
    ['fails', (world) => world.ntfy.fault({ kind: 'answer', reply: failure(503, 50301, 'unavailable') })],
    ['has lost its topic', (world) => rmSync(join(world.home, 'topic'))],
  ])('for now, because it %s, gets it later', async (_, hinder) => {
    await using world = await AlertWorld.start();
    unplug(world);
    await world.run('db-backup', []);
    hinder(world);
    const { exitCode } = await world.send();
    expect(exitCode).toBe(0);
    expect(world.titles).toEqual([]);
    expect(world.headlines[0]).toMatch(/^db-backup of bookings failed(, ntfy failed)?$/);
    world.configureAlerts();
    await world.send();
    expect(world.titles).toEqual([failed]);
  });

  test('a message whose taking was not heard is said again, on the same card', async () => {
    await using world = await AlertWorld.start();
    unplug(world);
    await world.run('db-backup', []);
    world.ntfy.fault({ kind: 'lose-reply' });
    await world.send();
    await world.send();
    await world.send();
    expect(world.titles).toEqual([failed, failed]);
    expect(world.ntfy.cards).toHaveLength(1);
  });
});

describe('what a person can say', () => {
  test('ack, by id or name, silences reminders for as long as it says, and not the end', async () => {
    await using world = await AlertWorld.start({ alerts: 'escalate_hours = 100' });
    unplug(world);
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
    world.pass(7 * hour);
    await world.send();
    expect(world.titles).toEqual([failed]);
    world.pass(2 * hour);
    await world.send();
    expect(world.titles).toEqual([failed, `${failed}, still`]);
    expect((await world.run('alert-send', ['ack', 'db-backup'])).exitCode).toBe(0);
    plugIn(world);
    await world.run('db-backup', []);
    await world.send();
    expect(world.titles.at(-1)).toBe(well);
    expect((await world.run('alert-send', ['list'])).stdout).toMatch(/^nothing is wrong$/m);
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
      { ok: false, detail: 'no answer from Slack (ECONNREFUSED)' },
      {},
      {},
    ]);
    expect(world.tellsSecret(bad.stdout + bad.stderr + good.stdout)).toBe(false);
  });

  test('deliver --dry-run shows what would go out and changes nothing', async () => {
    await using world = await AlertWorld.start();
    unplug(world);
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
      const { exitCode, stderr } = await world.run('alert-send', args);
      expect(exitCode).toBe(78);
      expect(stderr).toContain('NTFY_TOPIC');
    }
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
      unplug(world);
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

test('a spool with a truncated record tells what it can, and that something could not be read', async () => {
  await using world = await AlertWorld.start();
  unplug(world);
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

test('a canary goes through each channel every week, without a sound', async () => {
  await using world = await AlertWorld.start();
  world.pass(7 * day);
  await world.send();
  await world.send();
  expect([world.titles, world.headlines]).toEqual([['alerts work'], ['alerts work']]);
  expect(world.ntfy.messages[0]?.priority).toBe(1);
});

test('two at once are one: the second one names the first', async () => {
  await using world = await AlertWorld.start();
  unplug(world);
  await world.run('db-backup', []);
  world.ntfy.fault({ kind: 'silence' });
  const first = world.send();
  while (world.ntfy.requests.length === 0) await new Promise(setImmediate);
  const second = await world.send();
  expect(second.exitCode).toBe(75);
  expect(second.stderr).toContain('alert-send deliver');
  const db = await world.run('db-backup', []);
  expect(db.exitCode).toBe(69);
  await first;
  expect(world.headlines).toEqual([failed]);
});

test('a state that is lost or damaged costs a repeated message at most', async () => {
  await using world = await AlertWorld.start();
  unplug(world);
  await world.run('db-backup', []);
  await world.send();
  writeFileSync(join(world.state, 'alerts/alerts.json'), '{"format": "holdf');
  rmSync(join(world.state, 'ops.db'));
  await world.run('db-backup', []);
  expect((await world.send()).exitCode).toBe(0);
  expect(world.titles).toEqual([failed, failed]);
  expect(world.ntfy.cards).toHaveLength(1);
});
