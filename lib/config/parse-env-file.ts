// The text of an environment file as systemd reads it for EnvironmentFile= (systemd.exec(5)), so that a command typed by hand
// has the very settings of the unit beside it: quotes, continued lines, comments with # and ;, any line end, no "export".

/** A place of the text that sets nothing. */
export interface LeftOut {
  /** Counted from 1. */
  line: number;
  /** What stands where a name should be; never a value, which may be a secret. */
  name: string;
}

export interface EnvFile {
  /** Where a name is set twice the later one counts. */
  variables: Record<string, string>;
  /** What systemd would leave out, with no more than a line in its log. */
  leftOut: LeftOut[];
}

export function parseEnvFile(text: string): EnvFile {
  const found: EnvFile = { variables: {}, leftOut: [] };
  const reader = new Reader(text.replace(/^\uFEFF/, ''));
  while (reader.skipToKey()) {
    const line = reader.line;
    const key = reader.key();
    if (key.isWhole) {
      const value = reader.value();
      if (isName(key.name)) found.variables[key.name] = value;
      else found.leftOut.push({ line, name: key.name });
      if (isValue(value)) continue;
      delete found.variables[key.name];
      found.leftOut.push({ line, name: key.name });
    } else found.leftOut.push({ line, name: '' });
  }
  return found;
}

function isName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/** No control characters but tabs and line ends. */
function isValue(value: string): boolean {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  return !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(value);
}

const isSpace = (character: string) => /^[ \t\n\r]$/.test(character);
const isLineEnd = (character: string) => character === '\n' || character === '\r';

/** Goes through the text once, from front to back. */
class Reader {
  readonly #text: string;
  #at = 0;
  line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** To where a name begins, over empty lines and comments; false at the end of the text. */
  skipToKey(): boolean {
    for (;;) {
      while (!this.#isOver && isSpace(this.#next)) this.#take();
      if (this.#isOver) return false;
      if (this.#next !== '#' && this.#next !== ';') return true;
      this.#skipComment();
    }
  }

  /** The name, up to its "="; not whole where the line has none. */
  key(): { name: string; isWhole: boolean } {
    let name = this.#take(); // also where it is a "="
    while (!this.#isOver && !isLineEnd(this.#next)) {
      const character = this.#take();
      if (character === '=') return { name: name.trimEnd(), isWhole: true };
      name += character;
    }
    return { name: name.trimEnd(), isWhole: false };
  }

  /** What stands behind the "=": pieces with and without quotes, one after the other. */
  value(): string {
    let value = '';
    for (;;) {
      while (!this.#isOver && isSpace(this.#next) && !isLineEnd(this.#next)) this.#take();
      if (this.#isOver || isLineEnd(this.#next)) return value;
      const opening = this.#next;
      if (opening === "'" || opening === '"') value += this.#quoted(this.#take());
      else return value + this.#plain();
    }
  }

  /** To the end of the line. A backslash makes the next character one like any other, and takes a line end away. */
  #plain(): string {
    let value = '';
    let kept = 0; // what has been there before the white space at the end
    while (!this.#isOver && !isLineEnd(this.#next)) {
      const character = this.#take();
      if (character !== '\\') value += character;
      else if (!this.#isOver) {
        const escaped = this.#take();
        if (!isLineEnd(escaped)) value += escaped;
        kept = value.length;
        continue;
      }
      if (!isSpace(character)) kept = value.length;
    }
    return value.slice(0, kept);
  }

  /** To the closing quote, over line ends. Within double quotes a backslash is itself before most characters. */
  #quoted(quote: string): string {
    let value = '';
    while (!this.#isOver) {
      const character = this.#take();
      if (character === quote) return value;
      if (character !== '\\' || quote === "'") value += character;
      else if (!this.#isOver) {
        const escaped = this.#take();
        if ('"\\`$'.includes(escaped)) value += escaped;
        else if (escaped !== '\n') value += `\\${escaped}`;
      }
    }
    return value;
  }

  /** To the end of the line, whatever stands there; before version 254 a backslash made the next line one of it. */
  #skipComment(): void {
    while (!this.#isOver && !isLineEnd(this.#next)) this.#take();
  }

  get #isOver(): boolean {
    return this.#at >= this.#text.length;
  }

  get #next(): string {
    return this.#text.charAt(this.#at);
  }

  #take(): string {
    const character = this.#next;
    this.#at += 1;
    if (character === '\n') this.line += 1;
    return character;
  }
}
