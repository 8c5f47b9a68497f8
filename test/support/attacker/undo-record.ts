// The record of an undo set, as somebody who has read docs/formats.md writes one.

/** A mark of a file, as records have it. */
export const mark = { device: '1', inode: '1', size_bytes: '1', modified_ns: '1' };

/** One that counts but for what `fields` say. */
export function undoRecord(fields: Record<string, unknown>): string {
  return JSON.stringify({
    format: 'holdfast-undo-set',
    version: 1,
    app: 'bookings',
    target: '/srv/bookings.db',
    replaced_by: 'backups/bookings/x.db',
    made_at: '2026-11-01T00:00:00.000Z',
    state: 'kept',
    members: [{ suffix: '', ...mark }],
    ...fields,
  });
}
