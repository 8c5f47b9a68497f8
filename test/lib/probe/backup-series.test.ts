// The series of each app in pages, as the configuration and the list of the store give it.
import { expect, test } from 'vitest';
import { backupSeriesCheck } from '../../../lib/health/backup-series.ts';
import type { ProbeContext } from '../../../lib/probe/probe.ts';
import { backupSeriesProbe } from '../../../lib/probe/backup-series.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { entriesOf, pagesManifest, pagesName } from '../backup/pages-examples.ts';
import { probeWorld } from './context.ts';

const toml = (window = '') => `[apps.ctv]
database = "/srv/ctv.db"
format = ["plain", "pages"]
full = "monthly"
${window}
[apps.shop]
database = "/srv/shop.db"
`;

const full = pagesManifest('20261020T010000Z', 0, undefined, { changedPages: 1000 });
const later = ['20261030T010000Z', '20261101T010000Z', '20261108T010000Z'].map((stamp, index) =>
  pagesManifest(stamp, index + 1, full),
);
const entries = entriesOf([full, ...later]);

const world = (window: string | undefined, now: string) => {
  const made = probeWorld(toml(window), { clock: fixedClock(now) });
  const { run } = made;
  made.run = () => ({ ...run(), backups: () => Promise.resolve(entries) });
  return made;
};

test('is asked of apps in pages alone', async () => {
  expect(await backupSeriesProbe.subjects(world('', '2026-11-08T02:00:00Z').run())).toEqual(['ctv']);
});

test('a full that waits here is on its way, with as much of it as the store has', async () => {
  const name = pagesName('20261101T010001Z');
  const takenAt = new Date('2026-11-01T01:00:01Z');
  const modifiedAt = new Date('2026-11-07T01:00:00Z');
  const sent = [name, name.replace('.pages', '+2.pages')].map((object) => ({
    name: object,
    sizeBytes: 100,
    modifiedAt,
  }));
  const context: ProbeContext = {
    ...world('', '2026-11-08T02:00:00Z').run(),
    backups: () => Promise.resolve(entriesOf([full, ...later], { also: sent })),
    waitingFull: () => Promise.resolve({ name, takenAt, sizeBytes: 500 }),
  };
  const facts = await backupSeriesProbe.measure(context, 'ctv');
  expect(facts).toMatchObject({ underWay: { name, since: takenAt, sentBytes: 200, sizeBytes: 500 } });
  expect(facts.due).toBeDefined();
});

test.each([
  [undefined, '2026-11-03T00:59:59Z', 'ok'],
  [undefined, '2026-11-03T01:00:01Z', 'warning'],
  ['full_window = "Sat 22:00 for 6h"', '2026-11-09T06:59:59Z', 'ok'],
  ['full_window = "Sat 22:00 for 6h"', '2026-11-09T07:00:01Z', 'warning'],
  ['full_window = "22:00 for 6h"', '2026-11-03T06:59:59Z', 'ok'],
  ['full_window = "22:00 for 6h"', '2026-11-03T07:00:01Z', 'warning'],
])('with %s a full that was due on the first is late at %s: %s', async (window, now, verdict) => {
  const { run, clock } = world(window, now);
  const facts = await backupSeriesProbe.measure(run(), 'ctv');
  const view = { subject: 'ctv', limits: {}, now: clock.now(), earlier: [], timeZone: 'UTC' };
  expect(backupSeriesCheck.judge(facts, view)).toMatchObject({ verdict });
});
