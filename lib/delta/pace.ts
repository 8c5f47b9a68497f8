// How large the pieces are in which a batch travels: halved where one was too large or took too long, larger again with
// every one that arrived.

export const pieceBytesFirst = 256 * 1024;
const pieceBytesMin = 16 * 1024;
const pieceBytesMax = 4 * 1024 * 1024;

export function larger(pieceBytes: number): number {
  return Math.min(pieceBytesMax, pieceBytes * 2);
}

/** Undefined where it is as small as any may be: then the size is not what is wrong. */
export function smaller(pieceBytes: number): number | undefined {
  return pieceBytes <= pieceBytesMin ? undefined : Math.max(pieceBytesMin, Math.floor(pieceBytes / 2));
}
