// A batch that is whole, as a replica takes it: its header checked against what was said of it, its changes a block at a time.
import { OpsError } from '../../../lib/base/errors.ts';
import { headerBytesMax, parseHeader } from '../../../lib/delta/batch-header.ts';
import { type LineCodec, lineCodec } from '../../../lib/delta/batch-lines.ts';
import type { Change } from '../../../lib/delta/change.ts';
import { ProtocolRefusal } from '../../../lib/delta/refusal.ts';
import { readBlocks, readFirstLine } from '../../../lib/files/block-file.ts';
import { Refused } from '../../../lib/http/asked.ts';
import type { BatchName } from '../../../lib/http/staging.ts';
import type { ArrivingBatch } from '../../../lib/replica/replica.ts';

/** Unpacked a batch may be so many times its size; a small one as large as this. */
const ratioMax = 200;
const unpackedBytesMin = 256 * 1024 * 1024;
const changesMax = 2000;

/** Throws ProtocolRefusal `malformed` for what is no batch, and Refused `403` for one of another source. */
export async function arrivingBatch(path: string, source: string, name: BatchName): Promise<ArrivingBatch> {
  try {
    const { line, end } = await readFirstLine(path, headerBytesMax);
    const header = parseHeader(line);
    if (header.source !== source)
      throw new Refused(403, `the key is of ${source}, and the batch of ${JSON.stringify(header.source)}`);
    if (header.epoch !== name.epoch || header.batchNo !== name.batchNo)
      throw new ProtocolRefusal('malformed', 'its header names another batch than it was sent as');
    const changes = changesOf(path, end, { codec: lineCodec(header.tables), sizeBytes: name.sizeBytes });
    return { header, sha256: name.sha256, changes };
  } catch (error) {
    throw malformed(error);
  }
}

async function* changesOf(
  path: string,
  from: number,
  { codec, sizeBytes }: { codec: LineCodec; sizeBytes: number },
): AsyncGenerator<readonly Change[]> {
  const unpackedBytesMax = Math.max(unpackedBytesMin, sizeBytes * ratioMax);
  let unpackedBytes = 0;
  try {
    for await (const text of readBlocks(path, from)) {
      unpackedBytes += text.length;
      if (unpackedBytes > unpackedBytesMax)
        throw new ProtocolRefusal('malformed', 'unpacked it is larger than any batch of its size can be');
      yield* changesIn(text, codec);
    }
  } catch (error) {
    throw malformed(error);
  }
}

/** A few at a time: a block may hold millions of them. */
function* changesIn(text: string, codec: LineCodec): Generator<readonly Change[]> {
  let changes: Change[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at);
    changes.push(codec.parse(text.slice(at, end === -1 ? text.length : end)));
    at = end === -1 ? text.length : end + 1;
    if (changes.length < changesMax) continue;
    yield changes;
    changes = [];
  }
  if (changes.length > 0) yield changes;
}

/** What is wrong with its bytes is the sender's to hear. */
function malformed(error: unknown): unknown {
  if (!(error instanceof OpsError) || error.kind !== 'damaged') return error;
  return new ProtocolRefusal('malformed', error.message.replace(/^cannot read a batch of changes: /, ''));
}
