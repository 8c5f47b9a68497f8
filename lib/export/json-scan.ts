// Reads JSON text without losing anything: numbers as they are written, keys in their order. What it finds it tells one
// piece at a time, so that neither a deep nor a long document needs more than itself.

/** Hears of a document, piece by piece, in order. */
export interface JsonListener {
  open(bracket: '{' | '['): void;
  key(name: string): void;
  text(value: string): void;
  /** A number, `true`, `false` or `null`, as it stands. */
  literal(text: string): void;
  close(bracket: '}' | ']'): void;
}

/** A text is no JSON document; the message is its cause, with the place: `a comma is missing in line 3, column 7`. */
export class NotJson extends Error {}

/** SQLite's own JSON functions go no deeper (https://sqlite.org/json1.html). */
export const depthMax = 1000;

const whitespace = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const word = /true|false|null/y;
/** The control characters that may not stand in a text: all below the space. */
const controls = /[^ -\uffff]/;

/**
 * Tells `listener` of the one value in `text`. Throws NotJson for all that RFC 8259 does not allow, for a key that an
 * object has twice (readers disagree on which counts), for a byte order mark, and for more than `depthMax` levels.
 */
export function scanJson(text: string, listener: JsonListener): void {
  new Scanner(text, listener).document();
}

class Scanner {
  readonly #text: string;
  readonly #listener: JsonListener;
  #at = 0;
  /** For each level that is open: the keys so far of an object, undefined for a list. */
  readonly #levels: (Set<string> | undefined)[] = [];

  constructor(text: string, listener: JsonListener) {
    this.#text = text;
    this.#listener = listener;
  }

  document(): void {
    if (this.#text.charCodeAt(0) === 0xfeff) throw this.#problem('it begins with a byte order mark');
    this.#value();
    while (this.#levels.length > 0) this.#afterValue();
    this.#skip(whitespace);
    if (this.#at < this.#text.length) throw this.#problem('something follows its end');
  }

  /** A value, or the beginning of one that has parts. */
  #value(): void {
    this.#skip(whitespace);
    const first = this.#text[this.#at];
    if (first === '{') this.#open(first, new Set());
    else if (first === '[') this.#open(first, undefined);
    else if (first === '"') this.#listener.text(this.#string());
    else this.#listener.literal(this.#take(number) ?? this.#take(word) ?? this.#missing('a value'));
  }

  #open(bracket: '{' | '[', keys: Set<string> | undefined): void {
    if (this.#levels.length === depthMax) throw this.#problem(`it has more than ${depthMax} levels`);
    this.#levels.push(keys);
    this.#listener.open(bracket);
    this.#at += 1;
    this.#skip(whitespace);
    if (!this.#closes(keys)) this.#member(keys);
  }

  /** What stands after a value within an object or a list: the next one, or the end. */
  #afterValue(): void {
    const keys = this.#levels.at(-1);
    this.#skip(whitespace);
    if (this.#closes(keys)) return;
    if (this.#text[this.#at] !== ',') this.#missing(`a comma or ${keys === undefined ? ']' : '}'}`);
    this.#at += 1;
    this.#member(keys);
  }

  #closes(keys: Set<string> | undefined): boolean {
    const bracket = keys === undefined ? ']' : '}';
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    this.#levels.pop();
    this.#listener.close(bracket);
    return true;
  }

  #member(keys: Set<string> | undefined): void {
    if (keys !== undefined) this.#key(keys);
    this.#value();
  }

  #key(keys: Set<string>): void {
    this.#skip(whitespace);
    if (this.#text[this.#at] !== '"') this.#missing('a key');
    const name = this.#string();
    if (keys.has(name))
      throw this.#problem(`an object has the key ${JSON.stringify(name.slice(0, 80))} twice`);
    keys.add(name);
    this.#skip(whitespace);
    if (this.#text[this.#at] !== ':') this.#missing('a colon');
    this.#at += 1;
    this.#listener.key(name);
  }

  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end !== -1 && this.#isEscaped(end, start)) end = this.#text.indexOf('"', end + 1);
    if (end === -1) throw this.#problem('a text has no end');
    const inner = this.#text.slice(start + 1, end);
    if (!inner.includes('\\')) {
      if (controls.test(inner)) throw this.#problem('a text has a control character in it');
      this.#at = end + 1;
      return inner;
    }
    try {
      const value = JSON.parse(this.#text.slice(start, end + 1)) as string;
      this.#at = end + 1;
      return value;
    } catch {
      throw this.#problem('a text has an escape or a control character that JSON does not know');
    }
  }

  /** Whether an odd number of backslashes stands before `at`. */
  #isEscaped(at: number, start: number): boolean {
    let before = at;
    while (before - 1 > start && this.#text[before - 1] === '\\') before -= 1;
    return (at - before) % 2 === 1;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    pattern.test(this.#text);
    this.#at = pattern.lastIndex;
  }

  #missing(what: string): never {
    if (this.#at >= this.#text.length) throw this.#problem(`it is cut short: ${what} is missing`);
    throw this.#problem(`${what} is missing`);
  }

  #problem(cause: string): NotJson {
    const before = this.#text.slice(0, this.#at);
    const line = before.split('\n').length;
    return new NotJson(`${cause} in line ${line}, column ${this.#at - before.lastIndexOf('\n')}`);
  }
}
