// What is known of a database that was replaced: it stands in the comment of that database, with the comment that it had. The format
// is a promise: what an older Holdfast wrote is still read. What depends on it is what people are told, and no more.
import { ifWhole } from '../../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../../record/json-record.ts';

export interface UndoRecord {
  /** The name that it had. */
  readonly live: string;
  /** The backup or undo database that took its place. */
  readonly replacedBy: string;
  readonly madeAt: Date;
  /** `open`: whoever replaced it has not said yet that this is to stay. */
  readonly state: 'open' | 'kept';
  /** Its own comment. */
  readonly comment: string | undefined;
}

const format: RecordFormat = { name: 'holdfast-undo-database', version: 1 };

export function formatUndoRecord({ live, replacedBy, madeAt, state, comment }: UndoRecord): string {
  return formatJsonRecord(format, {
    live,
    replaced_by: replacedBy,
    made_at: madeAt.toISOString(),
    state,
    comment,
  }).trimEnd();
}

/** Undefined for a comment that is none, or that a newer Holdfast wrote: the name says enough. */
export function parseUndoRecord(comment: string | undefined): UndoRecord | undefined {
  if (comment === undefined) return undefined;
  return ifWhole((flaw) => {
    const { fields } = openJsonRecord(comment, format, flaw);
    return {
      live: fields.text('live'),
      replacedBy: fields.string('replaced_by'),
      madeAt: fields.instant('made_at'),
      state: fields.choice('state', ['open', 'kept'] as const),
      comment: fields.has('comment') ? fields.string('comment') : undefined,
    };
  });
}

/** The comment that somebody wrote for people. */
export function ownComment(comment: string | undefined): string | undefined {
  const record = parseUndoRecord(comment);
  return record === undefined ? comment : record.comment;
}
