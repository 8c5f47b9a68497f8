// Reads JSON text without losing anything: numbers as they are written, keys in their order. What it finds it tells one
// piece at a time, so that neither a deep nor a long document needs more than itself; and where its text comes in pieces,
// no more of it is held than the value that is not yet whole.

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
const space = 0x20;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const word = /true|false|null/y;
/** With so many characters behind it, a number or a word has ended: `1` may go on as `1.5`, `fals` as `false`. */
const aheadCharacters = 5;
/** As many as one string has room for. */
const heldCharactersMax = 2 ** 29 - 24;
/** The control characters that may not stand in a text: all below the space. */
const controls = /[^ -\uffff]/;

/**
 * Tells `listener` of the one value in `text`. Throws NotJson for all that RFC 8259 does not allow, for a key that an
 * object has twice (readers disagree on which counts), for a byte order mark, and for more than `depthMax` levels.
 */
export function scanJson(text: string, listener: JsonListener): void {
  const scanner = new JsonScanner(listener);
  scanner.write(text);
  scanner.end();
}

/** What has to come next: a value; what an object or a list begins with; what stands after a value. */
type Wanted = 'value' | 'first' | 'key' | 'colon' | 'next';

/** The same of a text that comes in pieces, cut anywhere: `write` each, then `end`. Both throw as `scanJson` does. */
export class JsonScanner {
  readonly #listener: JsonListener;
  /** What was not yet told of, from `#at` on. */
  #text = '';
  #at = 0;
  /** What came since, and how much has to come before it is worth another look: each look sees twice as much at least. */
  #coming: string[] = [];
  #comingCharacters = 0;
  #awaitedCharacters = 0;
  #isWhole = false;
  #wanted: Wanted = 'value';
  /** For each level that is open: the keys so far of an object, undefined for a list. */
  readonly #levels: (Set<string> | undefined)[] = [];
  /** Where `#text` begins in the whole. */
  #begins: Place = { line: 1, column: 1 };

  constructor(listener: JsonListener) {
    this.#listener = listener;
  }

  write(text: string): void {
    this.#coming.push(text);
    this.#comingCharacters += text.length;
    if (this.#comingCharacters >= this.#awaitedCharacters) this.#goOn();
  }

  end(): void {
    this.#isWhole = true;
    this.#goOn();
    if (this.#wanted !== 'next' || this.#levels.length > 0) this.#missing(this.#inWords());
  }

  #goOn(): void {
    const held = this.#text.length - this.#at;
    if (held + this.#comingCharacters > heldCharactersMax)
      throw this.#problem('a value is longer than can be held');
    this.#begins = placeAfter(this.#begins, this.#text, this.#at);
    this.#text = this.#text.slice(this.#at) + this.#coming.join('');
    [this.#at, this.#coming, this.#comingCharacters] = [0, [], 0];
    while (this.#step());
    this.#awaitedCharacters = this.#text.length - this.#at;
  }

  /** Takes what is wanted; false where it is not all there yet. */
  #step(): boolean {
    if (this.#text.charCodeAt(this.#at) <= space) this.#take(whitespace);
    if (this.#at === this.#text.length) return false;
    switch (this.#wanted) {
      case 'value':
        return this.#value();
      case 'first':
        return this.#closes() || this.#want(this.#levels.at(-1) === undefined ? 'value' : 'key');
      case 'key':
        return this.#key();
      case 'colon':
        if (this.#text[this.#at] !== ':') this.#missing(this.#inWords());
        this.#at += 1;
        return this.#want('value');
      case 'next':
        return this.#next();
    }
  }

  #want(wanted: Wanted): true {
    this.#wanted = wanted;
    return true;
  }

  /** A value, or the beginning of one that has parts. */
  #value(): boolean {
    const first = this.#text[this.#at];
    if (first === '{') return this.#open(first, new Set());
    if (first === '[') return this.#open(first, undefined);
    if (first === '"') {
      const text = this.#string();
      if (text === undefined) return false;
      this.#listener.text(text);
      return this.#want('next');
    }
    const start = this.#at;
    const literal = this.#take(number) ?? this.#take(word);
    if (!this.#isWhole && this.#text.length - this.#at < aheadCharacters) {
      this.#at = start;
      return false;
    }
    this.#listener.literal(literal ?? this.#missing(this.#inWords()));
    return this.#want('next');
  }

  #open(bracket: '{' | '[', keys: Set<string> | undefined): true {
    if (this.#levels.length === depthMax) throw this.#problem(`it has more than ${depthMax} levels`);
    this.#levels.push(keys);
    this.#listener.open(bracket);
    this.#at += 1;
    return this.#want('first');
  }

  /** What stands after a value within an object or a list: the next one, or the end. */
  #next(): true {
    if (this.#levels.length === 0) throw this.#problem('something follows its end');
    if (this.#closes()) return true;
    if (this.#text[this.#at] !== ',') this.#missing(this.#inWords());
    this.#at += 1;
    return this.#want(this.#levels.at(-1) === undefined ? 'value' : 'key');
  }

  #closes(): boolean {
    const bracket = this.#levels.at(-1) === undefined ? ']' : '}';
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    this.#levels.pop();
    this.#listener.close(bracket);
    return this.#want('next');
  }

  #key(): boolean {
    if (this.#text[this.#at] !== '"') this.#missing(this.#inWords());
    const name = this.#string();
    if (name === undefined) return false;
    const keys = this.#levels.at(-1);
    if (keys?.has(name) === true)
      throw this.#problem(`an object has the key ${JSON.stringify(name.slice(0, 80))} twice`);
    keys?.add(name);
    this.#listener.key(name);
    return this.#want('colon');
  }

  /** Undefined where its end is not there yet. */
  #string(): string | undefined {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end !== -1 && this.#isEscaped(end, start)) end = this.#text.indexOf('"', end + 1);
    if (end === -1) {
      if (!this.#isWhole) return undefined;
      throw this.#problem('a text has no end');
    }
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

  /** What is wanted, to a person. */
  #inWords(): string {
    const isList = this.#levels.at(-1) === undefined;
    if (this.#wanted === 'next') return `a comma or ${isList ? ']' : '}'}`;
    if (this.#wanted === 'colon') return 'a colon';
    return this.#wanted === 'value' || isList ? 'a value' : 'a key';
  }

  #missing(what: string): never {
    if (this.#at >= this.#text.length) throw this.#problem(`it is cut short: ${what} is missing`);
    const isFirst = this.#begins.line === 1 && this.#begins.column === 1 && this.#at === 0;
    if (isFirst && this.#text.startsWith('\ufeff')) throw this.#problem('it begins with a byte order mark');
    throw this.#problem(`${what} is missing`);
  }

  #problem(cause: string): NotJson {
    const { line, column } = placeAfter(this.#begins, this.#text, this.#at);
    return new NotJson(`${cause} in line ${line}, column ${column}`);
  }
}

interface Place {
  line: number;
  column: number;
}

/** Where the character at `end` stands, of a text that begins at `begins`. */
function placeAfter({ line, column }: Place, text: string, end: number): Place {
  let begins = 0;
  let at = { line, column };
  for (let next = text.indexOf('\n'); next !== -1 && next < end; next = text.indexOf('\n', begins)) {
    begins = next + 1;
    at = { line: at.line + 1, column: 1 };
  }
  return { line: at.line, column: at.column + end - begins };
}
