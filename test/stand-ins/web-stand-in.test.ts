// What all small web services have in common: requests are remembered, faults hit once each, and the port stays.
import { expect, onTestFinished, test } from 'vitest';
import { loginPage, type WebReply, type WebRequest, WebStandIn } from './web-stand-in.ts';

class Echo extends WebStandIn {
  readonly done: string[] = [];

  protected answer({ body }: WebRequest): WebReply {
    this.done.push(body);
    return { status: 200, body };
  }
}

async function started(): Promise<Echo> {
  const echo = await new Echo().start();
  onTestFinished(() => echo.stop());
  return echo;
}

const say = ({ url }: Echo, body: string) => fetch(`${url}/there?a=1`, { method: 'POST', body });

test('requests are answered and remembered', async () => {
  const echo = await started();
  expect(await (await say(echo, 'hello')).text()).toBe('hello');
  expect(echo.requests).toMatchObject([{ method: 'POST', body: 'hello' }]);
  expect(echo.requests[0]?.url.pathname).toBe('/there');
});

test('an answer of somebody else: nothing is done', async () => {
  const echo = await started();
  echo.fault({ kind: 'answer', reply: loginPage });
  expect((await say(echo, 'lost')).headers.get('content-type')).toBe('text/html');
  expect(echo.done).toEqual([]);
  expect(await (await say(echo, 'again')).text()).toBe('again');
});

test('a dropped connection does nothing, a lost reply did everything', async () => {
  const echo = await started();
  echo.fault({ kind: 'drop' }, { kind: 'lose-reply' });
  await expect(say(echo, 'dropped')).rejects.toThrow();
  await expect(say(echo, 'done')).rejects.toThrow();
  expect(echo.done).toEqual(['done']);
  expect(echo.waitingFaults).toBe(0);
});

test('silence lasts until the service is stopped, which comes back at its port', async () => {
  const echo = await started();
  echo.fault({ kind: 'silence' });
  const { url } = echo;
  const silence = expect(say(echo, 'nobody')).rejects.toThrow();
  await new Promise<void>((arrived) => {
    const look = () => (echo.requests.length > 0 ? arrived() : setImmediate(look));
    look();
  });
  await echo.stop();
  await silence;
  await echo.start();
  expect(echo.url).toBe(url);
  expect(await (await say(echo, 'back')).text()).toBe('back');
});

test('until: returns when an answer made it so', async () => {
  const echo = await started();
  const twice = echo.until(() => echo.done.length === 2);
  await say(echo, 'one');
  await say(echo, 'two');
  await twice;
  expect(echo.done).toEqual(['one', 'two']);
});
