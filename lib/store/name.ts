// Which names a store accepts. Checked before a name reaches any store, so that no store can be led outside itself.
import { OpsError } from '../base/errors.ts';
import type { StoreName } from './store.ts';

const segmentBytesMax = 255;
const nameBytesMax = 1000;

/**
 * Returns `text` as a store name, without leading slashes. Throws OpsError `usage` for a name that is empty, too
 * long, holds control characters or a backslash, or has an empty, `.` or `..` segment.
 */
export function requireStoreName(text: string): StoreName {
  const name = text.replace(/^\/+/, '');
  const problem = nameProblem(name);
  if (problem !== undefined) {
    throw new OpsError('usage', `cannot use ${quoteName(text)} as a name in the store: ${problem}`, {
      hint: 'db-backup list-backups shows the names there are',
    });
  }
  return name;
}

const reserved = /^\.holdfast-/i; // also where letter case tells nothing apart

/** `requireStoreName`, and OpsError `usage` for the names that Holdfast keeps to itself in a store. */
export function requireObjectName(text: string): StoreName {
  const name = requireStoreName(text);
  if (!isReserved(name)) return name;
  throw new OpsError(
    'usage',
    `cannot use ${quoteName(text)} as a name in the store: names beginning with .holdfast- are reserved`,
  );
}

/** Whether the name, or a folder above it, is one that Holdfast keeps to itself. */
export function isReserved(name: StoreName): boolean {
  return name.split('/').some((segment) => reserved.test(segment));
}

function nameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (Buffer.byteLength(name) > nameBytesMax) return `it is longer than ${nameBytesMax} bytes`;
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(name)) return 'it holds a control character or a backslash';
  for (const segment of name.split('/')) {
    if (segment === '') return 'it has an empty segment';
    if (segment === '.' || segment === '..') return `it has a "${segment}" segment`;
    if (Buffer.byteLength(segment) > segmentBytesMax)
      return `a segment is longer than ${segmentBytesMax} bytes`;
  }
  return undefined;
}

/** A name as it may be shown: control characters escaped, cut at 80 characters. */
export function quoteName(text: string): string {
  const shown = JSON.stringify(text);
  return shown.length <= 82 ? shown : `${shown.slice(0, 78)}…"`;
}

/** The names above a name, from the top: none of them can be an object beside it. */
export function namesAbove(name: StoreName): StoreName[] {
  const segments = name.split('/').slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
}
