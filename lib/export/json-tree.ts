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
  const builder = new JsonTreeBuilder();
  scanJson(text, builder);
  return builder.tree;
}

/** Takes an item of a list, and where it stands in it. */
export type TakeItem = (item: JsonTree, index: number) => void;

/**
 * Who takes the items of the list that begins at a JSON pointer (RFC 6901), one by one: then the tree has an empty list
 * there. Undefined where they are to be in the tree. `before` is the tree so far.
 */
export type ListsApart = (pointer: string, before: JsonTree) => TakeItem | undefined;

interface Level {
  value: JsonTree[] | Map<string, JsonTree>;
  /** Undefined within an item that is taken. */
  pointer: string | undefined;
  take: TakeItem | undefined;
  taken: number;
}

/** Builds the tree of what it hears. */
export class JsonTreeBuilder implements JsonListener {
  readonly #apart: ListsApart | undefined;
  readonly #levels: Level[] = [];
  readonly #keys: string[] = [];
  #whole: JsonTree | undefined;

  constructor(apart?: ListsApart) {
    this.#apart = apart;
  }

  open(bracket: '{' | '['): void {
    const value = bracket === '{' ? new Map<string, JsonTree>() : [];
    const pointer = this.#apart === undefined ? undefined : this.#pointer();
    if (this.#levels.at(-1)?.take === undefined) this.#add(value);
    const isList = bracket === '[' && pointer !== undefined;
    const take = isList ? this.#apart?.(pointer, this.tree) : undefined;
    this.#levels.push({ value, pointer: take === undefined ? pointer : undefined, take, taken: 0 });
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
    const closed = this.#levels.pop();
    if (closed !== undefined && this.#levels.at(-1)?.take !== undefined) this.#add(closed.value);
  }

  /** What there is of it so far. */
  get tree(): JsonTree {
    return this.#whole ?? new Literal('null');
  }

  /** Of the value that begins now. */
  #pointer(): string | undefined {
    const around = this.#levels.at(-1);
    if (around === undefined) return '';
    if (around.pointer === undefined) return undefined;
    const step = Array.isArray(around.value) ? String(around.value.length) : (this.#keys.at(-1) ?? '');
    return `${around.pointer}/${pointerStep(step)}`;
  }

  #add(value: JsonTree): void {
    const around = this.#levels.at(-1);
    if (around === undefined) this.#whole = value;
    else if (around.take !== undefined) around.take(value, around.taken++);
    else if (Array.isArray(around.value)) around.value.push(value);
    else around.value.set(this.#keys.pop() ?? '', value);
  }
}

/** A key as it stands in a JSON pointer. */
export function pointerStep(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The JSON of a value in one line. */
export function treeJson(value: JsonTree): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Literal) return value.text;
  if (Array.isArray(value)) return `[${value.map(treeJson).join(',')}]`;
  return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${treeJson(item)}`).join(',')}}`;
}
