// What a repository is opened with.
import type { CatalogueNaming } from '../backup/catalogue.ts';
import type { PagesPolicy } from '../backup/pages-policy.ts';
import type { FoundBad } from '../backup/verdict.ts';
import type { Clock } from '../base/clock.ts';
import type { Log, Progress } from '../base/log.ts';
import type { Scratch } from '../files/scratch.ts';
import type { Opening, Seal } from '../seal/seal.ts';
import type { Store } from '../store/store.ts';

/** One app's backups in one store, and what the work on them needs of the process. */
export interface RepositoryOptions {
  store: Store;
  naming: CatalogueNaming;
  clock: Clock;
  /** What this machine remembers to have found bad, where the store could not be told. */
  remembered(): readonly (FoundBad & { backup: string })[];
  /** Outlives the process: a note of what is being added lies in it. */
  stateDirectory: string;
  /** Makes a private directory where the store likes files to be made that it will be given. */
  scratch(): Promise<Scratch>;
  /** How backups in pages are kept. */
  pages: PagesPolicy;
  /** How large an object of them may become; 150 MB unless given. */
  partBytesMax?: number | undefined;
  /** Seals what is added; undefined where it is stored as it is. */
  seal: Seal | undefined;
  /** Opens what is sealed; undefined where nobody gave an identity. */
  opening: Opening | undefined;
  log: Log;
  progress: Progress;
  signal: AbortSignal;
  /** Told what stands now, so that an interrupted run can say what was left. */
  noteLeft(what: string): void;
}
