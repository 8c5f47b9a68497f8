// What the source conformance suite needs of a kind of database: an app that writes it, and eyes to see it.
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Source } from '../../lib/source/source.ts';

/** Processes that commit as fast as they can, in numbered commits. */
export interface BusyApp {
  /** The newest commit that is known to be one. */
  newest(): Promise<number>;
  /** Returns after a commit that began later than this call. */
  advance(): Promise<void>;
  /** Dies in the middle of its work. */
  kill(): Promise<void>;
}

/** An app that has the source open and does only what it is told. */
export interface PatientApp {
  /** Commits something. */
  commit(): void;
  /** Changes something and does not commit it. */
  begin(): void;
}

export interface SourceWorld {
  source: Source;
  /** Where the source lies, with everything that belongs to it and nothing else. */
  directory: string;
  startBusyApp(): Promise<BusyApp>;
  startPatientApp(): Promise<PatientApp>;
  /** The newest commit in a copy; throws unless the copy is one committed state. */
  newestIn(file: string): number | Promise<number>;
  /** A file, made from a copy, as a source of its own. */
  sourceOf(file: string): Source | Promise<Source>;
  /** Puts another one in the place of the source, with the same in it. */
  exchange(): void | Promise<void>;
}

/** One kind of source. */
export interface SourceKind {
  /** A source with at least `sizeBytes`, which nobody has open, and which belongs to another user where we are root. */
  open(sizeBytes?: number): SourceWorld | Promise<SourceWorld>;
  /** Whether it is a file that belongs to somebody, and whose copy is one like it. */
  isFile: boolean;
  /** What cannot be backed up, and how that is told. */
  unusable: { what: string; kind: string; make(path: string): void }[];
  /** Ways of damaging a copy. */
  damages: { what: string; damage(file: string): void }[];
}

/** What an outsider sees of a directory: names, owners, rights, times and bytes. */
export function fingerprint(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => {
      const path = join(directory, name);
      const { uid, gid, mode, size, mtimeNs } = lstatSync(path, { bigint: true });
      const content = isBookkeeping(name)
        ? ''
        : `${mtimeNs} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
      return [name, `${uid}:${gid} ${mode.toString(8)} ${size} ${content}`];
    }),
  );
}

/** In SQLite's index of the log every reader leaves how far it has read. */
function isBookkeeping(name: string): boolean {
  return name.endsWith('-shm');
}
