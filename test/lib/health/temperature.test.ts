import { expect, test } from 'vitest';
import { temperatureCheck } from '../../../lib/health/temperature.ts';
import { judged } from '../../support/judged.ts';

test.each([
  [{ celsius: 48.25, stuckFans: 0 }, 'ok', '48.3 °C'],
  [{ celsius: 74.9, stuckFans: 0 }, 'ok', '74.9 °C'],
  [{ celsius: 75, stuckFans: 0 }, 'warning', '75 °C'],
  [{ celsius: 81.9, stuckFans: 0 }, 'warning', '81.9 °C'],
  [{ celsius: 82, stuckFans: 0 }, 'critical', '82 °C'],
  [{ celsius: -10, stuckFans: 0 }, 'ok', '-10 °C'],
  [{ celsius: 60, stuckFans: 1 }, 'warning', '60 °C, and a fan stands still'],
  [{ celsius: 84, stuckFans: 1 }, 'critical', '84 °C, and a fan stands still'],
])('%j is %s', (facts, verdict, message) => {
  const judgement = judged(temperatureCheck, facts, { subject: 'cpu-thermal' });
  expect(judgement).toMatchObject({ verdict, value: Math.round(facts.celsius * 10) / 10 });
  expect(judgement.message).toContain(message);
});
