// Text as services take it: printable, and cut to so many bytes between characters.
import { printable, printableLines } from '../base/printable.ts';

/** Everything on one line. */
export function oneLine(text: string): string {
  return printable(text.toWellFormed()).trim();
}

/** Lines stay lines. */
export function plainLines(text: string): string {
  return printableLines(text.toWellFormed());
}

/** At most `bytesMax` bytes of UTF-8, with an ellipsis where something is missing. Never half a character. */
export function shorten(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text;
  const bytes = Buffer.from(text).subarray(0, bytesMax - 3);
  let end = bytes.length;
  // A byte 10xxxxxx continues a character; the cut goes before the one that begins it.
  const whole = Buffer.from(text);
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.subarray(0, end).toString('utf8')}…`;
}
