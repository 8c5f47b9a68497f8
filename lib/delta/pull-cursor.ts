// Where a reader of changes stands: a marker that lies in the log of changes itself, inside the file that can be put back.
// A marker that is still there proves that all up to it happened as its reader has seen it; its number alone proves nothing.

/** `<seq>.<nonce>` on the wire: the entry of the log, and what must stand in it. */
export interface PullCursor {
  readonly seq: number;
  readonly nonce: string;
}

/** The table id that markers have in the log, which no table has. */
export const markerTable = 0;

/** What stands in a marker. */
export interface Marker {
  /** 32 random hex digits. */
  readonly nonce: string;
  /** What was logged up to here was handed out. Less than the marker's own number: others may have written meanwhile. */
  readonly resume: number;
  /** When it was made, in milliseconds: for how long it is kept, and for nothing else. */
  readonly atMs: number;
  /** Which schema it was made under: 16 hex digits. */
  readonly schema: string;
}

const cursorPattern = /^(\d{1,15})\.([0-9a-f]{32})$/;
const markerPattern = /^([0-9a-f]{32}):(\d{1,15}):(\d{1,15}):([0-9a-f]{16})$/;

export function formatCursor({ seq, nonce }: PullCursor): string {
  return `${seq}.${nonce}`;
}

/** Undefined for what is no cursor of ours. */
export function parseCursor(text: string): PullCursor | undefined {
  const [, seq, nonce] = cursorPattern.exec(text) ?? [];
  return seq === undefined || nonce === undefined ? undefined : { seq: Number(seq), nonce };
}

export function formatMarker({ nonce, resume, atMs, schema }: Marker): string {
  return `${nonce}:${resume}:${atMs}:${schema}`;
}

/** Undefined for what is no marker. */
export function parseMarker(value: unknown): Marker | undefined {
  const [, nonce, resume, at, schema] = typeof value === 'string' ? (markerPattern.exec(value) ?? []) : [];
  if (nonce === undefined || schema === undefined) return undefined;
  return { nonce, resume: Number(resume), atMs: Number(at), schema };
}
