// Days that a person has frozen: their documents must not change any more. It is their decision, so it is kept like one.
import { Fields, type Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';
import { type Day, isDay } from './day.ts';

/** Since when a day is frozen, and why; a query of the operator says neither. */
interface Freeze {
  since: Date | undefined;
  reason: string | undefined;
}

/** The frozen days. */
export type FrozenDays = ReadonlyMap<Day, Freeze>;

const format: RecordFormat = { name: 'holdfast-frozen', version: 1 };

/** The days that were frozen by hand, in order, as JSON text. */
export function formatFrozen(frozen: FrozenDays): string {
  const days = Object.fromEntries(
    [...frozen]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([day, { since, reason }]) => [day, { since: since?.toISOString(), reason }]),
  );
  return formatJsonRecord(format, { days }, 2);
}

/** Throws what `flaw` makes for anything that `formatFrozen` does not write. */
export function parseFrozen(text: string, flaw: Flaw): FrozenDays {
  const { fields } = openJsonRecord(text, format, flaw);
  const frozen = new Map<Day, Freeze>();
  for (const [day, value] of fields.object('days').entries()) {
    if (!isDay(day)) throw flaw(`days.${day} is no day`);
    const freeze = new Fields(value, `days.${day}.`, flaw);
    frozen.set(day, {
      since: freeze.has('since') ? freeze.instant('since') : undefined,
      reason: freeze.has('reason') ? freeze.string('reason') : undefined,
    });
  }
  return frozen;
}

/** Those frozen by hand and those that a query lists; what a person said of a day stands. */
export function mergedFrozen(byHand: FrozenDays, byQuery: readonly Day[]): FrozenDays {
  const unknown: Freeze = { since: undefined, reason: undefined };
  return new Map([...byQuery.map((day): [Day, Freeze] => [day, unknown]), ...byHand]);
}
