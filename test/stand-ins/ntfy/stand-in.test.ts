// The ntfy stand-in is as strict as the server, and tells of what the server would let pass.
import { describe, expect, onTestFinished, test } from 'vitest';
import { NtfyStandIn, type NtfyOptions } from './stand-in.ts';

async function started(options: NtfyOptions = {}): Promise<NtfyStandIn> {
  const ntfy = await NtfyStandIn.start(options);
  onTestFinished(() => ntfy.stop());
  return ntfy;
}

async function publish({ url, topic }: NtfyStandIn, message: object, headers: Record<string, string> = {}) {
  const body = JSON.stringify({ topic, ...message });
  const reply = await fetch(url, { method: 'POST', body, headers });
  return { status: reply.status, ...((await reply.json()) as { code?: number; id?: string }) };
}

describe('a message', () => {
  test('is taken, with an id', async () => {
    const ntfy = await started();
    const reply = await publish(ntfy, { title: 'T', message: 'M', tags: ['warning'], priority: 4 });
    expect(reply).toMatchObject({ status: 200, id: expect.stringMatching(/^m\d+$/) });
    expect(ntfy.messages).toMatchObject([{ title: 'T', message: 'M', tags: ['warning'], priority: 4 }]);
    expect(ntfy.violations).toEqual([]);
  });

  test('with the sequence id of another takes its place on the phone', async () => {
    const ntfy = await started();
    for (const message of ['first', 'second']) await publish(ntfy, { message, sequence_id: 'one' });
    await publish(ntfy, { message: 'alone' });
    expect(ntfy.cards.map(({ message }) => message)).toEqual(['second', 'alone']);
  });

  for (const [what, message, status, code] of [
    ['a topic with a slash', { topic: 'a/b' }, 400, 40009],
    ['a priority of 6', { priority: 6 }, 400, 40007],
    ['tags that are no texts', { tags: [1] }, 400, 40024],
    ['more than 4096 bytes', { message: 'é'.repeat(2049) }, 400, 40014],
    ['more than a body may hold', { message: 'x'.repeat(9000) }, 413, 41303],
    [
      'a fourth action',
      { actions: Array(4).fill({ action: 'view', label: 'a', url: 'http://a' }) },
      400,
      40018,
    ],
    ['a sequence id with a space', { sequence_id: 'a b' }, 400, 40049],
  ] as const) {
    test(`with ${what} is refused`, async () => {
      const ntfy = await started();
      expect(await publish(ntfy, message)).toMatchObject({ status, code });
      expect(ntfy.messages).toEqual([]);
    });
  }

  test('with an unknown field, or a title of two lines, is taken and told', async () => {
    const ntfy = await started();
    expect(await publish(ntfy, { message: 'M', titel: 'T', title: 'a\nb' })).toMatchObject({ status: 200 });
    expect(ntfy.violations).toEqual(['unknown field titel', 'a title of several lines']);
  });
});

test('a reserved topic wants its token', async () => {
  const ntfy = await started({ token: 'tk_right' });
  const by = (authorization?: string) =>
    publish(ntfy, { message: 'M' }, authorization === undefined ? {} : { authorization });
  expect(await by()).toMatchObject({ status: 403, code: 40301 });
  expect(await by('Bearer tk_wrong')).toMatchObject({ status: 401, code: 40101 });
  expect(await by('Bearer tk_right')).toMatchObject({ status: 200 });
  expect(ntfy.messages).toHaveLength(1);
});
