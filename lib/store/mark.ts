// The marker that makes a place a store, and says which one it is. An empty mount point has none, nor has another account.
import { randomBytes } from 'node:crypto';
import { OpsError } from '../base/errors.ts';
import { parseJsonObject } from '../record/json-object.ts';
import { formatJsonRecord, type RecordFormat } from '../record/json-record.ts';

/** `.holdfast-store` in the root: `{"format": "holdfast-store", "version": 2, "id": …, "created_at"?: …}`. */
export const markerName = '.holdfast-store';
export const markerBytesMax = 64 * 1024;
const format: RecordFormat = { name: 'holdfast-store', version: 2 };

/** What a marker says of its store. */
export interface StoreMark {
  /** By which this store is told from every other; version 1 had none. */
  id: string | undefined;
}

/** 32 hex digits that no other store has. */
export function newStoreId(): string {
  return randomBytes(16).toString('hex');
}

/** Whether it is what `newStoreId` gives. */
function isStoreId(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{32}$/.test(text);
}

/** The text of a marker. Without `madeAt` one id has one text, where the store itself tells when a file came. */
export function formatStoreMark(id: string, madeAt?: Date): string {
  return formatJsonRecord(format, { id, ...(madeAt && { created_at: madeAt.toISOString() }) });
}

/**
 * Reads a marker; `called` is the place in messages. Throws OpsError `damaged` with `hint` for what is none, and
 * `unavailable` for that of a newer version.
 */
export function parseStoreMark(text: string, { called, hint }: { called: string; hint: string }): StoreMark {
  const marker = parseJsonObject(text);
  const version = marker?.['version'];
  if (marker?.['format'] !== format.name || typeof version !== 'number')
    throw new OpsError('damaged', `cannot use ${called}: its ${markerName} is not readable`, { hint });
  if (version > format.version)
    throw new OpsError(
      'unavailable',
      `cannot use ${called}: its format is version ${version}, this Holdfast knows version ${format.version}`,
      { hint: 'use the Holdfast that made it, or a newer one' },
    );
  const id = marker['id'];
  return { id: isStoreId(id) ? id : undefined };
}
