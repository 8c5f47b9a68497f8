// What the tests of backups in pages use of the product: as it stands, or out of a copy in which a guard is missing.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { digestFile } from '../../../lib/files/hash-file.ts';
import { makeScratch } from '../../../lib/files/scratch.ts';
import { openRepository } from '../../../lib/repository/open.ts';
import { memoryStore } from '../../../lib/store/memory.ts';
import type { Guard } from '../attacker/guard.ts';

export interface House {
  openRepository: typeof openRepository;
  memoryStore: typeof memoryStore;
  makeScratch: typeof makeScratch;
  digestFile: typeof digestFile;
}

export const wholeHouse: House = { openRepository, memoryStore, makeScratch, digestFile };

const project = resolve(import.meta.dirname, '../../..');

/** The same out of a copy of `lib` below `home`, in which each of the guards is taken out. */
export async function houseWithout(guards: readonly Guard[], home: string): Promise<House> {
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
  const load = async <T>(file: string): Promise<T> => (await import(join(home, 'lib', file))) as T;
  const [open, memory, scratch, hash] = await Promise.all([
    load<Pick<House, 'openRepository'>>('repository/open.ts'),
    load<Pick<House, 'memoryStore'>>('store/memory.ts'),
    load<Pick<House, 'makeScratch'>>('files/scratch.ts'),
    load<Pick<House, 'digestFile'>>('files/hash-file.ts'),
  ]);
  const { openRepository: opens } = open;
  return { openRepository: opens, ...pick(memory, scratch, hash) };
}

function pick(
  { memoryStore: store }: Pick<House, 'memoryStore'>,
  { makeScratch: scratch }: Pick<House, 'makeScratch'>,
  { digestFile: digest }: Pick<House, 'digestFile'>,
): Pick<House, 'memoryStore' | 'makeScratch' | 'digestFile'> {
  return { memoryStore: store, makeScratch: scratch, digestFile: digest };
}
