// A batch out of what one snapshot gave: its header, its lines in compressed blocks, and what it is known by.
import type { BatchHeader } from '../../../lib/delta/batch.ts';
import { formatHeader } from '../../../lib/delta/batch-header.ts';
import { lineCodec } from '../../../lib/delta/batch-lines.ts';
import type { Change } from '../../../lib/delta/change.ts';
import { blockBytes, endOfBlocks, makeBlock } from '../../../lib/files/block-file.ts';
import { sha256Of, type Spooled } from './sender-files.ts';

/** Small batches go over a bad link; those of a walk are many, and time counts. */
const levels = { changes: 9, walk: 3 };

export function makeBatch(header: BatchHeader, changes: readonly Change[]): Spooled {
  const codec = lineCodec(header.tables);
  const level = header.range === undefined ? levels.changes : levels.walk;
  const parts: Buffer[] = [Buffer.from(formatHeader(header))];
  let lines: string[] = [];
  let length = 0;
  const endBlock = () => {
    if (lines.length > 0) parts.push(makeBlock(`${lines.join('\n')}\n`, level));
    lines = [];
    length = 0;
  };
  for (const change of changes) {
    const line = codec.format(change);
    if (length + line.length > blockBytes) endBlock();
    lines.push(line);
    length += line.length + 1;
  }
  endBlock();
  const bytes = Buffer.concat([...parts, endOfBlocks]);
  return { header, bytes, sha256: sha256Of(bytes) };
}
