// What is made of what a receiver has noted of its replicas, and a sender of its last comparison.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { formatParityNote, type ParityNote } from '../../../lib/health/parity-note.ts';
import { deltaHeldCheck, type DeltaHeldFacts } from '../../../lib/health/delta-held.ts';
import { deltaParityCheck } from '../../../lib/health/delta-parity.ts';
import { deltaReplicaCheck, type DeltaReplicaFacts } from '../../../lib/health/delta-replica.ts';
import { deltaSourceCheck, type DeltaSourceFacts } from '../../../lib/health/delta-source.ts';
import type { History } from '../../../lib/history/history.ts';
import { deltaParityProbe } from '../../../lib/probe/delta-parity.ts';
import { deltaHeldProbe, deltaReplicaProbe, deltaSourceProbe } from '../../../lib/probe/delta-receive.ts';
import type { ProbeContext } from '../../../lib/probe/probe.ts';
import { historyWorld } from '../../support/history-world.ts';
import { scratch } from '../../support/scratch.ts';
import { hoursAgo, judged } from './judged.ts';

const held = (counts: Record<string, number>): DeltaHeldFacts => ({
  held: counts,
  days: Object.keys(counts).includes('frozen-day') ? ['2026-11-20', '2026-11-19'] : [],
  sources: ['laptop-1'],
});

test.each<[DeltaHeldFacts, object, string, RegExp, RegExp | undefined]>([
  [held({}), {}, 'ok', /nothing is held/, undefined],
  [held({ 'frozen-day': 0 }), {}, 'ok', /nothing is held/, undefined],
  [
    held({ 'frozen-day': 1 }),
    {},
    'warning',
    /^1 change from laptop-1 is held \(1 for a frozen day\), of 2026-11-20, 2026-11-19$/,
    /reopen 2026-11-20 --replica reports/,
  ],
  [
    held({ 'frozen-day': 2, 'mass-deletion': 9 }),
    {},
    'warning',
    /11 changes .* are held \(2 for a frozen day; 9 of more deletions than are believed\)/,
    /^delta-receive held list --replica reports$/,
  ],
  [held({ clock: 3 }), { warning: 50 }, 'ok', /3 changes/, undefined],
  [
    held({ clock: 60 }),
    { warning: 50, critical: 60 },
    'critical',
    /60 from a clock that is ahead/,
    undefined,
  ],
])('held: %j', (facts, limits, verdict, message, hint) => {
  const found = judged(deltaHeldCheck, facts, { limits, subject: 'reports' });
  expect(found).toMatchObject({ verdict, message: expect.stringMatching(message) as string });
  if (hint !== undefined) expect(found.hint).toMatch(hint);
  const quarantined = Object.entries(facts.held).reduce(
    (sum, [reason, count]) => sum + (reason === 'frozen-day' ? 0 : count),
    0,
  );
  expect(found.measures?.['quarantined_changes']).toBe(quarantined);
});

const source = (more: Partial<DeltaSourceFacts>): DeltaSourceFacts => ({
  ...{ replica: 'reports', heardAt: hoursAgo(1), lastBatchAt: hoursAgo(5), isResyncing: false },
  ...more,
});

test.each<[string, DeltaSourceFacts, object, string, RegExp]>([
  ['heard of', source({}), {}, 'ok', /heard of 1 h ago; its last batch came 5 h ago/],
  ['nothing to send', source({ lastBatchAt: undefined }), {}, 'ok', /no batch ever came/],
  ['silent for long', source({ heardAt: hoursAgo(50) }), {}, 'warning', /2 d 2 h ago/],
  ['silent for a week', source({ heardAt: hoursAgo(169) }), {}, 'critical', /7 d/],
  ['put away', source({ heardAt: hoursAgo(50) }), { warning: 14 * 86_400 }, 'ok', /./],
  ['never', source({ heardAt: undefined }), {}, 'warning', /never sent anything to reports/],
  ['from the future', source({ heardAt: hoursAgo(-5) }), {}, 'ok', /./],
  ['walking', source({ isResyncing: true }), {}, 'ok', /all its rows anew/],
])('source: %s', (_, facts, limits, verdict, message) => {
  const found = judged(deltaSourceCheck, facts, { limits, subject: 'laptop-1' });
  expect(found).toMatchObject({ verdict, message: expect.stringMatching(message) as string });
});

const away = (hours: number) => ({ since: hoursAgo(hours), problem: 'cannot reach the database' });

test.each<[string, DeltaReplicaFacts, string, RegExp]>([
  ['there', { lookedAt: hoursAgo(0.01), away: undefined }, 'ok', /can be used/],
  ['just gone', { lookedAt: hoursAgo(0), away: away(0) }, 'warning', /cannot be used .*cannot reach/],
  ['gone for long', { lookedAt: hoursAgo(0), away: away(2) }, 'critical', /since 2 h: cannot reach/],
  ['no receiver', { lookedAt: hoursAgo(3), away: undefined }, 'warning', /said nothing of it for 3 h/],
  ['never', { lookedAt: undefined, away: undefined }, 'warning', /no receiver has looked/],
])('replica: %s', (_, facts, verdict, message) => {
  const found = judged(deltaReplicaCheck, facts, { subject: 'reports' });
  expect(found).toMatchObject({ verdict, message: expect.stringMatching(message) as string });
});

const compared = (more: Partial<ParityNote>): ParityNote => ({
  ...{ at: hoursAgo(3), isDeep: true, rows: 900, equal: 30, differing: 0, notComparable: 0, named: [] },
  ...more,
});

test.each<[string, ParityNote | undefined, string, RegExp]>([
  ['never', undefined, 'ok', /never compared/],
  ['equal', compared({}), 'ok', /equal when compared 3 h ago, all of it/],
  [
    'not comparable',
    compared({ notComparable: 1, isDeep: false }),
    'ok',
    /1 day or table could not be compared/,
  ],
  ['long ago', compared({ at: hoursAgo(33 * 24) }), 'warning', /33 d ago/],
  [
    'different',
    compared({ differing: 5, named: ['VISIT of 2026-11-27', 'DAY', 'X', 'Y'] }),
    'critical',
    /5 days or tables differed 3 h ago, all of it: VISIT of 2026-11-27, DAY, X and 2 more/,
  ],
])('parity: %s', (_, last, verdict, message) => {
  const found = judged(deltaParityCheck, { last }, { subject: 'tagtracker' });
  expect(found).toMatchObject({ verdict, message: expect.stringMatching(message) as string });
});

function contextOf(history: Partial<History>, stateDirectory = scratch()) {
  const replicas = [{ name: 'reports', policy: { sources: ['laptop-1', 'laptop-2'] } }];
  const config = { receive: {}, replicas, apps: [], stateDirectory };
  return { config, history } as unknown as ProbeContext;
}

test('the facts are what the receiver has noted, and no replica is opened for them', async () => {
  const { history } = historyWorld();
  const times = { firstSeen: '2026-11-28T01:00:00.000Z', lastSeen: '2026-11-28T02:00:00.000Z' };
  const row = (reason: string, day: string | undefined, changes: number) => ({
    ...{ source: 'laptop-1', table: 'VISIT', reason, day, changes },
    ...times,
  });
  const laptop = {
    ...{
      source: 'laptop-1',
      lastBatchAt: times.firstSeen,
      lastTakenAt: undefined,
      lastSeenAt: times.lastSeen,
    },
    ...{ batches: 1, rows: 1, isResyncing: false },
  };
  const replica = { replica: 'reports', at: hoursAgo(0), sources: [laptop] };
  const rows = [
    row('frozen-day', '2026-11-19', 1),
    row('frozen-day', '2026-11-20', 4),
    row('clock', undefined, 2),
  ];
  history.recordDelta({ batches: [], replicas: [{ ...replica, held: rows }] });
  const context = contextOf(history);
  expect(await deltaHeldProbe.subjects(context)).toEqual(['reports']);
  expect(await deltaSourceProbe.subjects(context)).toEqual(['laptop-1', 'laptop-2']);
  expect(await deltaHeldProbe.measure(context, 'reports')).toEqual({
    held: { 'frozen-day': 5, clock: 2 },
    days: ['2026-11-20', '2026-11-19'],
    sources: ['laptop-1'],
  });
  expect(await deltaReplicaProbe.measure(context, 'reports')).toEqual({
    lookedAt: hoursAgo(0),
    away: undefined,
  });
  expect(await deltaSourceProbe.measure(context, 'laptop-1')).toMatchObject({
    ...{ replica: 'reports', heardAt: new Date(times.lastSeen), lastBatchAt: new Date(times.firstSeen) },
  });
  expect(await deltaSourceProbe.measure(context, 'laptop-2')).toMatchObject({ heardAt: undefined });
  const elsewhere = { config: { ...context.config, receive: undefined }, history } as unknown as ProbeContext;
  expect(await deltaHeldProbe.subjects(elsewhere)).toEqual([]);
});

test('what a comparison has left is read again; what is none of ours is told', async () => {
  const state = scratch();
  const context = contextOf({}, state);
  expect(await deltaParityProbe.measure(context, 'tagtracker')).toEqual({ last: undefined });
  const path = join(state, 'delta', 'tagtracker', 'parity.json');
  mkdirSync(dirname(path), { recursive: true });
  const note = compared({ differing: 1, named: ['VISIT of 2026-11-27'] });
  writeFileSync(path, formatParityNote(note));
  expect(await deltaParityProbe.measure(context, 'tagtracker')).toEqual({ last: note });
  writeFileSync(path, '{}');
  await expect(deltaParityProbe.measure(context, 'tagtracker')).rejects.toThrow(/cannot read .*parity.json/);
});
