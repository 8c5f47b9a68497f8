// The end of a program's output, which is where it says what went wrong. Memory stays bounded however much it prints.
import type { Readable } from 'node:stream';

/** How much of a program's output is kept. */
export const tailBytesMax = 8 * 1024;

const shownCharactersMax = 300;

/** Reads `stream` until it ends; the returned function gives the last 8 KiB read so far, or `bytesMax`. */
export function keepTail(stream: Readable | null, bytesMax = tailBytesMax): () => string {
  let tail = Buffer.alloc(0);
  stream?.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk.subarray(-bytesMax)]).subarray(-bytesMax);
  });
  return () => decodeTail(tail);
}

/** Bytes cut from the end of a longer text, as text: half a character at the cut is left out. */
export function decodeTail(bytes: Uint8Array): string {
  let start = 0;
  while (start < Math.min(3, bytes.length) && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return Buffer.from(bytes.subarray(start)).toString('utf8');
}

/** The last line that says something, fit for a sentence: no control characters, no full stop, at most 300 characters. */
export function lastLine(output: string): string {
  const lines = output.split(/[\r\n]+/).map(withoutControls);
  const line = lines.findLast((text) => text !== '') ?? '';
  return line.slice(0, shownCharactersMax).replace(/\.$/, '');
}

function withoutControls(line: string): string {
  return (
    line
      // eslint-disable-next-line no-control-regex -- colours and cursor movements are what is removed
      .replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, '')
      // eslint-disable-next-line no-control-regex -- as above
      .replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
      .trim()
  );
}
