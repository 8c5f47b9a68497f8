// How a document is written, so that the same data is always the same bytes.

/** Decided by the operator once: a change of it changes every file. */
export interface JsonStyle {
  /** Spaces for each level; 0 writes a document in one line, and of a table one row a line. */
  readonly indent: number;
  /** Whether every character beyond ASCII is escaped. */
  readonly ascii: boolean;
  /** Whether the last line ends with a newline, as a text file's does and Python's `json.dump` does not. */
  readonly finalNewline: boolean;
}

const beyondPlain = /[^ -~]|["\\]/;
const beyondAscii = /[\u007f-\uffff]/g; // 007f too, as Python does

/**
 * A text in quotes. Escaped are `"`, `\` and control characters (the short way where JSON has one, else in lower-case
 * hex), and what is half of a surrogate pair; with `ascii` all beyond it, as UTF-16 code units.
 */
export function quoted(text: string, { ascii }: Pick<JsonStyle, 'ascii'>): string {
  if (!beyondPlain.test(text)) return `"${text}"`; // most texts; several times faster than to look at each character
  const json = JSON.stringify(text);
  return ascii ? escapeBeyondAscii(json) : json;
}

/** JSON with every character beyond ASCII escaped; those within were right before. */
export function escapeBeyondAscii(json: string): string {
  return json.replace(beyondAscii, escaped);
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
