import { expect, test } from 'vitest';
import { throttlingCheck } from '../../../lib/health/throttling.ts';
import { judged } from '../../support/judged.ts';

test.each([
  ['nothing at all', { bits: 0, isUnderVoltage: false, newBits: 0 }, 'ok', 'runs as fast as it can'],
  [
    'the sensor of the kernel alone',
    { bits: undefined, isUnderVoltage: false, newBits: 0 },
    'ok',
    'the voltage is high enough',
  ],
  [
    'what was told before',
    { bits: 0x50000, isUnderVoltage: false, newBits: 0 },
    'ok',
    'as was told before: not since',
  ],
  [
    'too little voltage, says the kernel',
    { bits: undefined, isUnderVoltage: true, newBits: 0 },
    'critical',
    'the voltage is too low',
  ],
  [
    'too little voltage, says the firmware',
    { bits: 0x50001, isUnderVoltage: undefined, newBits: 0 },
    'critical',
    'the voltage is too low',
  ],
  [
    'too little voltage, which slows it down',
    { bits: 0x50005, isUnderVoltage: true, newBits: 5 },
    'critical',
    'the voltage is too low, the processor is throttled',
  ],
  [
    'a slower processor',
    { bits: 0x20002, isUnderVoltage: false, newBits: 2 },
    'warning',
    'the processor runs slower than it could',
  ],
  [
    'a throttled processor',
    { bits: 0x40004, isUnderVoltage: false, newBits: 0 },
    'warning',
    'the processor is throttled',
  ],
  [
    'the soft limit',
    { bits: 0x80008, isUnderVoltage: false, newBits: 8 },
    'warning',
    'the soft limit of the temperature is reached',
  ],
  [
    'what came and went between two looks',
    { bits: 0x10000, isUnderVoltage: false, newBits: 1 },
    'warning',
    'within the last hour: the voltage was too low',
  ],
  [
    'two such',
    { bits: 0x50000, isUnderVoltage: false, newBits: 5 },
    'warning',
    'the voltage was too low, the processor was throttled',
  ],
])('%s', (_, facts, verdict, message) => {
  const judgement = judged(throttlingCheck, facts);
  expect(judgement).toMatchObject({ verdict });
  expect(judgement.message).toContain(message);
});

test('who has too little power is told of the supply, who is too hot is not', () => {
  expect(judged(throttlingCheck, { bits: 0x10000, isUnderVoltage: false, newBits: 1 }).hint).toContain(
    'power supply',
  );
  expect(judged(throttlingCheck, { bits: 0x80008, isUnderVoltage: false, newBits: 8 }).hint).not.toContain(
    'power supply',
  );
});
