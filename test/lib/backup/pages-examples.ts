// Backups in pages as a store lists them, for tests of what they are based on.
import { createHash } from 'node:crypto';
import type { CatalogueEntry, CatalogueNaming, ListedFile } from '../../../lib/backup/catalogue.ts';
import { catalogue } from '../../../lib/backup/join-listing.ts';
import type { ReadManifest } from '../../../lib/backup/judge-file.ts';
import { manifestName } from '../../../lib/backup/name.ts';
import { type BackupLink, type PagesPart, storedId } from '../../../lib/backup/stored-part.ts';
import { exampleManifest, type SqliteManifest } from './examples.ts';

export const pagesNaming: CatalogueNaming = {
  layout: 'app',
  app: 'ctv',
  timeZone: 'UTC',
  latestName: 'latest/ctv.db',
};

const series = '5'.repeat(32);

/** The name of a backup in pages of that time, such as `20261120T020513Z`. */
export function pagesName(stamp: string): string {
  return `backups/ctv/ctv-${stamp}.pages`;
}

/** The manifest of a full; with `on`, of an increment on that one. `part` and `changes` are how it differs from a sound one. */
export function pagesManifest(
  stamp: string,
  sequence: number,
  on?: SqliteManifest,
  part: Partial<PagesPart> = {},
  changes: Partial<SqliteManifest> = {},
): SqliteManifest {
  const backup = pagesName(stamp);
  const sha256 = createHash('sha256').update(`${stamp} ${sequence}`).digest('hex');
  const below = on?.stored?.pages;
  const base = on && linkTo(on);
  const pages = {
    series,
    sequence,
    level: below === undefined ? 0 : below.level + 1,
    full: below?.full ?? base,
    base,
    changedPages: 10,
    ...part,
  };
  const objects = [{ name: backup, sizeBytes: 5000 + sequence, sha256, contentHash: sha256 }];
  const time = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp)?.slice(1) ?? [];
  const takenAt = new Date(`${time.slice(0, 3).join('-')}T${time.slice(3).join(':')}Z`);
  return exampleManifest({ backup, takenAt, stored: { objects, pages, recipients: undefined }, ...changes });
}

export function linkTo({ backup, stored }: SqliteManifest): BackupLink {
  return { name: backup, id: storedId(stored?.objects ?? []) };
}

/** What a list makes of a store that holds them, whole, and `also`. */
export function entriesOf(
  manifests: readonly SqliteManifest[],
  { also = [], now, without = [] }: { also?: ListedFile[]; now?: Date; without?: readonly string[] } = {},
): CatalogueEntry[] {
  const modifiedAt = new Date('2026-11-20T00:00:00Z');
  const files = manifests.flatMap(({ backup, sizeBytes, stored }): ListedFile[] => [
    ...(stored?.objects ?? [{ name: backup, sizeBytes }]).map((object) => ({
      name: object.name,
      sizeBytes: object.sizeBytes,
      modifiedAt,
    })),
    { name: manifestName(backup), sizeBytes: 900, modifiedAt },
  ]);
  const read = new Map<string, ReadManifest>(
    manifests.map((manifest) => [manifestName(manifest.backup), manifest]),
  );
  const listing = [...files.filter(({ name }) => !without.includes(name)), ...also];
  return catalogue(listing, read, pagesNaming, { now });
}
