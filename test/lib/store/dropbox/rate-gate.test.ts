// The gate: a 429 to one request holds all others, and nobody waits past the deadline.
import { expect, test } from 'vitest';
import { RateGate } from '../../../../lib/store/dropbox/rate-gate.ts';
import { noTraffic } from '../../../../lib/store/dropbox/transport.ts';
import { startStandIn, openOn } from '../../../contract/dropbox-world.ts';
import { fixedClock } from '../../../support/fixed-clock.ts';
import { recordingLog } from '../../../support/recording-log.ts';

const signal = new AbortController().signal;

/** Waits pass at once, and are written down. */
function gateWithin(deadlineAtMs: number) {
  const [clock, log, traffic, waits] = [fixedClock(), recordingLog(), noTraffic(), [] as number[]];
  const wait = async (ms: number) => {
    waits.push(ms);
    clock.advance(ms);
  };
  return { gate: new RateGate({ clock, log, traffic, wait, deadlineAtMs }), clock, log, traffic, waits };
}

test('an open gate costs nothing', async () => {
  const { gate, waits, traffic } = gateWithin(1000);
  await gate.pass(signal);
  expect({ waits, traffic }).toEqual({ waits: [], traffic: noTraffic() });
});

test('a closed gate opens when its time is over, and the waiting is counted and told', async () => {
  const { gate, waits, traffic, log } = gateWithin(1e6);
  gate.close(300_000);
  await gate.pass(signal);
  await gate.pass(signal);
  expect(waits).toEqual([300_000]);
  expect(traffic.waitedMs).toBe(300_000);
  expect(log.lines.map(({ message }) => message)).toEqual(['Dropbox asks to wait']);
});

test('it is never opened earlier by a shorter wait', async () => {
  const { gate, waits, clock } = gateWithin(1e6);
  gate.close(15_000);
  clock.advance(5_000);
  gate.close(1_000);
  await gate.pass(signal);
  expect(waits).toEqual([10_000]);
});

test('it is closed longer while others wait: they wait on', async () => {
  const { gate, waits, clock } = gateWithin(1e6);
  gate.close(1_000);
  const passed = gate.pass(signal);
  gate.close(4_000);
  await passed;
  expect(waits).toEqual([1_000, 4_000]);
  expect(clock.monotonicMs()).toBe(5_000);
});

test('a wait past the deadline fails at once', async () => {
  const { gate, waits } = gateWithin(240_000);
  gate.close(300_000);
  await expect(gate.pass(signal)).rejects.toMatchObject({
    kind: 'unavailable',
    message: expect.stringMatching(/it asks for 5 min.* more, and the deadline of this run comes first/),
    hint: expect.stringMatching(/deadline_minutes/),
  });
  expect(waits).toEqual([]);
  expect([gate.isTooLong(240_000), gate.isTooLong(240_001)]).toEqual([false, true]);
});

test('an abort ends the wait', async () => {
  const { gate } = gateWithin(1e6);
  gate.close(1000);
  await expect(gate.pass(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
});

test('Retry-After 300 holds the whole process: not one request of any call leaves before', async () => {
  const standIn = await startStandIn();
  const clock = fixedClock();
  const waits: number[] = [];
  const store = openOn(standIn, {
    clock,
    deadlineMs: 3_600_000,
    wait: async (ms) => {
      waits.push(ms);
      // The time of both sides passes only here.
      clock.advance(ms);
      standIn.clock.advance(ms / 1000);
    },
  });
  await store.stat('a.db');
  standIn.fault({
    route: 'files/get_metadata',
    action: { kind: 'tooManyRequests', retryAfterSeconds: 300 },
  });
  await store.stat('b.db');
  await Promise.all([store.stat('c.db'), store.space(), store.list('')]);
  const told = standIn.requests.find(({ status }) => status === 429);
  const later = standIn.requests.filter(({ number }) => number > (told?.number ?? Infinity));
  expect(later).toHaveLength(4);
  for (const { startedAt } of later) expect(startedAt).toBeGreaterThanOrEqual((told?.endedAt ?? 0) + 300_000);
  expect(waits).toEqual([300_000]);
  expect(standIn.violations).toEqual([]);
});
