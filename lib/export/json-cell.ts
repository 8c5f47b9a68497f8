// The way back: from JSON to a value of a row, exactly, or not at all.
import { type Cell, RawText } from './cell.ts';
import { type JsonTree, Literal, treeJson } from './json-tree.ts';

/** A value of a document cannot be one of a row; the message is the cause. */
export class NoCell extends Error {}

const integersMax = 2n ** 63n;
const integerCharactersMax = String(-integersMax).length;
const half = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * The value that `cellJson` writes so. A number without a point and an exponent is an integer, any other a REAL; `true` and
 * `false` are 1 and 0, as for SQLite. Throws NoCell for what would not come back: an integer of more than 64 bits, a number
 * beyond any REAL, half of a surrogate pair, a list, and an object that is none of ours.
 */
export function cellFromJson(value: JsonTree): Cell {
  if (typeof value === 'string') return whole(value);
  if (value instanceof Literal) return fromLiteral(value.text);
  if (value instanceof Map && value.size === 1) {
    for (const [tag, text] of value) {
      if (typeof text === 'string') return fromTag(tag, text);
    }
  }
  throw new NoCell(`a column cannot hold ${treeJson(value).slice(0, 80)}`);
}

function whole(text: string): string {
  if (half.test(text)) throw new NoCell('a text has half of a surrogate pair in it, which UTF-8 cannot say');
  return text;
}

function fromLiteral(text: string): Cell {
  if (text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true' ? 1n : 0n;
  if (/[.eE]/.test(text)) {
    const real = Number(text);
    if (Number.isFinite(real)) return real;
    throw new NoCell(`${text.slice(0, 80)} is beyond any REAL; an infinity is written {"$real": "Infinity"}`);
  }
  // Of millions of digits a number is not even made: that would take minutes.
  const integer = text.length > integerCharactersMax ? undefined : BigInt(text);
  if (integer !== undefined && integer >= -integersMax && integer < integersMax) return integer;
  throw new NoCell(`${text.slice(0, 80)} needs more than 64 bits`);
}

function fromTag(tag: string, text: string): Cell {
  if (tag === '$base64') return bytesOf(text);
  if (tag === '$text') return new RawText(bytesOf(text));
  if (tag === '$real' && (text === 'Infinity' || text === '-Infinity')) return Number(text);
  throw new NoCell(`a column cannot hold {${JSON.stringify(tag)}: …}`);
}

function bytesOf(base64: string): Uint8Array {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') === base64) return bytes;
  throw new NoCell(`${JSON.stringify(base64.slice(0, 80))} is not base64`);
}
