// What a swap calls databases, by the name of the one that apps know: each is told from the server alone, whatever else is lost.
import { createHash, randomBytes } from 'node:crypto';

/** A name of the server has 63 bytes at most, and what is longer is cut without a word. */
const nameBytesMax = 63;
/** `_holdfast_20261128_020513_999`: what a name is followed by has room. */
const stemBytesMax = nameBytesMax - 29;

/**
 * The name of a database that was replaced: `traitortrack_holdfast_20261128_020513`, and `…_2` for the second in that second. In
 * lower case, so that a person who types it without quotes means it. Of a long name the beginning, and a digest of all of it.
 */
export function undoName(live: string, madeAt: Date, ordinal: number): string {
  return `${undoPrefix(live)}${stampOf(madeAt)}${ordinal === 1 ? '' : `_${ordinal}`}`;
}

/** What sorts them by age, and the instant that is in the name; undefined for a name that is none of `live`. */
export function undoOrder(
  live: string,
  name: string,
): { stamp: string; ordinal: number; madeAt: Date } | undefined {
  if (!name.startsWith(undoPrefix(live))) return undefined;
  const rest = name.slice(undoPrefix(live).length);
  const found = /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)(?:_([1-9]\d{0,2}))?$/.exec(rest);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, ordinal = '1'] = found;
  const madeAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(madeAt.getTime()) || stampOf(madeAt) !== rest.slice(0, 15)) return undefined;
  return { stamp: rest.slice(0, 15), ordinal: Number(ordinal), madeAt };
}

/** The name of a database that is made ready to take the place of `live`; no two are the same. Programs take none of it for an address. */
export function newName(live: string): string {
  return `${newPrefix(live)}${randomBytes(4).toString('hex')}`;
}

export function isNewName(live: string, name: string): boolean {
  return name.startsWith(newPrefix(live)) && /^[0-9a-f]{8}$/.test(name.slice(newPrefix(live).length));
}

/** Why a database cannot have this name; undefined where it can. */
export function nameProblem(name: string): string | undefined {
  if (name === '' || name.includes('\0')) return 'that is no name';
  if (Buffer.byteLength(name) > nameBytesMax) return `a name has ${nameBytesMax} bytes at most`;
  if (['postgres', 'template0', 'template1'].includes(name)) return 'that one is the server’s own';
  return undefined;
}

function newPrefix(live: string): string {
  return `holdfast_new_${digestOf(live, 16)}_`;
}

function undoPrefix(live: string): string {
  if (Buffer.byteLength(live) <= stemBytesMax) return `${live}_holdfast_`;
  let stem = '';
  for (const character of live) {
    if (Buffer.byteLength(stem + character) > stemBytesMax - 9) break;
    stem += character;
  }
  return `${stem}_${digestOf(live, 8)}_holdfast_`;
}

function digestOf(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

/** To the second, in UTC: `20261128_020513`. */
function stampOf(instant: Date): string {
  return instant.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
}
