// What stays for the sake of others: a backup in pages is worth nothing without what it is based on.

/** A backup, and the name of the one that it is based on. */
export interface BaseLink {
  name: string;
  base?: string | undefined;
}

/**
 * For each of `backups` that something is based on which stays, the reason, which names that. What stays is what `isKept`
 * says, `others`, and what these keep in turn.
 */
export function keptAsBases<Backup extends BaseLink>(
  backups: readonly Backup[],
  isKept: (backup: Backup) => boolean,
  others: readonly BaseLink[],
): Map<string, string> {
  const byName = new Map(backups.map((backup) => [backup.name, backup]));
  const dependents = new Map<string, string[]>();
  const stays: BaseLink[] = [...backups.filter(isKept), ...others];
  const seen = new Set(stays.map(({ name }) => name));
  // Grows while it is read: what is kept as a base keeps its own base, each once, so that a circle ends as well.
  for (const { name, base } of stays) {
    if (base === undefined) continue;
    dependents.set(base, [...(dependents.get(base) ?? []), name]);
    const found = byName.get(base);
    if (found === undefined || seen.has(base)) continue;
    seen.add(base);
    stays.push(found);
  }
  return new Map([...dependents].map(([base, names]) => [base, reasonOf(names)]));
}

function reasonOf([first = '', ...more]: readonly string[]): string {
  return more.length === 0
    ? `what ${first} is based on`
    : `what ${first} and ${more.length} more are based on`;
}

/** The names of `backups` in an order in which each comes after all that is based on it; in the given order otherwise. */
export function dependentsFirst(backups: readonly BaseLink[]): string[] {
  const on = Map.groupBy(backups, ({ base }) => base);
  const ordered = new Set<string>();
  const begun = new Set<string>();
  const put = ({ name }: BaseLink): void => {
    if (begun.has(name)) return;
    begun.add(name);
    for (const dependent of on.get(name) ?? []) put(dependent);
    ordered.add(name);
  };
  for (const backup of backups) put(backup);
  return [...ordered];
}
