// What explains what: of a full disk people are told, and not also of everything that cannot be written on it.
import type { Verdict } from '../base/verdict.ts';
import type { AnyCheck } from './check.ts';
import type { Reading } from './reading.ts';

/** The subject of a check that is about the whole machine. */
export const machine = 'machine';

/**
 * By what each bad reading is explained, `disk-space of /`; undefined where it stands for itself. A cause explains what is about
 * the same subject, everything where it is about the machine, and what lies on the file system that it is about; and nothing
 * that is worse than itself.
 */
export function causeOf(
  reading: Reading,
  readings: readonly Reading[],
  checks: ReadonlyMap<string, AnyCheck>,
): string | undefined {
  if (reading.verdict === 'ok') return undefined;
  const causes = checks.get(reading.check)?.causedBy ?? [];
  const cause = readings.find(
    (other) =>
      rank(other.verdict) >= rank(reading.verdict) &&
      causes.includes(other.check) &&
      other !== reading &&
      isAbout(other, reading, readings),
  );
  return cause && describeCause(cause);
}

/** What could not be found out is no worse than a warning: the cause says why. */
function rank(verdict: Verdict): number {
  return { ok: 0, warning: 1, unknown: 1, critical: 2 }[verdict];
}

function describeCause({ check, subject }: Reading): string {
  return subject === machine ? check : `${check} of ${subject}`;
}

function isAbout(cause: Reading, { subject, paths = [] }: Reading, readings: readonly Reading[]): boolean {
  if (cause.subject === machine || cause.subject === subject) return true;
  if (subject.startsWith(`${cause.subject}/`)) return true; // a part of it: `ctv/closed-years` of `ctv`
  // Of all the places that the cause's check has looked at, the one that is nearest above the path.
  const places = readings.filter(({ check }) => check === cause.check).flatMap(placesIn);
  return paths.some((path) => {
    const place = placeOf(path, places);
    return place !== undefined && placesIn(cause).includes(place);
  });
}

/** What a reading is about: a place is its own subject, unless it says more. */
function placesIn({ subject, paths = [] }: Reading): string[] {
  return paths.length > 0 ? [...paths] : subject.startsWith('/') ? [subject] : [];
}

/** The one of the places that a path is in, as the longest prefix says; undefined where none is. */
export function placeOf(path: string, places: readonly string[]): string | undefined {
  const above = places.filter(
    (place) => path === place || path.startsWith(place === '/' ? '/' : `${place}/`),
  );
  return above.sort((a, b) => b.length - a.length)[0];
}
