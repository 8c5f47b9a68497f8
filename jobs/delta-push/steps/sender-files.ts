// What a sender keeps in the state directory, of one app: its record, and the batch that is on its way.
import { randomBytes } from 'node:crypto';
import { constants, open, unlink } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { errorCode, OpsError, systemError } from '../../../lib/base/errors.ts';
import { headerBytesMax, parseHeader } from '../../../lib/delta/batch-header.ts';
import type { BatchHeader } from '../../../lib/delta/batch.ts';
import { formatSender, newSender, parseSender, type SenderRecord } from '../../../lib/delta/sender-record.ts';
import { writeFileAtomically } from '../../../lib/files/durable.ts';
import { stateNote } from '../../../lib/files/state-note.ts';

/** A batch as it lies in the spool. */
export interface Spooled {
  readonly header: BatchHeader;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** Throws OpsError where the state directory cannot be used. */
export interface SenderFiles {
  /** What was kept; undefined where nothing was yet, and OpsError `damaged` for what no version of ours has written. */
  read(): Promise<SenderRecord | undefined>;
  /** A new one, which nobody knows yet. */
  begin(): SenderRecord;
  write(record: SenderRecord): Promise<void>;
  /** The batch that is on its way. One that cannot be read is no batch: what was in it is still noted. */
  spooled(): Promise<Spooled | undefined>;
  spool(batch: Spooled): Promise<void>;
  dropSpool(): Promise<void>;
}

/** A batch in the spool is never larger: its rows are bounded before they are compressed. */
const spoolBytesMax = 128 * 1024 * 1024;

export function senderFiles(stateDirectory: string, app: string): SenderFiles {
  const note = stateNote(stateDirectory, 'delta', app);
  const batchPath = join(dirname(note.path), 'batch');
  return {
    async read() {
      const text = await note.read();
      return text === undefined
        ? undefined
        : parseSender(text, (cause, hint) => damagedRecord(note.path, cause, hint));
    },
    begin: () => newSender(randomHex(), randomHex()),
    write: (record) => note.write(formatSender(record)),
    spooled: () => readBatch(batchPath),
    spool: ({ bytes }) => writeFileAtomically(batchPath, bytes, { mode: 0o640, toOwner: true }),
    dropSpool: () => unlink(batchPath).catch((error: unknown) => ignoreMissing(batchPath, error)),
  };
}

export function randomHex(bytes = 16): string {
  return randomBytes(bytes).toString('hex');
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function readBatch(path: string): Promise<Spooled | undefined> {
  const bytes = await readWhole(path);
  if (bytes === undefined) return undefined;
  const end = bytes.subarray(0, headerBytesMax + 1).indexOf(0x0a);
  if (end < 0 || bytes.length < end + 5) return undefined;
  try {
    return { header: parseHeader(bytes.toString('utf8', 0, end)), bytes, sha256: sha256Of(bytes) };
  } catch (error) {
    // A newer Holdfast has written it, before it was taken back to this one; or the disk did not keep it.
    if (error instanceof OpsError && error.kind === 'damaged') return undefined;
    throw error;
  }
}

/** Undefined where nothing is, or what no version of ours has written: a pipe, a link, more than any batch. */
async function readWhole(path: string): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const status = await file.stat();
    if (!status.isFile() || status.size > spoolBytesMax) return undefined;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(status.size), 0, status.size, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ELOOP') return undefined;
    throw systemError(`read ${path}`, error);
  }
}

function ignoreMissing(path: string, error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw systemError(`remove ${path}`, error);
}

function damagedRecord(path: string, cause: string, hint?: string): OpsError {
  return new OpsError('damaged', `cannot read ${path}, by which the receiver knows this machine: ${cause}`, {
    hint: hint ?? 'move it away, then run delta-push takeover: everything is compared and sent anew',
  });
}
