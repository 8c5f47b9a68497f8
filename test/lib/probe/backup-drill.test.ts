// Of which drill the check of drills is told: of sealed backups only what the identity has opened counts.
import { expect, test } from 'vitest';
import type { DrillRow } from '../../../lib/history/rows.ts';
import { nullHistory } from '../../../lib/history/history.ts';
import { backupDrillProbe } from '../../../lib/probe/backup-drill.ts';
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { probeWorld } from './context.ts';

const old = 'backups/ctv/ctv-20261101T020000Z.db';
const sealed = 'backups/ctv/ctv-20261120T020000Z.db.age';
const entry = (name: string, day: number): CatalogueEntry => ({
  ...{ name, sizeBytes: 1, storedBytes: 1, state: 'proven', takenAt: new Date(Date.UTC(2026, 10, day, 2)) },
});
const drill = (name: string, day: number, outcome: DrillRow['outcome'] = 'passed'): DrillRow => ({
  ...{ runId: 'x', app: 'ctv', name, outcome, detail: 'd', at: new Date(Date.UTC(2026, 10, day, 3)) },
});

const plain = [entry(old, 1)];
const both = [entry(sealed, 20), entry(old, 1)];

test.each<
  [string, CatalogueEntry[], DrillRow[], { last: string | undefined; isSealed: boolean; since: number }]
>([
  ['plain backups, tried', plain, [drill(old, 2)], { last: old, isSealed: false, since: 1 }],
  [
    'sealed ones, and an older plain one tried',
    both,
    [drill(old, 21)],
    { last: undefined, isSealed: true, since: 20 },
  ],
  ['sealed ones, one tried', both, [drill(sealed, 21)], { last: sealed, isSealed: true, since: 20 }],
  [
    'a plain one tried after a sealed one',
    both,
    [drill(old, 22), drill(sealed, 21)],
    { last: sealed, isSealed: true, since: 20 },
  ],
  [
    'a plain one that failed',
    both,
    [drill(old, 22, 'failed'), drill(sealed, 21)],
    { last: 'failed', isSealed: true, since: 20 },
  ],
  [
    'a sealed one that failed, and a plain one tried since',
    both,
    [drill(old, 22), drill(sealed, 21, 'failed'), drill(sealed, 20)],
    { last: 'failed', isSealed: true, since: 20 },
  ],
  ['sealed ones, none tried', both, [], { last: undefined, isSealed: true, since: 20 }],
])('%s', async (_, entries, drills, expected) => {
  const history = {
    ...nullHistory,
    lastDrill: () => drills[0],
    drillsSince: () => drills.toReversed(),
  };
  const context = { ...probeWorld('[apps.ctv]\ndatabase = "/srv/ctv.db"').run(), history };
  const facts = await backupDrillProbe.measure(
    { ...context, backups: () => Promise.resolve(entries) },
    'ctv',
  );
  expect(facts.last?.outcome === 'failed' ? 'failed' : facts.last?.name).toBe(expected.last);
  expect(facts.isSealed).toBe(expected.isSealed);
  expect(facts.backupsSince?.getUTCDate()).toBe(expected.since);
});
