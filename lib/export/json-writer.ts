// Writes a document in one style, piece by piece as it is told of.
import type { JsonListener } from './json-scan.ts';
import { type JsonStyle, quoted } from './style.ts';

/** How many characters are gathered before they are passed on. */
const chunkCharacters = 64 * 1024;

/** Passes on what it hears, in the style; `end` passes on the rest. */
export class JsonWriter implements JsonListener {
  readonly #style: JsonStyle;
  readonly #write: (chunk: string) => void;
  readonly #keySeparator: string;
  #pending = '';
  #depth = 0;
  /** Whether nothing stands yet in the innermost bracket that is open. */
  #isEmpty = true;
  #afterKey = false;

  constructor(style: JsonStyle, write: (chunk: string) => void) {
    this.#style = style;
    this.#write = write;
    this.#keySeparator = style.indent === 0 ? ':' : ': ';
  }

  open(bracket: '{' | '['): void {
    this.#put(bracket);
    this.#depth += 1;
    this.#isEmpty = true;
  }

  key(name: string): void {
    this.#put(`${quoted(name, this.#style)}${this.#keySeparator}`);
    this.#afterKey = true;
  }

  text(value: string): void {
    this.#put(quoted(value, this.#style));
  }

  literal(text: string): void {
    this.#put(text);
  }

  close(bracket: '}' | ']'): void {
    this.#depth -= 1;
    this.#add(this.#isEmpty ? bracket : `${this.#newLine()}${bracket}`);
    this.#isEmpty = false;
  }

  end(): void {
    this.#write(this.#pending + (this.#style.finalNewline ? '\n' : ''));
    this.#pending = '';
  }

  /** A piece in its place: after a key, or after a comma and on a line of its own. */
  #put(piece: string): void {
    if (this.#afterKey || this.#depth === 0) this.#add(piece);
    else this.#add(`${this.#isEmpty ? '' : ','}${this.#newLine()}${piece}`);
    this.#afterKey = false;
    this.#isEmpty = false;
  }

  #newLine(): string {
    return this.#style.indent === 0 ? '' : `\n${' '.repeat(this.#style.indent * this.#depth)}`;
  }

  #add(text: string): void {
    this.#pending += text;
    if (this.#pending.length < chunkCharacters) return;
    this.#write(this.#pending);
    this.#pending = '';
  }
}
