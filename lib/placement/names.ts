// What placement leaves beside a database, and which names there are ours, from the name of the database's file.
// Everything lies in the directory of the database, because only inside one file system is a rename atomic.

/** The name of the intent of a placement. */
export function intentName(database: string): string {
  return `.${database}.restore.json`;
}

/** What the name of an intent begins with that was given up; a time stamp follows. */
export function abandonedIntentPrefix(database: string): string {
  return `${intentName(database)}.abandoned-`;
}

/** What the name of every staging directory begins with; six letters or digits follow. */
export function stagingPrefix(database: string): string {
  return `.${database}.restore-`;
}

/** Whether `name` is that of a staging directory. */
export function isStagingName(database: string, name: string): boolean {
  const prefix = stagingPrefix(database);
  return name.startsWith(prefix) && /^[A-Za-z0-9]{6}$/.test(name.slice(prefix.length));
}

/** The name of an undo set: `production.db.undo-20261120T020513Z`, and `…-2` for the second in that second. */
export function undoName(database: string, madeAt: Date, ordinal: number): string {
  return `${undoPrefix(database)}${timeStamp(madeAt)}${ordinal === 1 ? '' : `-${ordinal}`}`;
}

/** What sorts undo sets by age, or undefined when `name` is not the name of one. */
export function undoOrder(database: string, name: string): { stamp: string; ordinal: number } | undefined {
  if (!name.startsWith(undoPrefix(database))) return undefined;
  const match = /^(\d{8}T\d{6}Z)(?:-([1-9]\d{0,5}))?$/.exec(name.slice(undoPrefix(database).length));
  if (match === null) return undefined;
  return { stamp: match[1] ?? '', ordinal: Number(match[2] ?? 1) };
}

/** The name of a warm copy: `production.db.standby-20261120T020513Z`, and `…-2` where that one is taken. */
export function warmCopyName(database: string, takenAt: Date, ordinal: number): string {
  return `${database}.standby-${timeStamp(takenAt)}${ordinal === 1 ? '' : `-${ordinal}`}`;
}

/** Whether `name` is that of a warm copy. */
export function isWarmCopyName(database: string, name: string): boolean {
  const prefix = `${database}.standby-`;
  return name.startsWith(prefix) && /^\d{8}T\d{6}Z(-2)?$/.test(name.slice(prefix.length));
}

/** An instant in UTC to the second, as it appears in file names: `20261120T020513Z`. */
export function timeStamp(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function undoPrefix(database: string): string {
  return `${database}.undo-`;
}
