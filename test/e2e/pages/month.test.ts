// A month of hourly backups in pages, of which thirty are killed: every one that retention has kept restores to the byte.
// HOLDFAST_NIGHTLY=1 lives it with a database of 100 MB, HOLDFAST_MONTH_MB=1000 with one of that size.
import { expect, test } from 'vitest';
import '../../support/in-memory.ts';
import { liveMonth } from '../../support/pages/month.ts';
import { scratch } from '../../support/scratch.ts';

const { HOLDFAST_MONTH_MB, HOLDFAST_NIGHTLY } = process.env;
const megabytes = Number(HOLDFAST_MONTH_MB ?? (HOLDFAST_NIGHTLY === '1' ? 100 : 0.4));

test(
  'each hour of a month that was kept comes out as it was, whatever was killed',
  { timeout: 24 * 3_600_000 },
  async () => {
    const month = await liveMonth({
      ...{ home: scratch(), megabytes, kills: 30 },
      say: (line) => void (HOLDFAST_MONTH_MB !== undefined && process.stderr.write(`${line}\n`)),
    });
    expect(month.flaws).toEqual([]);
    expect(month.killed).toBeGreaterThan(20);
    expect(month.made.increment).toBeGreaterThan(300);
    expect(month.made.full).toBeLessThan(20);
    expect(month.kept).toBeGreaterThan(48);
  },
);
