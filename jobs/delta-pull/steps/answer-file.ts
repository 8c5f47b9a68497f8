// An answer of a master that was downloaded as lines: its header and its end are read first, then its changes, a bounded number
// at a time. One that is cut short, or holds anything else, is no answer.
import type { Downloaded } from '../../../lib/http/sync-client.ts';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { OpsError } from '../../../lib/base/errors.ts';
import { lineCodec } from '../../../lib/delta/batch-lines.ts';
import type { Change } from '../../../lib/delta/change.ts';
import type { PulledPiece } from '../../../lib/delta/pulled.ts';
import {
  type LinesEnd,
  type LinesHeader,
  parseLinesEnd,
  parseLinesHeader,
} from '../../../lib/delta/serving-lines.ts';

type Body = Downloaded['body'];

export interface AnswerFile {
  readonly header: LinesHeader;
  readonly end: LinesEnd;
  /** Its changes, once. */
  piece(): PulledPiece;
}

const headerBytesMax = 8 * 1024 * 1024;
const lineBytesMax = 64 * 1024 * 1024;
const endBytesMax = 4096;
const pieceRows = 500;

/** Throws OpsError `unavailable` for what is no answer of a master. */
export async function openAnswer(body: Body): Promise<AnswerFile> {
  const header = parseLinesHeader(await firstLine(body), flaw);
  const end = parseLinesEnd(await lastLine(body), flaw);
  if (end === undefined) throw flaw('it was cut short');
  const piece = () => ({ tables: header.tables, changes: changesOf(body, header, end) });
  return { header, end, piece };
}

async function firstLine(body: Body): Promise<string> {
  for await (const line of lines(body, headerBytesMax)) return line;
  throw flaw('it is empty');
}

async function lastLine(body: Body): Promise<string> {
  if (Buffer.isBuffer(body)) return lastLineOf(body.toString('utf8', Math.max(0, body.length - endBytesMax)));
  await using file = await open(body.path, 'r');
  const { size } = await file.stat();
  const start = Math.max(0, size - endBytesMax);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(endBytesMax), 0, endBytesMax, start);
  return lastLineOf(buffer.toString('utf8', 0, bytesRead));
}

function lastLineOf(text: string): string {
  if (!text.endsWith('\n')) throw flaw('it was cut short');
  return text.slice(text.lastIndexOf('\n', text.length - 2) + 1, -1);
}

async function* changesOf(body: Body, { tables }: LinesHeader, end: LinesEnd): AsyncGenerator<Change[]> {
  const codec = lineCodec(tables, flaw);
  let piece: Change[] = [];
  let count = 0;
  let isFirst = true;
  for await (const line of lines(body, lineBytesMax)) {
    if (isFirst) {
      isFirst = false;
      continue;
    }
    if (line.startsWith('{')) break;
    piece.push(codec.parse(line));
    count += 1;
    if (piece.length < pieceRows) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
  if (count !== end.changes) throw flaw(`it has ${count} changes, and says ${end.changes}`);
}

async function* lines(body: Body, bytesMax: number): AsyncGenerator<string> {
  let held: Buffer = Buffer.alloc(0);
  const pieces = Buffer.isBuffer(body) ? [body] : createReadStream(body.path, { highWaterMark: 256 * 1024 });
  for await (const piece of pieces) {
    held = held.length === 0 ? (piece as Buffer) : Buffer.concat([held, piece as Buffer]);
    let begin = 0;
    for (let at = held.indexOf(0x0a); at >= 0; at = held.indexOf(0x0a, begin)) {
      yield held.toString('utf8', begin, at);
      begin = at + 1;
    }
    held = held.subarray(begin);
    if (held.length > bytesMax) throw flaw('a line of it is longer than any may be');
  }
}

function flaw(cause: string): OpsError {
  return new OpsError('unavailable', `cannot use what the master sent: ${cause}`);
}
