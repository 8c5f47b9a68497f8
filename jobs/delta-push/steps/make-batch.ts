// A batch out of what one snapshot gives while it is read: its header, and its lines in compressed blocks, into a draft of the
// spool. Nothing of it is kept in memory, however much it is.
import type { BatchHeader } from '../../../lib/delta/batch.ts';
import { formatHeader } from '../../../lib/delta/batch-header.ts';
import { type LineCodec, lineCodec } from '../../../lib/delta/batch-lines.ts';
import type { ChangeSink, Collected } from '../../../lib/delta/capture.ts';
import { blockBytes, endOfBlocks, makeBlock } from '../../../lib/files/block-file.ts';
import type { DraftFile } from '../../../lib/files/draft-file.ts';

/** Small batches go over a bad link; those of a walk are many, and time counts. */
const levels = { changes: 9, many: 3 };
/** From so many bytes of lines on, a batch is one of many. */
const fewBytes = 1024 * 1024;
/** Compressed. No receiver takes less. */
const batchBytesMax = 15 * 1024 * 1024;

export interface BatchMaker extends ChangeSink {
  /** What was begun last, with all that was taken since. */
  end(): { header: BatchHeader; changes: number };
}

/** `headerOf` is asked once for each beginning. */
export function batchMaker(draft: DraftFile, headerOf: (collected: Collected) => BatchHeader): BatchMaker {
  let header: BatchHeader | undefined;
  let codec: LineCodec = lineCodec([]);
  let lines: string[] = [];
  let [length, written, changes] = [0, 0, 0];
  const endBlock = () => {
    if (lines.length === 0) return;
    const level = header?.range === undefined && written < fewBytes ? levels.changes : levels.many;
    draft.write(makeBlock(`${lines.join('\n')}\n`, level));
    written += length;
    lines = [];
    length = 0;
  };
  return {
    begin(collected) {
      header = headerOf(collected);
      codec = lineCodec(header.tables);
      lines = [];
      [length, written, changes] = [0, 0, 0];
      draft.begin();
      draft.write(Buffer.from(formatHeader(header)));
    },
    take(change) {
      const line = codec.format(change);
      if (length + line.length > blockBytes) endBlock();
      lines.push(line);
      length += line.length + 1;
      changes += 1;
      return draft.sizeBytes + length < batchBytesMax;
    },
    end() {
      if (header === undefined) throw new Error('a batch ended before it began');
      endBlock();
      draft.write(endOfBlocks);
      return { header, changes };
    },
  };
}
