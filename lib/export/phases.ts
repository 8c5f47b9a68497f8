// Which of the two is the truth, the documents or the database, day by day: an app moves from files to a database in steps
// that a person takes, and can go back.
import { Fields, type Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';
import { type Day, isDay } from './day.ts';

/**
 * `json`: the documents are the truth, and the database is a mirror of them; `both`: the app writes both, and they are
 * only compared; `database`: the database is the truth, and the documents are made of it.
 */
export type Phase = (typeof phases)[number];

/** In the order in which an app moves. */
export const phases = ['json', 'both', 'database'] as const;

/** A stretch of days, up to the next one. */
export interface Stretch {
  phase: Phase;
  /** The first day; undefined for the first stretch, which begins with the first day there is. */
  from: Day | undefined;
  /** Since when they are in that phase; undefined where it is as configured. */
  since: Date | undefined;
  reason: string | undefined;
}

/** Stretches in the order of their days; together they have every day. */
export type Stretches = readonly [Stretch, ...Stretch[]];

const format: RecordFormat = { name: 'holdfast-phases', version: 1 };

/** Where nobody has taken a step. */
export function asConfigured(phase: Phase): Stretches {
  return [{ phase, from: undefined, since: undefined, reason: undefined }];
}

/** The stretch of a day; undefined for all that has no day, which goes with the first one. */
export function stretchOf(stretches: Stretches, day: Day | undefined): Stretch {
  const [first] = stretches;
  return stretches.findLast(({ from }) => from === undefined || (day !== undefined && from <= day)) ?? first;
}

/** A step that somebody wants to take. */
export interface PhaseStep {
  /** The first day that it is about; undefined for all. */
  from: Day | undefined;
  /** A phase on (1), or back (-1). */
  by: 1 | -1;
  since: Date;
  reason: string | undefined;
}

/** What comes of a step. */
export interface PhaseMove {
  was: Phase;
  becomes: Phase;
  stretches: Stretches;
  /** Whether a day is one of those that move. */
  moves(day: Day | undefined): boolean;
}

/**
 * Of the days that a step is about those move that are furthest behind, and on the way back those that are furthest on.
 * Undefined where there is no phase beyond.
 */
export function movePhase(
  stretches: Stretches,
  { from, by, since, reason }: PhaseStep,
): PhaseMove | undefined {
  const cut = cutAt(stretches, from);
  const isMeant = (stretch: Stretch) =>
    from === undefined || (stretch.from !== undefined && stretch.from >= from);
  const ranks = cut.filter(isMeant).map(({ phase }) => phases.indexOf(phase));
  const rank = by === 1 ? Math.min(...ranks) : Math.max(...ranks);
  const [was, becomes] = [phases[rank], phases[rank + by]];
  if (was === undefined || becomes === undefined) return undefined;
  const isMoved = (stretch: Stretch) => isMeant(stretch) && stretch.phase === was;
  const moved = cut.map((stretch) =>
    isMoved(stretch) ? { phase: becomes, from: stretch.from, since, reason } : stretch,
  );
  return {
    was,
    becomes,
    stretches: moved as [Stretch, ...Stretch[]],
    moves: (day) => isMoved(stretchOf(cut, day)),
  };
}

/** The same, with a stretch that begins on that day. */
function cutAt(stretches: Stretches, day: Day | undefined): Stretches {
  if (day === undefined || stretches.some(({ from }) => from === day)) return stretches;
  const at = stretches.findLastIndex(({ from }) => from === undefined || from < day);
  const cut = stretches.flatMap((stretch, index) =>
    index === at ? [stretch, { ...stretch, from: day }] : [stretch],
  );
  return cut as [Stretch, ...Stretch[]];
}

export function formatPhases(stretches: Stretches): string {
  const written = stretches.map(({ phase, from, since, reason }) => ({
    phase,
    from,
    since: since?.toISOString(),
    reason,
  }));
  return formatJsonRecord(format, { stretches: written }, 2);
}

/** Throws what `flaw` makes for anything that `formatPhases` does not write. */
export function parsePhases(text: string, flaw: Flaw): Stretches {
  const { fields } = openJsonRecord(text, format, flaw);
  const parsed = fields.list('stretches').map((value, index) => {
    const stretch = new Fields(value, `stretches[${index}].`, flaw);
    const from = stretch.has('from') ? stretch.string('from') : undefined;
    if (from === undefined ? index > 0 : index === 0 || !isDay(from))
      throw flaw(
        `stretches[${index}].from is ${from === undefined ? 'missing' : 'no day that may stand there'}`,
      );
    return {
      phase: stretch.choice('phase', phases),
      from,
      since: stretch.has('since') ? stretch.instant('since') : undefined,
      reason: stretch.has('reason') ? stretch.string('reason') : undefined,
    };
  });
  const [first, ...others] = parsed;
  if (first === undefined) throw flaw('stretches is empty');
  const isSorted = others.every(({ from = '' }, index) => (others[index - 1]?.from ?? '') < from);
  if (!isSorted) throw flaw('stretches are not in order');
  return [first, ...others];
}
