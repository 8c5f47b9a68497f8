// From a run that fails to the messages people get (A1-A3).
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { hour } from '../../support/alert-events.ts';
import { AlertWorld } from '../../support/alert-world.ts';
import { failure } from '../../stand-ins/ntfy/stand-in.ts';
import { loginPage } from '../../stand-ins/web-stand-in.ts';
import { makeBookings } from '../../support/world.ts';

const failed = 'db-backup of bookings failed';
const well = 'db-backup of bookings is well again';
const both = 'db-backup of bookings failed, and is well again';

describe('a store that is gone', () => {
  test('is told once on each channel, with all that a person needs, then after hours, and when it is over', async () => {
    await using world = await AlertWorld.start({ ping: true });
    world.unplug();
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
    world.clock.advance(4 * hour);
    await world.send();
    expect(world.titles).toEqual([failed, `${failed}, still`]);
    world.clock.advance(23 * hour);
    await world.send();
    expect(world.titles.slice(2)).toEqual([`${failed}, now worse`]);

    world.plugIn();
    expect((await world.run('db-backup', [])).exitCode).toBe(0);
    await world.send();
    await world.send();
    expect(world.titles.slice(3)).toEqual([well]);
    expect(world.headlines).toEqual(world.titles);
    expect(world.ntfy.cards).toHaveLength(1);
    expect(world.switch.pings.map(({ kind }) => kind)).toEqual(['success', '69', '69', 'success']);
    expect([...world.ntfy.violations, ...world.slack.violations]).toEqual([]);
    expect(world.filesWithSecrets()).toEqual([]);
    expect(deliveries(world)).toEqual(
      Array(4).fill(['ntfy|delivered|db-backup', 'slack|delivered|db-backup']).flat(),
    );
  });

  test('and back before anyone could be told is one message, once', async () => {
    await using world = await AlertWorld.start();
    await world.ntfy.stop();
    await world.slack.stop();
    world.unplug();
    await world.run('db-backup', []);
    const cut = await world.send();
    expect(cut.exitCode).toBe(0);
    expect(cut.stderr).toMatch(/warning: ntfy: no answer from ntfy \(ECONNREFUSED 127\.0\.0\.1:\d+\)/);
    world.plugIn();
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
    world.unplug();
    await world.run('db-backup', []);
    await world.run('alert-send', []);
    await world.run('alert-send', []);
    expect([world.titles, world.headlines]).toEqual([[], [failed]]);
    expect(world.ntfy.requests).toHaveLength(1);
    expect((await world.run('alert-send', ['list'])).stdout).toMatch(
      /ntfy +FAILING \(1 attempt\): ntfy asks to wait: HTTP 429 \(42901: limit reached\), next try in 3 min/,
    );
    world.clock.advance(6 * 60_000);
    await world.run('alert-send', []);
    expect(world.titles).toEqual([failed]);
  });

  test('tells nothing that waits for the morning, and all of it then', async () => {
    await using world = await AlertWorld.start({ alerts: 'quiet = "22:00-06:00"' });
    world.unplug();
    await world.run('db-backup', []);
    await world.run('restore', ['drill']);
    await world.send();
    expect(world.titles).toEqual([]);
    expect((await world.run('alert-send', ['list'])).stdout).toContain(
      `waits for the end of the quiet hours at 06:00: ${failed}`,
    );
    world.clock.advance(4 * hour);
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
  const token = (world: AlertWorld) =>
    writeFileSync(join(world.home, 'token'), 'tk_ofAnotherSystem\n', { mode: 0o600 });
  test.each<[string, RegExp, (world: AlertWorld) => void, (world: AlertWorld) => void]>([
    ['a wrong token', /HTTP 401.*ntfy-token/, token, (world) => world.configureAlerts()],
    [
      'a topic that is not for it',
      /HTTP 403.*ntfy-token/,
      (world) => writeFileSync(join(world.home, 'topic'), 'another\n', { mode: 0o600 }),
      (world) => world.configureAlerts(),
    ],
  ])(
    'for %s keeps the news, says how to mend it, and sends it as soon as it is mended',
    async (_, why, spoil, mend) => {
      await using world = await AlertWorld.start();
      world.unplug();
      await world.run('db-backup', []);
      spoil(world);
      const { exitCode, stdout, stderr } = await world.run('alert-send', []);
      expect(exitCode).toBe(1);
      expect((stdout + stderr).replaceAll('\n', ' ')).toMatch(why);
      expect(world.headlines).toEqual([`${failed}, ntfy failed`]);
      expect(world.slack.messages[0]?.replaceAll('\n', ' ')).toMatch(why);
      expect(existsSync(join(world.state, 'spool/dead'))).toBe(false);
      const asked = world.ntfy.requests.length;
      await world.run('alert-send', []);
      expect(world.ntfy.requests).toHaveLength(asked);
      mend(world);
      await world.run('alert-send', []);
      expect(world.titles).toEqual([failed]);
      expect(world.headlines.slice(1)).toEqual(['ntfy is well again']);
      expect(world.filesWithSecrets()).toEqual([]);
    },
  );

  test.each([
    [403, 'action_prohibited'],
    [404, 'no_service'],
    [410, 'channel_is_archived'],
    [400, 'invalid_token'],
  ])(
    'as Slack does with %i %s gets it when the other end is mended, within half an hour',
    async (status, body) => {
      await using world = await AlertWorld.start();
      world.unplug();
      await world.run('db-backup', []);
      world.slack.fault({ kind: 'answer', reply: { status, body } });
      await world.run('alert-send', []);
      await world.run('alert-send', []);
      expect([world.headlines, world.titles]).toEqual([[], [failed, 'slack failed']]);
      expect(world.ntfy.messages[1]?.message).toMatch(/^Hint: make a new webhook/m);
      world.clock.advance(30 * 60_000);
      await world.run('alert-send', []);
      expect(world.headlines).toEqual([failed]);
    },
  );

  test("the dead-man's switch for a check that it does not know is told later, and the others meanwhile", async () => {
    await using world = await AlertWorld.start({ ping: true });
    world.configureAlerts({ ping: true, pinged: ['db-backup-upload', 'db-backup'] });
    await world.run('db-backup', ['upload']);
    await world.run('db-backup', []);
    world.switch.pings.length = 0;
    await world.run('alert-send', []);
    expect(world.switch.pings.map(({ check }) => check)).toEqual(['db-backup']);
    expect(world.titles).toEqual(['ping failed']);
    world.switch.slugs.add('db-backup-upload');
    world.clock.advance(30 * 60_000);
    await world.run('alert-send', []);
    expect(world.switch.pings.map(({ check }) => check)).toEqual(['db-backup', 'db-backup-upload']);
    expect(world.titles).toEqual(['ping failed', 'ping is well again']);
  });

  test('a message for good leaves a dead letter, and the other one tells of it, until it works again', async () => {
    await using world = await AlertWorld.start();
    world.unplug();
    await world.run('db-backup', []);
    world.ntfy.fault({ kind: 'answer', reply: failure(413, 41303, 'too large') });
    const { exitCode, stdout } = await world.send();
    expect(exitCode).toBe(1);
    expect(stdout).toContain('ntfy: refused: ');
    expect(world.titles).toEqual([]);
    expect(world.headlines).toEqual([`${failed}, ntfy failed`]);
    expect(world.slack.messages[0]).toContain(
      'messages through ntfy do not arrive: ntfy refuses: HTTP 413 (41303: too large)',
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
    world.plugIn();
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
  ])('for now, because it %s, gets it later', async (_, hinder) => {
    await using world = await AlertWorld.start();
    world.unplug();
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

  test('for now, because its topic is gone, gets it later, and says so until then', async () => {
    await using world = await AlertWorld.start();
    world.unplug();
    await world.run('db-backup', []);
    rmSync(join(world.home, 'topic'));
    expect((await world.run('alert-send', [])).exitCode).toBe(1);
    expect(world.headlines).toEqual([`${failed}, ntfy failed`]);
    world.configureAlerts();
    await world.run('alert-send', []);
    expect(world.titles).toEqual([failed]);
  });

  test('a message whose taking was not heard is said again, on the same card', async () => {
    await using world = await AlertWorld.start();
    world.unplug();
    await world.run('db-backup', []);
    world.ntfy.fault({ kind: 'lose-reply' });
    await world.send();
    await world.send();
    await world.send();
    expect(world.titles).toEqual([failed, failed]);
    expect(world.ntfy.cards).toHaveLength(1);
  });
});

/** What the history says of each message: its channel, how it went, and of which checks it told. */
function deliveries(world: AlertWorld): unknown[] {
  const database = new Database(join(world.state, 'ops.db'), { readonly: true });
  try {
    return database
      .prepare("SELECT channel || '|' || outcome || '|' || checks FROM deliveries")
      .pluck()
      .all();
  } finally {
    database.close();
  }
}
