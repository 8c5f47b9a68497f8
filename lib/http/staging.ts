// What has arrived of a batch that is not whole yet: one of each source, in a directory of its own, bounded for each and for
// all together. docs/formats.md pins the files.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { OpsError } from '../base/errors.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { ifPathThere } from '../files/if-there.ts';
import { createDirectories } from '../files/make-directories.ts';
import { readRecord } from '../files/read-small-file.ts';
import { freeBytes } from '../files/space.ts';
import { ifWhole } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord } from '../record/json-record.ts';
import { Refused } from './asked.ts';

/** Which batch, and how large it will be. */
export interface BatchName {
  readonly epoch: string;
  readonly batchNo: number;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface StagedBatch extends BatchName {
  /** How much of it is there. */
  readonly bytes: number;
}

const format = { name: 'holdfast-staged-batch', version: 1, called: 'note of a staged batch' };
/** What is always left to the file system. */
const reserveBytes = 256 * 1024 * 1024;
/** Without a byte for so long, whoever sends is gone. */
const silenceMs = 60_000;
/** What nobody has gone on with for so long is removed. */
const keptMs = 14 * 86_400_000;

export class Staging {
  readonly #directory: string;
  readonly #limits: { readonly batchBytesMax: number; readonly totalBytesMax: number };
  /** Of each source: bytes of its file, as far as this process has seen. */
  readonly #sizes = new Map<string, number>();
  /** Files whose every byte this process has written: what is wrong with one is not a power cut's doing. */
  readonly #ours = new Set<string>();

  constructor(directory: string, limits: { batchBytesMax: number; totalBytesMax: number }) {
    this.#directory = directory;
    this.#limits = limits;
  }

  /** Removes what belongs to no source any more, and what nobody has gone on with. */
  async sweep(sources: readonly string[], now: Date): Promise<void> {
    for (const source of (await ifPathThere(readdir(this.#directory))) ?? []) {
      const found = await ifPathThere(stat(this.#file(source)));
      const isOld = found !== undefined && now.getTime() - found.mtimeMs > keptMs;
      if (isOld || !sources.includes(source)) await this.remove(source);
      else this.#sizes.set(source, found?.size ?? 0);
    }
  }

  /** What is there of a batch of the source. */
  async look(source: string): Promise<StagedBatch | undefined> {
    const text = await readRecord(this.#note(source), 4096).catch(() => undefined);
    const bytes = (await ifPathThere(stat(this.#file(source))))?.size;
    if (text === undefined || bytes === undefined) return undefined;
    return ifWhole((flaw) => {
      const { fields } = openJsonRecord(text, format, flaw);
      const sizeBytes = fields.integer('size_bytes', 1, Number.MAX_SAFE_INTEGER);
      const batchNo = fields.integer('batch_no', 1, Number.MAX_SAFE_INTEGER);
      return { epoch: fields.text('epoch'), batchNo, sizeBytes, sha256: fields.digest('sha256'), bytes };
    });
  }

  /**
   * Takes in a piece that begins where the last one ended, and returns how much is there then. One that begins elsewhere is
   * not read. Another batch takes the place of the one that was there. Throws Refused `413` and `503`.
   */
  async take(
    source: string,
    batch: BatchName,
    piece: { offset: number; sizeBytes: number; open: () => Readable; signal: AbortSignal },
  ): Promise<number> {
    const have = await this.#begin(source, batch);
    if (piece.offset !== have || piece.sizeBytes === 0) return have;
    await this.#requireRoom(source, piece.sizeBytes);
    await using file = await open(this.#file(source), 'r+');
    let at = have;
    try {
      for await (const bytes of arriving(piece.open(), piece.signal)) {
        if (at + bytes.length > have + piece.sizeBytes) break; // Node holds a body to what its head says
        await file.writev([bytes], at);
        at += bytes.length;
      }
    } finally {
      this.#sizes.set(source, at);
    }
    return at;
  }

  /** The path of a whole batch whose bytes are those of its SHA-256; undefined where they are not, and it is gone. */
  async whole(source: string, batch: BatchName): Promise<string | undefined> {
    const path = this.#file(source);
    const hash = createHash('sha256');
    for await (const bytes of createReadStream(path, { highWaterMark: 1024 * 1024 }))
      hash.update(bytes as Buffer);
    if (hash.digest('hex') === batch.sha256) return path;
    await this.remove(source);
    return undefined;
  }

  /** Whether all that is there of it was written by this process. */
  isOurs(source: string): boolean {
    return this.#ours.has(source);
  }

  async remove(source: string): Promise<void> {
    await rm(join(this.#directory, source), { recursive: true, force: true });
    this.#sizes.delete(source);
    this.#ours.delete(source);
  }

  /** Makes an empty file where another batch, or none, is there; returns how much of this one is. */
  async #begin(source: string, batch: BatchName): Promise<number> {
    const found = await this.look(source);
    if (found !== undefined && isSame(found, batch) && found.bytes <= batch.sizeBytes) return found.bytes;
    const { batchBytesMax } = this.#limits;
    if (batch.sizeBytes > batchBytesMax)
      throw new Refused(
        413,
        `a batch may have ${batchBytesMax} bytes (receive.batch_mb), and not ${batch.sizeBytes}`,
      );
    await this.remove(source);
    await createDirectories(join(this.#directory, source));
    const note = {
      epoch: batch.epoch,
      batch_no: batch.batchNo,
      size_bytes: batch.sizeBytes,
      sha256: batch.sha256,
    };
    await writeFileAtomically(this.#note(source), formatJsonRecord(format, note), { mode: 0o600 });
    await (await open(this.#file(source), 'w', 0o600)).close();
    this.#ours.add(source);
    return 0;
  }

  async #requireRoom(source: string, sizeBytes: number): Promise<void> {
    const staged = [...this.#sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
    const free = await freeBytes(this.#directory);
    const isFull = free !== undefined && free < sizeBytes + reserveBytes;
    if (!isFull && staged + sizeBytes <= this.#limits.totalBytesMax) return;
    const why = isFull ? 'its disk is nearly full' : 'too many batches wait to be whole';
    throw new Refused(503, `there is no room for a batch of ${source}: ${why}`, { retryAfterSeconds: 300 });
  }

  #file(source: string): string {
    return join(this.#directory, source, 'batch');
  }

  #note(source: string): string {
    return join(this.#directory, source, 'batch.json');
  }
}

function isSame(one: BatchName, other: BatchName): boolean {
  return (
    one.epoch === other.epoch &&
    one.batchNo === other.batchNo &&
    one.sizeBytes === other.sizeBytes &&
    one.sha256 === other.sha256
  );
}

/** The body as it comes, until it ends, is silent for too long, or nothing more is to be taken. */
async function* arriving(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stop = () => void body.destroy(new OpsError('unavailable', 'stopped'));
  const timer = setTimeout(stop, silenceMs);
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return;
    for await (const bytes of body as AsyncIterable<Buffer>) {
      timer.refresh();
      yield bytes;
    }
  } catch (error) {
    // Whoever sent it is gone, or comes again: what has arrived stays.
    if (signal.aborted)
      throw new Refused(503, 'it is about to stop, or another connection sends the same', {
        retryAfterSeconds: 2,
      });
    throw new Refused(400, `the body ended early: ${(error as Error).message}`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
