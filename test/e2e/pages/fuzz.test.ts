// Whatever happens to a database, to the machine that backs it up in pages and to the store: each backup that is listed
// comes out byte for byte, or is refused as damaged where somebody damaged it. HOLDFAST_SEED=17 runs one and prints all of it.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeIdentity, openWith, sealTo } from '../../../lib/seal/age.ts';
import '../../support/in-memory.ts';
import { houseWithout, wholeHouse } from '../../support/pages/house.ts';
import { pagesGuards } from '../../support/pages/guards.ts';
import { runSeed, type SeedOptions, type Verdict } from '../../support/pages/seed.ts';
import { scratch } from '../../support/scratch.ts';

const isNightly = process.env.HOLDFAST_NIGHTLY === '1';
const only = process.env.HOLDFAST_SEED;
const perGroup = isNightly ? 1000 : 50;
const groups = only === undefined ? [0, 1, 2, 3].map((group) => group * perGroup) : [Number(only)];

/** The same for all seeds: what they seal is other every time anyhow. */
const keys = (async () => {
  const { identity, recipient } = await makeIdentity();
  return { seal: sealTo([recipient]), opening: await openWith([identity]) };
})();

async function run(seed: number, home: string, options: Partial<SeedOptions> = {}): Promise<Verdict> {
  const place = join(home, 'seed');
  mkdirSync(place);
  const verdict = await runSeed(seed, { home: place, house: wholeHouse, keys: await keys, ...options });
  rmSync(place, { recursive: true, force: true });
  return verdict;
}

function shown({ seed, flaws, happened }: Verdict): string {
  return `seed ${seed}: ${flaws.slice(0, 3).join('\n')}${only === undefined ? '' : `\n${happened.join('\n')}`}`;
}

test.each(groups)('seeds from %d on: what is listed comes out', { timeout: 3_600_000 }, async (first) => {
  const home = scratch();
  const bad: string[] = [];
  const made: Verdict['made'] = { full: 0, increment: 0, killed: 0, fetched: 0, refused: 0 };
  for (let seed = first; seed < first + (only === undefined ? perGroup : 1); seed += 1) {
    const verdict = await run(seed, home);
    if (verdict.flaws.length > 0) bad.push(shown(verdict));
    for (const kind of Object.keys(made) as (keyof typeof made)[]) made[kind] += verdict.made[kind];
  }
  expect(bad).toEqual([]);
  if (only !== undefined) return;
  // A fuzz that makes hardly an increment proves little.
  expect(made.increment).toBeGreaterThan(perGroup);
  expect(made.fetched).toBeGreaterThan(perGroup);
  expect(made.killed).toBeGreaterThan(perGroup / 2);
});

/** So many seeds find each of them. */
const seedsMax = 60;

describe.skipIf(only !== undefined)('the fuzz finds it where nothing', () => {
  test.each(pagesGuards)('$does', { timeout: 900_000 }, async ({ edits, only: disturbed }) => {
    const home = scratch();
    const house = await houseWithout(edits, join(home, 'house'));
    let found: Verdict | undefined;
    for (let seed = 0; seed < seedsMax && found === undefined; seed += 1) {
      const verdict = await run(seed, home, { house, bytes: 60_000, only: disturbed });
      if (verdict.flaws.length > 0) found = verdict;
    }
    expect(found?.flaws ?? [], 'no seed has noticed').not.toEqual([]);
  });
});
