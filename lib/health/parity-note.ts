// What the last comparison of an app with its receiver came to: for health-check and the report. docs/formats.md pins the file.
import type { Fields, Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';

export interface ParityNote {
  readonly at: Date;
  /** Whether all days of all tables were compared. */
  readonly isDeep: boolean;
  readonly rows: number;
  /** Days of tables, or whole tables: equal, different without an explanation, and neither. */
  readonly equal: number;
  readonly differing: number;
  readonly notComparable: number;
  /** The first of those that differ: `VISIT of 2026-11-27`. */
  readonly named: readonly string[];
}

const format: RecordFormat = { name: 'holdfast-delta-parity', version: 1, called: 'note of a comparison' };

/** Its name in `<state directory>/delta/<app>`. */
export const parityNoteName = 'parity.json';

export function formatParityNote({
  at,
  isDeep,
  rows,
  equal,
  differing,
  notComparable,
  named,
}: ParityNote): string {
  return formatJsonRecord(format, {
    ...{ at: at.toISOString(), deep: isDeep, rows, equal, differing, not_comparable: notComparable, named },
  });
}

/** Throws what `flaw` makes for what is none of ours. */
export function parseParityNote(text: string, flaw: Flaw): ParityNote {
  const fields: Fields = openJsonRecord(text, format, flaw).fields;
  return {
    at: fields.instant('at'),
    isDeep: fields.boolean('deep'),
    rows: fields.count('rows'),
    equal: fields.count('equal'),
    differing: fields.count('differing'),
    notComparable: fields.count('not_comparable'),
    named: fields.list('named').map(String),
  };
}
