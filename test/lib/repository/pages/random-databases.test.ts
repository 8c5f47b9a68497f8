// Whatever becomes of a database, each backup of it is rebuilt byte for byte; and were a page dropped, a base or a dictionary
// mistaken, this would be seen.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rebuildPages } from '../../../../lib/repository/pages/rebuild.ts';
import { randomFrom, type Random } from '../../../support/delta-random.ts';
import { bytesOf, type Encoded, encodeState, keptFull } from '../../../support/page-files.ts';
import { makeRandomDatabase } from '../../../support/random-database.ts';
import { scratch } from '../../../support/scratch.ts';

const seeds = process.env.HOLDFAST_NIGHTLY === '1' ? 3000 : 25;
const statesMax = 7;

interface Backup {
  encoded: Encoded;
  chain: Backup[];
  change: string;
}

/** What is done wrong on purpose; nothing, unless said otherwise. */
type Fault = 'a page is dropped' | 'another base' | 'another dictionary';

/** Makes a few states of a random database, each based on any earlier one or a full, and rebuilds all of them. */
async function series(seed: number, fault?: Fault): Promise<void> {
  const random = randomFrom(seed);
  const directory = scratch();
  const database = makeRandomDatabase(directory, random);
  const backups: Backup[] = [];
  for (let left = 3 + random.below(statesMax - 3); left > 0; left -= 1) {
    const bytes = database.change();
    const pageSize = pageSizeIn(bytes);
    const bases = backups.filter(({ encoded }) => encoded.digests.pageSize === pageSize);
    const base = bases.length > 0 && random.chance(0.9) ? random.pick(bases) : undefined;
    backups.push(
      await addBackup(directory, bytes, { pageSize, base, bases, random, fault, change: database.last }),
    );
  }
  for (const { encoded, chain, change } of backups) {
    const target = join(directory, 'rebuilt.db');
    const links = [...chain.map((of) => of.encoded.link), encoded.link];
    await rebuildPages({ target, chain: links });
    const isSame = bytesOf(target).equals(bytesOf(encoded.database));
    rmSync(target);
    if (!isSame)
      throw new Error(`seed ${seed}: after "${change}" the backup on ${chain.length} others is not rebuilt`);
  }
}

async function addBackup(
  directory: string,
  bytes: Buffer,
  {
    pageSize,
    base,
    bases,
    random,
    fault,
    change,
  }: {
    pageSize: number;
    base: Backup | undefined;
    bases: Backup[];
    random: Random;
    fault: Fault | undefined;
    change: string;
  },
): Promise<Backup> {
  const partBytesMax = random.chance(0.3) ? 20_000 : undefined;
  if (base === undefined)
    return { encoded: await encodeState(directory, bytes, { pageSize, partBytesMax }), chain: [], change };
  const full = base.chain[0] ?? base;
  const others = bases.filter((of) => of !== base);
  const [wrong = base] = fault === 'another base' ? others : [];
  const [dictionary = full] = fault === 'another dictionary' ? bases.filter((of) => of !== full) : [];
  const encoded = await encodeState(directory, bytes, {
    pageSize,
    base: wrong.encoded,
    full: random.chance(0.8) ? keptFull(dictionary.encoded) : undefined,
    partBytesMax,
    ...(fault === 'a page is dropped' ? { drop: 1 } : {}),
  });
  return { encoded, chain: [...base.chain, base], change };
}

function pageSizeIn(bytes: Buffer): number {
  const stored = bytes.readUInt16BE(16);
  return stored === 1 ? 65_536 : stored;
}

test(`each backup of ${seeds} random databases is rebuilt byte for byte`, async () => {
  for (let seed = 0; seed < seeds; seed += 1) await series(seed);
});

test.for<Fault>(['a page is dropped', 'another base', 'another dictionary'])(
  'it is seen where %s',
  async (fault) => {
    let isSeen = false;
    for (let seed = 0; seed < 60 && !isSeen; seed += 1)
      await series(seed, fault).catch(() => (isSeen = true));
    expect(isSeen).toBe(true);
  },
);
