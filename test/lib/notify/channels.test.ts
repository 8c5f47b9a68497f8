// ntfy and Slack against stand-ins as strict as they are: what goes out, and what every kind of answer means (A3).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { DeliveryFailure, type Message } from '../../../lib/notify/channel.ts';
import { createDesktop } from '../../../lib/notify/desktop.ts';
import { createNtfy } from '../../../lib/notify/ntfy.ts';
import { createSlack } from '../../../lib/notify/slack.ts';
import { failure, NtfyStandIn } from '../../stand-ins/ntfy/stand-in.ts';
import { SlackStandIn } from '../../stand-ins/slack/stand-in.ts';
import { loginPage, type WebFault } from '../../stand-ins/web-stand-in.ts';
import { scratch } from '../../support/scratch.ts';

const token = 'tk_nobodyMayKnow12345';
const message: Message = {
  title: 'pi: db-backup of ctv failed',
  body: 'the store is gone\nNext: db-backup test',
  priority: 4,
  tags: ['warning', 'holdfast'],
  link: undefined,
  sequence: 'holdfast-43b6d1c91f7f42b3',
};
const { signal } = new AbortController();

async function ntfyWorld(options: { token?: string; wrongToken?: string; topic?: string } = {}) {
  const service = await NtfyStandIn.start(options.token === undefined ? {} : { token: options.token });
  const channel = createNtfy({
    server: service.url,
    readTopic: () => options.topic ?? service.topic,
    readToken: () => options.wrongToken ?? options.token,
  });
  return {
    service,
    send: (more: Partial<Message> = {}) => channel.send({ ...message, ...more }, signal),
    [Symbol.asyncDispose]: () => service.stop(),
  };
}

async function slackWorld(path?: string) {
  const service = await SlackStandIn.start();
  const channel = createSlack({
    readWebhookUrl: () => (path === undefined ? service.webhook : `${service.url}${path}`),
  });
  return {
    service,
    send: (more: Partial<Message> = {}) => channel.send({ ...message, ...more }, signal),
    [Symbol.asyncDispose]: () => service.stop(),
  };
}

async function failureOf(sending: Promise<void>): Promise<DeliveryFailure> {
  const error = await sending.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof DeliveryFailure)) throw new Error(`it was no DeliveryFailure: ${String(error)}`);
  return error;
}

const hardTexts: [string, string][] = [
  ['an emoji and an em dash', 'owl 🦉 — 終'],
  ['line breaks', 'one\r\ntwo\nthree\u2028four\u0000five'],
  ['10 kB', 'x'.repeat(10_240)],
  ['10 kB of emoji', '🦉'.repeat(2560)],
  ['10 kB of quotes', '"\\'.repeat(5120)],
  ['half a character', 'a\ud83e'],
  ['commands of Slack', '<!channel> & <http://x|y> </b>'],
  ['nothing', ''],
];

describe('ntfy', () => {
  test('gets title, text, priority, tags and a sequence id, with the token in a header', async () => {
    await using world = await ntfyWorld({ token });
    await world.send({ link: 'https://pi.example/ops/' });
    expect(world.service.messages).toEqual([
      {
        topic: world.service.topic,
        title: message.title,
        message: message.body,
        priority: 4,
        tags: ['warning', 'holdfast'],
        click: 'https://pi.example/ops/',
        actions: [{ action: 'view', label: 'Look', url: 'https://pi.example/ops/', clear: false }],
        sequenceId: message.sequence,
      },
    ]);
    expect(world.service.requests[0]?.url.pathname).toBe('/');
    expect(world.service.requests[0]?.body).not.toContain(token);
    await world.send({ title: 'pi: db-backup of ctv is well again' });
    expect(world.service.cards).toHaveLength(1);
  });

  test.each(hardTexts)('takes a title and a text with %s', async (_, text) => {
    await using world = await ntfyWorld();
    await world.send({ title: text, body: text });
    expect(world.service.violations).toEqual([]);
    const [got] = world.service.messages;
    expect(got?.title).not.toMatch(/[\n\r]/);
    expect(Buffer.byteLength(got?.message ?? '')).toBeLessThanOrEqual(4096);
    if (text !== '') expect(got?.message.slice(0, 2)).toBe(text.slice(0, 2).toWellFormed());
  });

  test.each<[string, WebFault, Partial<DeliveryFailure>]>([
    [
      '429',
      { kind: 'answer', reply: failure(429, 42901, 'limit reached: too many requests') },
      { permanent: false, retryAfterMs: undefined },
    ],
    [
      '429 with a time',
      { kind: 'answer', reply: failure(429, 42901, 'limit reached', { 'Retry-After': '120' }) },
      { permanent: false, retryAfterMs: 120_000 },
    ],
    [
      '429 with a date',
      {
        kind: 'answer',
        reply: failure(429, 42901, 'limit reached', {
          Date: 'Fri, 20 Nov 2026 02:00:00 GMT',
          'Retry-After': 'Fri, 20 Nov 2026 02:05:00 GMT',
        }),
      },
      { permanent: false, retryAfterMs: 300_000 },
    ],
    [
      'the quota of the day',
      { kind: 'answer', reply: failure(429, 42908, 'limit reached: daily message quota reached') },
      { permanent: false, retryAfterMs: 3_600_000 },
    ],
    ['500', { kind: 'answer', reply: failure(500, 50001, 'internal server error') }, { permanent: false }],
    [
      '502 of a proxy',
      { kind: 'answer', reply: { status: 502, body: '<html>Bad Gateway</html>' } },
      { permanent: false },
    ],
    [
      '507',
      {
        kind: 'answer',
        reply: failure(
          507,
          50701,
          'cannot publish to UnifiedPush topic without previously active subscriber',
        ),
      },
      { permanent: false },
    ],
    ['401', { kind: 'answer', reply: failure(401, 40101, 'unauthorized') }, { permanent: true }],
    ['403', { kind: 'answer', reply: failure(403, 40301, 'forbidden') }, { permanent: true }],
    ['413', { kind: 'answer', reply: failure(413, 41303, 'JSON body too large') }, { permanent: true }],
    ['413 of a proxy', { kind: 'answer', reply: { status: 413, body: '<html>' } }, { permanent: true }],
    ['a login page', { kind: 'answer', reply: loginPage }, { permanent: false }],
    [
      'a login page that says 404',
      { kind: 'answer', reply: { ...loginPage, status: 404 } },
      { permanent: false },
    ],
    [
      'a redirect',
      { kind: 'answer', reply: { status: 302, body: '', headers: { Location: 'https://login.example/' } } },
      { permanent: false },
    ],
    ['200 without a word', { kind: 'answer', reply: { status: 200, body: '' } }, { permanent: false }],
    [
      '200 with JSON of somebody else',
      { kind: 'answer', reply: { status: 200, body: '{"ok":true}' } },
      { permanent: false },
    ],
    [
      '200 without an end',
      { kind: 'answer', reply: { status: 200, body: 'x'.repeat(200_000) } },
      { permanent: false },
    ],
    ['a connection that ends', { kind: 'drop' }, { permanent: false }],
    ['a reply that is lost', { kind: 'lose-reply' }, { permanent: false }],
  ])('answering %s', async (_, fault, expected) => {
    await using world = await ntfyWorld();
    world.service.fault(fault);
    const error = await failureOf(world.send());
    expect(error).toMatchObject(expected);
    expect(error.message).not.toContain(world.service.topic);
  });

  test('that sends us on to another server does not carry topic and token there', async () => {
    await using world = await ntfyWorld();
    await using other = await ntfyWorld();
    world.service.fault({
      kind: 'answer',
      reply: { status: 307, body: '', headers: { Location: `${other.service.url}/` } },
    });
    expect((await failureOf(world.send())).message).toBe(
      'this is not ntfy answering: HTTP 307, a redirect to another page',
    );
    expect(other.service.requests).toEqual([]);
  });

  test('without an end is read to a limit', async () => {
    await using world = await ntfyWorld();
    world.service.fault({ kind: 'answer', reply: { status: 200, body: 'x'.repeat(200_000) } });
    expect((await failureOf(world.send())).message).toBe(
      'this is not ntfy answering: a reply of more than 65536 bytes',
    );
  });

  test('that echoes a secret has it struck out', async () => {
    await using world = await ntfyWorld({ token });
    world.service.fault({
      kind: 'answer',
      reply: failure(403, 40301, `${world.service.topic} is not for ${token}`),
    });
    expect((await failureOf(world.send())).message).toBe(
      'ntfy refuses: HTTP 403 (40301: *** is not for ***)',
    );
  });

  test('with a wrong token, and without one, refuses', async () => {
    await using wrong = await ntfyWorld({ token, wrongToken: 'tk_other' });
    expect(await failureOf(wrong.send())).toMatchObject({ permanent: true });
  });

  test('that is not there is tried again, and its name is told', async () => {
    const world = await ntfyWorld();
    await world.service.stop();
    expect((await failureOf(world.send())).message).toMatch(
      /^no answer from ntfy \(ECONNREFUSED 127\.0\.0\.1:\d+\)$/,
    );
  });

  test.each([
    ['ftp://ntfy.sh', 'topic'],
    ['https://ntfy.sh/topic', 'topic'],
    ['https://user:pass@ntfy.sh', 'topic'],
    ['ntfy.sh', 'topic'],
    ['https://ntfy.sh', 'https://ntfy.sh/x'],
    ['https://ntfy.sh', undefined],
  ])(
    'at %s with the topic %s is a mistake in the configuration, told without the topic',
    async (server, topic) => {
      const channel = createNtfy({ server, readTopic: () => topic, readToken: () => undefined });
      const error = await channel.send(message, signal).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(OpsError);
      expect(error).toMatchObject({ kind: 'config', hint: expect.any(String) });
      expect((error as OpsError).message).not.toContain('https://ntfy.sh/');
    },
  );
});

describe('Slack', () => {
  test('gets one text, with its own signs escaped', async () => {
    await using world = await slackWorld();
    await world.send({ title: 'pi: <!channel> & co', link: 'https://pi.example/ops/?a=1&b=2' });
    expect(world.service.messages).toEqual([
      ':warning: *pi: &lt;!channel&gt; &amp; co*\nthe store is gone\nNext: db-backup test\n<https://pi.example/ops/?a=1&b=2|Look>',
    ]);
    expect(world.service.violations).toEqual([]);
  });

  test.each(hardTexts)('takes a title and a text with %s', async (_, text) => {
    await using world = await slackWorld();
    await world.send({ title: text, body: text });
    expect(world.service.violations).toEqual([]);
    expect(world.service.messages[0]?.length).toBeLessThanOrEqual(3000);
  });

  test.each<[string, WebFault, Partial<DeliveryFailure>]>([
    [
      '403',
      { kind: 'answer', reply: { status: 403, body: 'action_prohibited' } },
      { permanent: true, message: 'Slack refuses: HTTP 403 (action_prohibited)' },
    ],
    ['404', { kind: 'answer', reply: { status: 404, body: 'channel_not_found' } }, { permanent: true }],
    ['410', { kind: 'answer', reply: { status: 410, body: 'channel_is_archived' } }, { permanent: true }],
    ['400', { kind: 'answer', reply: { status: 400, body: 'invalid_payload' } }, { permanent: true }],
    ['500', { kind: 'answer', reply: { status: 500, body: 'rollup_error' } }, { permanent: false }],
    [
      '429',
      { kind: 'answer', reply: { status: 429, body: 'rate_limited', headers: { 'Retry-After': '30' } } },
      { permanent: false, retryAfterMs: 30_000 },
    ],
    ['200 without ok', { kind: 'answer', reply: { status: 200, body: 'fine' } }, { permanent: false }],
    ['a login page', { kind: 'answer', reply: loginPage }, { permanent: false }],
    ['a connection that ends', { kind: 'drop' }, { permanent: false }],
  ])('answering %s', async (_, fault, expected) => {
    await using world = await slackWorld();
    world.service.fault(fault);
    const error = await failureOf(world.send());
    expect(error).toMatchObject(expected);
    expect(error.message).not.toContain('notForOtherEyes4711');
  });

  test('knows a webhook that was removed', async () => {
    await using world = await slackWorld('/services/T0HOLDFAST/B0HOLDFAST/another');
    expect(await failureOf(world.send())).toMatchObject({
      permanent: true,
      message: 'Slack refuses: HTTP 404 (no_service)',
    });
  });

  test.each(['http://hooks.slack.com/services/secretsecret', 'secretsecret', undefined])(
    'at %s is a mistake in the configuration',
    async (webhook) => {
      const error = await createSlack({ readWebhookUrl: () => webhook })
        .send(message, signal)
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: 'config' });
      expect((error as Error).message).not.toContain('secretsecret');
    },
  );
});

test('a service that says nothing is given up after ten seconds, and at once when the run is stopped', async () => {
  const time = new AbortController(); // which is up when the test says so
  const limits = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(time.signal);
  onTestFinished(() => limits.mockRestore());
  await using ntfy = await ntfyWorld();
  await using slack = await slackWorld();
  for (const { service } of [ntfy, slack]) service.fault({ kind: 'silence' });
  const waits = Promise.all([failureOf(ntfy.send()), failureOf(slack.send())]);
  const stop = new AbortController();
  await using other = await ntfyWorld();
  other.service.fault({ kind: 'silence' });
  const stopped = createNtfy({
    server: other.service.url,
    readTopic: () => 'x',
    readToken: () => undefined,
  }).send(message, stop.signal);
  stop.abort(new Error('told to stop'));
  await expect(stopped).rejects.toThrow('told to stop');
  await vi.waitFor(() => expect([ntfy, slack].map(({ service }) => service.requests.length)).toEqual([1, 1]));
  time.abort();
  expect(limits.mock.calls).toEqual([[10_000], [10_000], [10_000]]);
  expect((await waits).map((error) => [error.message, error.permanent])).toEqual([
    ['no answer from ntfy within 10 s', false],
    ['no answer from Slack within 10 s', false],
  ]);
});

describe('the desktop', () => {
  test('is left alone where there is no session', async () => {
    const channel = createDesktop({ isThere: false }, () => Promise.reject(new Error('it was loaded')));
    expect((await failureOf(channel.send(message, signal))).message).toBe('there is no desktop session here');
    expect(channel.counts).toBe(false);
  });

  test('shows a message, and says when it could not', async () => {
    const shown: unknown[] = [];
    const notifier = (error: Error | null) =>
      createDesktop({ isThere: true }, async () => ({
        notify: (notification, callback) => {
          shown.push(notification);
          void delay(0).then(() => callback(error));
        },
      }));
    await notifier(null).send(message, signal);
    expect(shown).toEqual([{ title: message.title, message: message.body }]);
    expect(
      (await failureOf(notifier(new Error('not found: notify-send')).send(message, signal))).message,
    ).toContain('not found: notify-send');
  });

  test.each([
    ['exit 0', undefined],
    ['echo "Gtk-WARNING: cannot open display" >&2', undefined],
    ['echo a; echo "The name was not provided by any .service files" >&2; exit 1', 'not provided by any'],
    [undefined, 'notify-send is not installed; its package is libnotify-bin'],
  ])('through the real package: where notify-send does %j', async (program, problem) => {
    const folder = scratch();
    const said = join(folder, 'said');
    const script = `#!/bin/sh\nprintf '%s|' "$1" "$2" > ${said}\n${program}\n`;
    if (program !== undefined) writeFileSync(join(folder, 'notify-send'), script, { mode: 0o755 });
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      const told = { ...message, body: `it's "$(: > ${folder}/made)"` };
      const ended = await createDesktop({ isThere: true })
        .send(told, signal)
        .catch((error: unknown) => error);
      if (problem === undefined) expect(ended).toBeUndefined();
      else expect((ended as Error).message).toMatch(new RegExp(`^the desktop shows nothing: .*${problem}`));
      if (program !== undefined) expect(readFileSync(said, 'utf8')).toBe(`${message.title}|${told.body}|`);
    } finally {
      process.env.PATH = path;
    }
    expect(readdirSync(folder)).not.toContain('made');
  });
});
