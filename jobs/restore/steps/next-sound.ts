// Restoring a backup that was not named: where the one that was chosen turns out bad, the next sound one is taken, and said.
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import type { OpsError } from '../../../lib/base/errors.ts';
import type { Finding } from '../../../lib/base/finding.ts';
import { formatCount } from '../../../lib/base/format.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { UnsoundBackup } from './stage-backup.ts';

/** What was chosen, among what. */
export interface Choice {
  entry: CatalogueEntry;
  entries: readonly CatalogueEntry[];
}

/** A newer backup that was not taken, and why. */
export interface PassedOver {
  backup: string;
  problem: string;
  /** Whether its bytes are bad, or some that it is based on, and not only in doubt. */
  isBad: boolean;
  /** The backup that is the cause, where it is not this one but one that it is based on. */
  brokenBy?: string;
}

/**
 * Does `work` with what `choose` gives, and again with what it gives then, as long as `work` finds the backup unsound and
 * nobody named it. By then it is known as bad, so another one is chosen. Throws what `work` throws for one that was named,
 * and what `choose` throws where no other is left.
 */
export async function withSoundBackup<T, Chosen extends Choice>(
  context: JobContext,
  { name, at }: { name?: string | undefined; at?: string | undefined },
  choose: () => Promise<Chosen>,
  work: (choice: Chosen) => Promise<T>,
): Promise<{ result: T; passedOver: PassedOver[] }> {
  const isOpen = name === 'latest' || at !== undefined;
  const found = new Map<string, OpsError>();
  for (;;) {
    const choice = await choose().catch((error: unknown) => {
      const [first = error] = found.values(); // that no other is left is not the news
      throw first;
    });
    const passedOver = isOpen ? newerThan(choice, found) : [];
    for (const { backup, problem } of folded(passedOver))
      context.log.warn(`${backup} is passed over for ${choice.entry.name}: ${problem}`);
    try {
      return { result: await work(choice), passedOver };
    } catch (error) {
      // Chosen again it cannot be, unless what was found could be remembered nowhere.
      if (!(error instanceof UnsoundBackup) || !isOpen || found.has(choice.entry.name)) throw error;
      context.log.error(error.message);
      found.set(choice.entry.name, error);
    }
  }
}

/** The backups that would have come before the chosen one; what nobody calls a backup is none. */
function newerThan({ entry, entries }: Choice, found: ReadonlyMap<string, OpsError>): PassedOver[] {
  const index = entries.findIndex(({ name }) => name === entry.name);
  return entries
    .slice(0, Math.max(index, 0))
    .flatMap(({ name: backup, state, problem = '', isBad = false, brokenBy }): PassedOver[] => {
      const by = brokenBy === undefined ? {} : { brokenBy };
      const now = found.get(backup);
      if (now !== undefined) return [{ backup, problem: now.message, isBad: true, ...by }];
      const isPassedOver = state === 'damaged' || state === 'suspect' || state === 'future';
      return isPassedOver ? [{ backup, problem: `it is ${state}: ${problem}`, isBad, ...by }] : [];
    });
}

/** As they are told: what one bad backup takes along is counted, and not named one by one. */
function folded(passedOver: readonly PassedOver[]): PassedOver[] {
  const groups = Map.groupBy(passedOver, ({ backup, brokenBy = backup }) => brokenBy);
  return [...groups].flatMap(([cause, group]) => {
    // The one that is to blame, where it is among them, else the newest that is based on it.
    const told = group.find(({ backup }) => backup === cause) ?? group[0];
    if (told === undefined || group.length === 1) return group;
    const others = formatCount(group.length - 1, 'backup');
    const problem = `${told.problem}; passed over with it: ${others} more, based on ${cause}`;
    return [{ ...told, problem }];
  });
}

/** What a person reads of them. */
export function passedOverLines(passedOver: readonly PassedOver[]): string[] {
  return folded(passedOver).map(({ backup, problem }) => `PASSED OVER ${backup}: ${problem}`);
}

/** That a backup is bad is news, also where another one could be restored. */
export function passedOverFindings(app: string, passedOver: readonly PassedOver[]): Finding[] {
  return folded(passedOver)
    .filter(({ isBad }) => isBad)
    .map(({ backup, problem }) => ({
      subject: app,
      severity: 'critical',
      message: `${backup} was passed over: ${problem}`,
      hint: 'an older backup was restored; look at the others: db-backup verify --all',
    }));
}
