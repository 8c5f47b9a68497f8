// What of names and values PostgreSQL can hold, and a column of values in a statement.

/** PostgreSQL cuts longer ones without a word, and then two names may be one. */
const nameBytesMax = 63;
/** What every table of PostgreSQL has already. */
const systemColumns = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);

/** Why PostgreSQL could not have a table or column of this name; undefined where it can. */
export function unfitName(name: string, of: 'table' | 'column'): string | undefined {
  if (Buffer.byteLength(name) > nameBytesMax)
    return `the name of the ${of} ${name} has more than the ${nameBytesMax} bytes that PostgreSQL has for one`;
  if (of === 'column' && systemColumns.has(name))
    return `PostgreSQL has a column ${name} of its own in every table`;
  return undefined;
}

/** The values of a column, one a row, as the text of an array. */
export function arrayOf(values: readonly (string | null)[]): string {
  let text = '{';
  for (const [index, value] of values.entries()) {
    if (index > 0) text += ',';
    text += value === null ? 'NULL' : element(value);
  }
  return `${text}}`;
}

/** Quoted where it could be read as anything but itself. */
function element(value: string): string {
  return /^-?[\d.]+$/.test(value) ? value : `"${value.replace(/["\\]/g, String.raw`\$&`)}"`;
}
