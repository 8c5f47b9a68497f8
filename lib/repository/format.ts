// What one format of backups has to do; all else is the same for every format (open.ts).
import type { CatalogueEntry } from '../backup/catalogue.ts';
import type { HashedFile } from '../files/digest.ts';
import type { Stored, StoreName } from '../store/store.ts';
import type { Added, Fetched, NewBackup } from './repository.ts';
import type { SharedObjects } from './shared-objects.ts';

/** What the store held when it was listed last. */
export interface Listed {
  listing: readonly Stored[];
  entries: readonly CatalogueEntry[];
}

/** Two looks at the store. */
export interface Looks {
  /** What the caller has decided on. */
  listed(): Promise<Listed>;
  /** What there is now. */
  look(): Promise<Listed>;
}

/** What a fetch may use beside the store, and how much it has to prove. */
export interface FetchHelp extends Looks {
  shared: SharedObjects;
  /** Whether every byte that the store holds of it is proven, also where what comes out is right without. */
  provesAll?: boolean;
}

/** One format. Each promises of its backups what the contract in repository.ts says. */
export interface Format {
  add(backup: NewBackup, looks: Looks): Promise<Added>;
  requireRoom(backup: { sizeBytes: number; refreshLatest: boolean }): Promise<void>;
  finishPending(): Promise<void>;
  /** The backups that this machine has begun and will finish: nobody sweeps them. */
  underWay(): Promise<readonly StoreName[]>;
  fetch(entry: Fetched, target: string, help: FetchHelp): Promise<HashedFile>;
}
