// What is made of all units together; the states of one, as systemd tells them, are in test/lib/probe/units.
import { expect, test } from 'vitest';
import { unitsCheck } from '../../../lib/health/units.ts';
import { judged } from '../../support/judged.ts';

const names = (count: number) => Array.from({ length: count }, (_, index) => `u${index}.service`);

test.each([
  [0, {}, 'ok', 'no other unit has failed'],
  [1, {}, 'warning', '1 other unit has failed: u0.service'],
  [2, {}, 'warning', '2 other units have failed: u0.service, u1.service'],
  [
    7,
    {},
    'warning',
    '7 other units have failed: u0.service, u1.service, u2.service, u3.service, u4.service, …',
  ],
  [3, { warning: 3, critical: 4 }, 'warning', '3 other units'],
  [2, { warning: 3, critical: 4 }, 'ok', '2 other units'],
  [4, { warning: 3, critical: 4 }, 'critical', '4 other units'],
])('%i that failed, with limits %j', (count, limits, verdict, message) => {
  const view = Object.keys(limits).length === 0 ? {} : { limits };
  const judgement = judged(unitsCheck, { kind: 'others', failed: names(count) }, view);
  expect(judgement).toMatchObject({ verdict, value: count });
  expect(judgement.message).toContain(message);
});
