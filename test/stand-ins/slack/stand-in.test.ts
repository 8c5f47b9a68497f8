// The Slack stand-in refuses in Slack's words, and tells of text that Slack would show as something else.
import { expect, onTestFinished, test } from 'vitest';
import { SlackStandIn } from './stand-in.ts';

async function started(): Promise<SlackStandIn> {
  const slack = await SlackStandIn.start();
  onTestFinished(() => slack.stop());
  return slack;
}

async function post(url: string, body: string, type = 'application/json') {
  const reply = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
  return [reply.status, await reply.text()];
}

const saying = (text: unknown) => JSON.stringify({ text });

test('a text is taken as it was sent', async () => {
  const slack = await started();
  const text = 'a &amp; b, <https://example.org|there>';
  expect(await post(slack.webhook, saying(text))).toEqual([200, 'ok']);
  expect(slack.messages).toEqual([text]);
  expect(slack.violations).toEqual([]);
});

for (const [what, body, says] of [
  ['no text', saying(''), 'no_text'],
  ['a number', saying(7), 'invalid_payload'],
  ['no JSON', 'text', 'invalid_payload'],
  ['more than 40,000 signs', saying('x'.repeat(40_001)), 'msg_too_long'],
] as const) {
  test(`${what}: ${says}`, async () => {
    const slack = await started();
    expect(await post(slack.webhook, body)).toEqual([400, says]);
    expect(slack.messages).toEqual([]);
  });
}

test('another address, and another kind of body', async () => {
  const slack = await started();
  expect(await post(`${slack.webhook}x`, saying('M'))).toEqual([404, 'no_service']);
  expect(await post(`${slack.url}/services/T0OTHER/B/x`, saying('M'))).toEqual([404, 'no_team']);
  expect(await post(slack.webhook, saying('M'), 'text/plain')).toEqual([400, 'invalid_payload']);
});

test('a sign that is not escaped is told', async () => {
  const slack = await started();
  expect(await post(slack.webhook, saying('1 < 2'))).toEqual([200, 'ok']);
  expect(slack.violations).toEqual(['a sign that is not escaped']);
});
