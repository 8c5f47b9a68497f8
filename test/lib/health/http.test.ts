// When an endpoint answers well.
import { expect, test } from 'vitest';
import type { Limits } from '../../../lib/health/check.ts';
import { httpCheck } from '../../../lib/health/http.ts';
import { judged } from './judged.ts';

const address = 'http://127.0.0.1:8000/health';

test.each<[latencyMs: number, own: Limits, all: Limits, verdict: string]>([
  [0, {}, {}, 'ok'],
  [2999, {}, {}, 'ok'],
  [3000, {}, {}, 'warning'],
  [60_000, {}, {}, 'warning'],
  [500, {}, { warning: 500 }, 'warning'],
  [500, { warning: 501 }, { warning: 500 }, 'ok'],
  [500, { critical: 500 }, {}, 'critical'],
  [499, { critical: 500 }, {}, 'ok'],
])('after %d ms, with %j of its own and %j for all: %s', (latencyMs, own, all, verdict) =>
  expect(
    judged(httpCheck, { address, answer: { status: 200, latencyMs }, limits: own }, { limits: all }),
  ).toMatchObject({ verdict, value: latencyMs }),
);

test('what does not answer is critical, with the command that shows it', () =>
  expect(
    judged(httpCheck, { address, answer: { wrong: 'refuses the connection' }, limits: {} }),
  ).toMatchObject({
    verdict: 'critical',
    message: `${address} refuses the connection`,
    hint: `curl -v ${address}`,
  }));
