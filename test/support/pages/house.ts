// What the tests of backups in pages use of the product: as it stands, or out of a copy in which a guard is missing.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { retentionPlan } from '../../../lib/backup/retention.ts';
import { readWhole } from '../../../lib/files/hash-file.ts';
import { makeScratch } from '../../../lib/files/scratch.ts';
import { openRepository } from '../../../lib/repository/open.ts';
import { memoryStore } from '../../../lib/store/memory.ts';
import type { Guard } from '../attacker/guard.ts';

/** A line of the product, and what stands there without what it does. */
export type Edit = Omit<Guard, 'does'>;

export interface House {
  openRepository: typeof openRepository;
  memoryStore: typeof memoryStore;
  makeScratch: typeof makeScratch;
  readWhole: typeof readWhole;
  retentionPlan: typeof retentionPlan;
}

export const wholeHouse: House = { openRepository, memoryStore, makeScratch, readWhole, retentionPlan };

const project = resolve(import.meta.dirname, '../../..');

/** The same out of a copy of `lib` below `home`, in which each of the guards is taken out. */
export async function houseWithout(guards: readonly Edit[], home: string): Promise<House> {
  mkdirSync(home, { recursive: true });
  cpSync(join(project, 'lib'), join(home, 'lib'), { recursive: true });
  cpSync(join(project, 'package.json'), join(home, 'package.json'));
  symlinkSync(join(project, 'node_modules'), join(home, 'node_modules'));
  for (const { file, from, to } of guards) {
    const path = join(home, file);
    const text = readFileSync(path, 'utf8');
    if (text.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
  }
  const load = async (file: string) => (await import(join(home, 'lib', file))) as Partial<House>;
  const files = [
    'repository/open.ts',
    'store/memory.ts',
    'files/scratch.ts',
    'files/hash-file.ts',
    'backup/retention.ts',
  ];
  return Object.assign({}, wholeHouse, ...(await Promise.all(files.map(load)))) as House;
}
