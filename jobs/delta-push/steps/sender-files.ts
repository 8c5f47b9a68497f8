// What a sender keeps in the state directory, of one app: its record, and the batch that is on its way.
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { OpsError } from '../../../lib/base/errors.ts';
import { formatSender, newSender, parseSender, type SenderRecord } from '../../../lib/delta/sender-record.ts';
import { stateNote } from '../../../lib/files/state-note.ts';
import { type Spool, spoolAt } from './spool.ts';

/** Throws OpsError where the state directory cannot be used. */
export interface SenderFiles {
  /** What was kept; undefined where nothing was yet, and OpsError `damaged` for what no version of ours has written. */
  read(): Promise<SenderRecord | undefined>;
  /** A new one, which nobody knows yet. */
  begin(): SenderRecord;
  write(record: SenderRecord): Promise<void>;
  readonly spool: Spool;
}

export function senderFiles(stateDirectory: string, app: string): SenderFiles {
  const note = stateNote(stateDirectory, 'delta', app);
  return {
    async read() {
      const text = await note.read();
      return text === undefined
        ? undefined
        : parseSender(text, (cause, hint) => damagedRecord(note.path, cause, hint));
    },
    begin: () => newSender(randomHex(), randomHex()),
    write: (record) => note.write(formatSender(record)),
    spool: spoolAt(join(dirname(note.path), 'batch')),
  };
}

export function randomHex(bytes = 16): string {
  return randomBytes(bytes).toString('hex');
}

function damagedRecord(path: string, cause: string, hint?: string): OpsError {
  return new OpsError('damaged', `cannot read ${path}, by which the receiver knows this machine: ${cause}`, {
    hint: hint ?? 'move it away, then run delta-push takeover: everything is compared and sent anew',
  });
}
