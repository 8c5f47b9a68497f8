// The backups of one app in one store, whatever their formats: one list, and each backup handled as its name says.
import { abandonedObjects } from '../backup/abandoned.ts';
import { storedPartOf } from '../backup/catalogue.ts';
import { formatByName, isSealedName, manifestName, partName } from '../backup/name.ts';
import { verdictName } from '../backup/verdict.ts';
import { OpsError } from '../base/errors.ts';
import type { Opening } from '../seal/seal.ts';
import type { Stored, StoreName } from '../store/store.ts';
import type { Format, Listed, Looks } from './format.ts';
import { holderOf } from './holder.ts';
import type { RepositoryOptions } from './options.ts';
import { pagesFormat } from './pages/pages-format.ts';
import { plainFormat } from './plain/plain-format.ts';
import { proveFile, unfetched, unusable } from './proof.ts';
import { proveSealed } from './prove-sealed.ts';
import { putLatest } from './put-latest.ts';
import { putVerdict } from './put-verdict.ts';
import { readCatalogue } from './read-catalogue.ts';
import { forgetOthers } from './remembered-manifests.ts';
import type { Fetched, Repository } from './repository.ts';
import { requireOpening } from './sealing.ts';
import { sharedObjects } from './shared-objects.ts';

/** Opens it; nothing is read yet. */
export function openRepository(options: RepositoryOptions): Repository {
  const { store, naming, clock, signal, progress, opening } = options;
  const formats: Record<ReturnType<typeof formatByName>, Format> = {
    plain: plainFormat(options),
    pages: pagesFormat(options),
  };
  const formatOf = (name: StoreName) => formats[formatByName(name)];
  /** What the last list saw: it is what was decided on, and nothing that came after it is removed. */
  let seen: Listed | undefined;
  const look = async (): Promise<Listed> => readCatalogue(options);
  const looks: Looks = { listed: async () => seen ?? (await look()), look };
  const shared = sharedObjects(options.scratch);
  const fetch = async (entry: Fetched, target: string, provesAll = false) => {
    await shared.leaveRoom(2 * entry.sizeBytes);
    return formatOf(entry.name).fetch(entry, target, { ...looks, shared, provesAll });
  };
  const begun = async () =>
    new Set((await Promise.all(Object.values(formats).map((each) => each.underWay()))).flat());
  return {
    async list() {
      seen = await look();
      return [...seen.entries];
    },
    holderOf: (name) => holderOf(store, name),
    requireRoom: (name, backup) => formatOf(name).requireRoom(backup),
    async add(backup) {
      const added = await formatOf(backup.manifest.backup).add(backup, looks);
      // What is remembered of backups that are gone helps nobody any more.
      const { listing } = await looks.listed();
      const { backup: name } = backup.manifest;
      await forgetOthers(options, [...listing.map((stored) => stored.name), name, ...(await begun())]);
      return added;
    },
    refreshLatest: (copy) => putLatest(options, copy, { consume: true }),
    async finishPending() {
      for (const format of Object.values(formats)) await format.finishPending();
    },
    keepShared: () => shared.keep(),
    fetch: (entry, target) => fetch(entry, target),
    async requireOpen(entry) {
      if (!isSealedName(entry.name)) return;
      const recipients = storedPartOf(entry)?.recipients;
      await requireOpening(options, { backup: entry.name, recipients });
    },
    async prove(entry, source, target) {
      if (entry.state === 'damaged')
        return unusable(entry.name, entry.problem ?? 'its manifest cannot be used', entry.brokenBy);
      if (entry.sealed !== undefined && opening === undefined) return proveSealed(options, entry, target);
      try {
        const file = await fetch(entry, target, true);
        return await proveFile(file, entry, source, { signal, progress, task: `${naming.app}: checking` });
      } catch (error) {
        if (isUnopened(error, opening)) return proveSealed(options, entry, target);
        return unfetched(entry, error);
      }
    },
    condemn: (entry, found) => putVerdict(options, entry, found),
    async remove(name) {
      const there = new Map(seen?.listing.map((stored) => [stored.name, stored]));
      for (const part of partsOf(name, there)) await store.remove(part, { expected: there.get(part) });
    },
    async sweep() {
      const { listing } = await looks.listed();
      const abandoned = abandonedObjects(listing, naming, { underWay: await begun(), now: clock.now() });
      for (const { objects } of abandoned)
        for (const expected of objects) await store.remove(expected.name, { expected });
      return abandoned.map(({ backup }) => backup);
    },
  };
}

/** Who was asked for an identity gave none. */
function isUnopened(error: unknown, opening: Opening | undefined): boolean {
  return error instanceof OpsError && error.kind === 'denied' && opening?.recipients.length === 0;
}

/**
 * The objects of a backup in the order in which they go: data first. Neither a further part nor a verdict that the last
 * list did not see is asked for: it is of the next backup of this name.
 */
function partsOf(name: StoreName, there: ReadonlyMap<StoreName, Stored>): StoreName[] {
  const further: StoreName[] = [];
  for (let part = 2; there.has(partName(name, part)); part += 1) further.push(partName(name, part));
  const verdict = verdictName(name);
  return [name, ...further, ...(there.has(verdict) ? [verdict] : []), manifestName(name)];
}
