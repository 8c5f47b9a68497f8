// A record: a JSON object that says first of what format and version it is. What an older Holdfast wrote is still read.
import type { OpsError } from '../base/errors.ts';
import { Fields, type Flaw } from './fields.ts';

/** What a record is. */
export interface RecordFormat {
  /** `holdfast-spool` */
  name: string;
  /** The newest version that this Holdfast knows. */
  version: number;
  /** In messages, instead of the name. */
  called?: string;
  /** What is thrown for an object that says to be something else; what `flaw` makes unless given. */
  other?: (cause: string) => OpsError;
}

/** The text of a record of the newest version: `format` and `version` first, and a newline at the end. */
export function formatJsonRecord(
  { name, version }: RecordFormat,
  record: Record<string, unknown>,
  indent = 0,
): string {
  return `${JSON.stringify({ format: name, version, ...record }, undefined, indent)}\n`;
}

/** The fields of a record of that format, and which version it has. Throws what `flaw` makes for anything else. */
export function openJsonRecord(
  text: string,
  { name, version, called = name, other }: RecordFormat,
  flaw: Flaw,
): { fields: Fields; version: number } {
  const fields = new Fields(parseJson(text, flaw), '', flaw);
  if (!fields.has('format') || fields.string('format') !== name) throw (other ?? flaw)(`it is no ${called}`);
  const found = fields.integer('version', 1, Number.MAX_SAFE_INTEGER);
  if (found <= version) return { fields, version: found };
  throw flaw(
    `it was made by a newer Holdfast (format ${found}, this one reads up to ${version})`,
    'upgrade Holdfast on this machine, then try again',
  );
}

function parseJson(text: string, flaw: Flaw): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What JSON.parse says of it would quote it.
    throw flaw(text.trim() === '' ? 'it is empty' : 'it is not JSON, or it is cut short');
  }
}
