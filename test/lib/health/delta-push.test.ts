// What is made of a sender's last cycles.
import { expect, test } from 'vitest';
import { deltaPushCheck, type DeltaPushFacts } from '../../../lib/health/delta-push.ts';

const now = new Date('2026-11-28T12:00:00Z');
const hour = 3_600_000;
const ago = (hours: number) => new Date(now.getTime() - hours * hour);

function judge(sender: Partial<NonNullable<DeltaPushFacts['sender']>> | undefined, limits = {}) {
  const usual = {
    caughtUpAt: ago(0.01),
    lastAt: ago(0.01),
    waiting: 0,
    held: {},
    refusedTables: [],
    trouble: undefined,
  };
  const facts = { sender: sender && { ...usual, ...sender }, lagMaxMs: 8 * hour };
  return deltaPushCheck.judge(facts, { subject: 'tagtracker', limits, now, earlier: [], timeZone: 'UTC' });
}

const away = (needsPerson = false) => ({ message: 'reports: no route to host', since: ago(9), needsPerson });

test.each<[string, Parameters<typeof judge>[0], string, RegExp]>([
  ['all is there', {}, 'ok', /everything had arrived/],
  ['it never ran', undefined, 'warning', /nothing was ever pushed/],
  [
    'the link is gone for a while',
    { caughtUpAt: ago(7), waiting: 12, trouble: away() },
    'ok',
    /no route to host; .*12 noted changes wait/,
  ],
  [
    'it is gone for too long',
    { caughtUpAt: ago(9), waiting: 1, trouble: away() },
    'warning',
    /1 noted change waits/,
  ],
  ['it is gone for months', { caughtUpAt: ago(9 * 24), trouble: away() }, 'critical', /arrived 9 d ago/],
  ['nothing ever arrived, and that for long', { caughtUpAt: undefined, trouble: away() }, 'warning', /never/],
  ['nobody runs it', { caughtUpAt: ago(9), lastAt: ago(9) }, 'warning', /9 h ago/],
  ['the key is none', { trouble: away(true) }, 'critical', /no route to host/],
  ['rows are held', { held: { 'frozen-day': 2, clock: 1 } }, 'warning', /3 changes are held/],
  ['a table is not taken', { refusedTables: ['visit'] }, 'warning', /not taken there: the tables visit/],
])('%s', (_, sender, verdict, message) => {
  const judged = judge(sender);
  expect(judged.verdict).toBe(verdict);
  expect(judged.message).toMatch(message);
});

test('an operator may be more patient', () => {
  expect(
    judge({ caughtUpAt: ago(20), trouble: away() }, { warning: 86_400, critical: 10 * 86_400 }).verdict,
  ).toBe('ok');
});
