// What is known of the documents at a reader. It saves work and decides nothing: lost, all of them are looked at once more.
import { Fields, type Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';

/** What is known of one document there. */
export interface KnownShipment {
  /** The bytes that were found in place, and when they were found there first; undefined where none ever were. */
  shipped: { sha256: string; at: Date } | undefined;
  /** Since when other bytes have waited to take their place; undefined for none. */
  pendingSince: Date | undefined;
}

export interface ShipState {
  /** Which reader, as it was configured: of another one nothing is known. */
  to: string;
  /** When all documents were last looked at there. */
  lookedAt: Date | undefined;
  documents: ReadonlyMap<string, KnownShipment>;
}

const format: RecordFormat = { name: 'holdfast-shipped', version: 1 };

export function formatShipState({ to, lookedAt, documents }: ShipState): string {
  const known = [...documents].map(([name, { shipped, pendingSince }]) => [
    name,
    {
      ...(shipped && { sha256: shipped.sha256, shipped_at: shipped.at.toISOString() }),
      ...(pendingSince && { pending_since: pendingSince.toISOString() }),
    },
  ]);
  return formatJsonRecord(format, {
    to,
    ...(lookedAt && { looked_at: lookedAt.toISOString() }),
    documents: Object.fromEntries(known) as unknown,
  });
}

/** Throws what `flaw` makes for anything that `formatShipState` does not write. */
export function parseShipState(text: string, flaw: Flaw): ShipState {
  const { fields } = openJsonRecord(text, format, flaw);
  const documents = new Map<string, KnownShipment>();
  for (const [name, value] of fields.object('documents').entries()) {
    const document = new Fields(value, `documents.${name}.`, flaw);
    documents.set(name, {
      shipped: document.has('sha256')
        ? { sha256: document.digest('sha256'), at: document.instant('shipped_at') }
        : undefined,
      pendingSince: optionalInstant(document, 'pending_since'),
    });
  }
  return { to: fields.text('to'), lookedAt: optionalInstant(fields, 'looked_at'), documents };
}

function optionalInstant(fields: Fields, key: string): Date | undefined {
  return fields.has(key) ? fields.instant(key) : undefined;
}
