// Whether a Raspberry Pi has power enough: with too little it runs slower, and writes to its card may be lost.
import type { Check } from './check.ts';

export interface ThrottlingFacts {
  /** What the firmware says, bit by bit (`vcgencmd get_throttled`); undefined where it cannot be asked. One of the two is there. */
  bits: number | undefined;
  /** What the kernel's own sensor says right now; undefined where there is none. */
  isUnderVoltage: boolean | undefined;
  /** Bits of what has happened since the start of the machine that were not set an hour ago. */
  newBits: number;
}

/** What is so now; sixteen bits further up, what was since the machine started. */
const meanings = [
  { bit: 0, now: 'the voltage is too low', past: 'the voltage was too low' },
  { bit: 1, now: 'the processor runs slower than it could', past: 'the processor ran slower than it could' },
  { bit: 2, now: 'the processor is throttled', past: 'the processor was throttled' },
  {
    bit: 3,
    now: 'the soft limit of the temperature is reached',
    past: 'the soft limit of the temperature was reached',
  },
] as const;
const pastShift = 16;

/** The bits that stay until the machine starts anew. */
export function pastBits(bits: number): number {
  return (bits >>> pastShift) & 0xf;
}

export const throttlingCheck: Check<ThrottlingFacts> = {
  name: 'throttling',
  question: 'Has the Raspberry Pi power enough?',
  unit: '',
  limits: {},
  worse: 'none',
  judge({ bits, isUnderVoltage, newBits }) {
    const nowBits = (bits ?? 0) | (isUnderVoltage === true ? 1 : 0);
    const now = meanings.filter(({ bit }) => ((nowBits >>> bit) & 1) === 1).map((one) => one.now);
    const past = meanings
      .filter(({ bit }) => ((newBits >>> bit) & 1) === 1 && ((nowBits >>> bit) & 1) === 0)
      .map((one) => one.past);
    const measures = bits === undefined ? {} : { throttled_bits: bits };
    const isPower = (nowBits & 1) === 1 || (newBits & 1) === 1;
    const hint = isPower
      ? 'use the power supply made for it and a short cable, and unplug what takes power from its USB ports; see: vcgencmd get_throttled'
      : 'see the check temperature, and: vcgencmd get_throttled';
    if (now.length > 0) {
      const verdict = (nowBits & 1) === 1 ? 'critical' : 'warning';
      return { verdict, message: now.join(', '), hint, measures };
    }
    if (past.length > 0)
      return { verdict: 'warning', message: `within the last hour: ${past.join(', ')}`, hint, measures };
    const before = bits === undefined || pastBits(bits) === 0 ? '' : ', as was told before: not since';
    return {
      verdict: 'ok',
      message: bits === undefined ? 'the voltage is high enough' : `runs as fast as it can${before}`,
      measures,
    };
  },
};
