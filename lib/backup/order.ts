// The one order in which backups are listed, chosen and pruned.

/**
 * Compares two backups for sorting: newest first, and by name where they are of the same instant: of one database in two formats
 * the plain file (`.db`) comes before the pages.
 */
export function newestFirst(a: { name: string; takenAt: Date }, b: { name: string; takenAt: Date }): number {
  const ageMs = b.takenAt.getTime() - a.takenAt.getTime();
  if (ageMs !== 0) return ageMs;
  // By code unit, not by locale: the same order on every machine.
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
