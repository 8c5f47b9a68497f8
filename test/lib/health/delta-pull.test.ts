// What is made of the last look of a replica at its master.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { deltaPullCheck, type DeltaPullFacts } from '../../../lib/health/delta-pull.ts';
import { deltaPullProbe } from '../../../lib/probe/delta-pull.ts';
import type { ProbeContext } from '../../../lib/probe/probe.ts';
import { scratch } from '../../support/scratch.ts';

const now = new Date('2026-11-28T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

test.each<[string, DeltaPullFacts['status'], string, RegExp]>([
  ['young', { running: true, lastSyncAt: ago(0.1), error: undefined }, 'ok', /6.0 s ago/],
  ['nothing runs', undefined, 'warning', /no service keeps/],
  [
    'never',
    { running: true, lastSyncAt: undefined, error: 'no route' },
    'warning',
    /never as the master is: no route/,
  ],
  [
    'the master is away',
    { running: true, lastSyncAt: ago(16), error: 'no route' },
    'warning',
    /16 min ago; no route/,
  ],
  [
    'stopped',
    { running: false, lastSyncAt: ago(60), error: undefined },
    'warning',
    /its service has stopped/,
  ],
  [
    'away for long',
    { running: true, lastSyncAt: ago(60 * 24 * 8), error: 'no route' },
    'critical',
    /8 d ago/,
  ],
])('%s', (_, status, verdict, message) => {
  const view = { subject: 'herd', limits: {}, now, earlier: [], timeZone: 'UTC' };
  const judged = deltaPullCheck.judge({ status, ageMaxMs: 15 * 60_000 }, view);
  expect(judged.verdict).toBe(verdict);
  expect(judged.message).toMatch(message);
});

test('the facts are what the service has left', async () => {
  const runDirectory = scratch();
  const context = {
    config: { runDirectory, pulls: [{ name: 'herd', ageMaxMs: 5 }] },
  } as unknown as ProbeContext;
  expect(await deltaPullProbe.subjects(context)).toEqual(['herd']);
  expect(await deltaPullProbe.measure(context, 'herd')).toEqual({ status: undefined, ageMaxMs: 5 });
  const path = join(runDirectory, 'pull', 'herd.json');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    JSON.stringify({ running: true, last_sync_time: '2026-11-28T11:59:00.000Z', error: null }),
  );
  expect(await deltaPullProbe.measure(context, 'herd')).toEqual({
    status: { running: true, lastSyncAt: ago(1), error: undefined },
    ageMaxMs: 5,
  });
  writeFileSync(path, '{');
  await expect(deltaPullProbe.measure(context, 'herd')).rejects.toThrow(/it is not JSON/);
});
