// A JSON document as data, with its numbers as they are written.
import { type JsonListener, scanJson } from './json-scan.ts';

/** A number, `true`, `false` or `null`, as it stands in the text. */
export class Literal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type JsonTree = string | Literal | JsonTree[] | Map<string, JsonTree>;

/** The document in `text`. Throws NotJson. */
export function parseJsonTree(text: string): JsonTree {
  const builder = new TreeBuilder();
  scanJson(text, builder);
  return builder.result();
}

class TreeBuilder implements JsonListener {
  readonly #open: (JsonTree[] | Map<string, JsonTree>)[] = [];
  readonly #keys: string[] = [];
  #whole: JsonTree | undefined;

  open(bracket: '{' | '['): void {
    const value = bracket === '{' ? new Map<string, JsonTree>() : [];
    this.#add(value);
    this.#open.push(value);
  }

  key(name: string): void {
    this.#keys.push(name);
  }

  text(value: string): void {
    this.#add(value);
  }

  literal(text: string): void {
    this.#add(new Literal(text));
  }

  close(): void {
    this.#open.pop();
  }

  result(): JsonTree {
    return this.#whole ?? new Literal('null');
  }

  #add(value: JsonTree): void {
    const around = this.#open.at(-1);
    if (around === undefined) this.#whole = value;
    else if (Array.isArray(around)) around.push(value);
    else around.set(this.#keys.pop() ?? '', value);
  }
}

/** The JSON of a value in one line. */
export function treeJson(value: JsonTree): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Literal) return value.text;
  if (Array.isArray(value)) return `[${value.map(treeJson).join(',')}]`;
  return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${treeJson(item)}`).join(',')}}`;
}
