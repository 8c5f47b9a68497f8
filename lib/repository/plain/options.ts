// What the plain format is opened with.
import type { CatalogueNaming } from '../../backup/catalogue.ts';
import type { FoundBad } from '../../backup/verdict.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log, Progress } from '../../base/log.ts';
import type { Scratch } from '../../files/scratch.ts';
import type { Store } from '../../store/store.ts';

/** One app's backups in one store, and what the work on them needs of the process. */
export interface PlainRepositoryOptions {
  store: Store;
  naming: CatalogueNaming;
  clock: Clock;
  /** What this machine remembers to have found bad, where the store could not be told. */
  remembered(): readonly (FoundBad & { backup: string })[];
  /** Outlives the process: a note of what is being added lies in it. */
  stateDirectory: string;
  /** Makes a private directory where the store likes files to be made that it will be given. */
  scratch(): Promise<Scratch>;
  log: Log;
  progress: Progress;
  signal: AbortSignal;
  /** Told what stands now, so that an interrupted run can say what was left. */
  noteLeft(what: string): void;
}
