// The rows of a document, told while it is read: of a list whose items become rows, no more is held than one of them.
import type { Cell } from './cell.ts';
import type { Day } from './day.ts';
import { JsonScanner } from './json-scan.ts';
import { type JsonTree, JsonTreeBuilder, parseJsonTree, type TakeItem } from './json-tree.ts';
import type { RowsOf } from './loader.ts';
import {
  type Around,
  documentPointers,
  itemsAt,
  listedRow,
  mappedRow,
  NotMapped,
  type RowMapping,
  valueAt,
} from './mapping.ts';

/** Takes rows of a table. Those of a lower `part` come first, whenever they are told. */
interface RowTaker {
  add(row: Cell[], part: number): void;
}

/** Begins the rows of a table. */
export type TakeRows = (of: RowsOf) => RowTaker;

/**
 * Reads a document whose text comes in pieces: `write` each, then `end`. Both throw NotJson, NotMapped, and what taking the
 * rows does.
 */
export interface DocumentReader {
  write(text: string): void;
  end(): void;
}

/** A day's document: rows as the mappings say, in their order. */
export function readMapped(day: Day, mappings: readonly RowMapping[], take: TakeRows): DocumentReader {
  const takers = new Map<string, { rows: RowTaker; columns: readonly string[] }>();
  for (const { table, day: column, columns } of mappings) {
    if (takers.has(table)) continue;
    const names = Object.keys(columns);
    takers.set(table, { rows: take({ table, day: column, columns: names }), columns: names });
  }
  const add = (mapping: RowMapping, around: Omit<Around, 'day'>) => {
    const of = takers.get(mapping.table);
    of?.rows.add(mappedRow(mapping, of.columns, { ...around, day }), mappings.indexOf(mapping));
  };
  const asked = mappings.flatMap((mapping) => [mapping.each ?? [], documentPointers(mapping)].flat());
  const apart = new Set<RowMapping>();
  const apartAt = (pointer: string, document: JsonTree): TakeItem | undefined => {
    const here = mappings.filter(({ each }) => each === pointer);
    // What is asked for in the list itself, or stands behind it, is not known yet: then all of it is waited for.
    const isKnown = (path: string) => valueAt(document, path) !== undefined;
    const isInList = asked.some((path) => path.startsWith(`${pointer}/`));
    if (here.length === 0 || isInList || !here.flatMap(documentPointers).every(isKnown)) return undefined;
    for (const mapping of here) apart.add(mapping);
    return (item, index) => {
      for (const mapping of here) add(mapping, { document, item, index });
    };
  };
  return readTree(new JsonTreeBuilder(apartAt), (document) => {
    for (const mapping of mappings.filter((each) => !apart.has(each)))
      for (const [index, item] of itemsAt(document, mapping).entries())
        add(mapping, { document, item, index });
  });
}

/** A list of rows in a document, which become those of a table. */
interface RowList {
  /** A JSON pointer to it. */
  pointer: string;
  table: string;
  /** The column that says the day; undefined where they are all that the table has. */
  day: string | undefined;
}

/** Lists of objects whose keys are the columns: what an export of tables is, and of days in the default shape. */
export function readListed(lists: readonly RowList[], take: TakeRows): DocumentReader {
  const found = new Map(lists.map((list) => [list.pointer, listReader(list, take)]));
  const apartAt = (pointer: string) => found.get(pointer)?.begin();
  return readTree(new JsonTreeBuilder(apartAt), (document) => {
    for (const { pointer, table } of lists)
      if (valueAt(document, pointer) === undefined) throw new NotMapped(`it has no ${table}`);
    for (const list of found.values()) list.end();
  });
}

/** The same of a table, one row a line. */
export function readLines(table: string, take: TakeRows): DocumentReader {
  const list = listReader({ table, day: undefined }, take);
  const item = list.begin();
  let [begun, count]: [string[], number] = [[], 0];
  const takeLine = (line: string) => {
    if (line !== '') item(parseJsonTree(line), count++);
  };
  return {
    write(text) {
      const [first = '', ...others] = text.split('\n');
      begun.push(first);
      const last = others.pop();
      if (last === undefined) return;
      takeLine(begun.join(''));
      for (const line of others) takeLine(line);
      begun = [last];
    },
    end() {
      takeLine(begun.join(''));
      list.end();
    },
  };
}

function listReader({ table, day }: Omit<RowList, 'pointer'>, take: TakeRows) {
  let isThere = false;
  let columns: readonly string[] = [];
  let rows: RowTaker | undefined;
  return {
    begin(): TakeItem {
      isThere = true;
      return (item, index) => {
        if (rows === undefined) columns = item instanceof Map ? [...item.keys()] : [];
        const row = listedRow(item, index, { table, columns });
        rows ??= take({ table, day, columns });
        rows.add(row, 0);
      };
    },
    end() {
      if (!isThere) throw new NotMapped(`${table} is no list of rows`);
      rows ??= take({ table, day, columns });
    },
  };
}

function readTree(builder: JsonTreeBuilder, end: (document: JsonTree) => void): DocumentReader {
  const scanner = new JsonScanner(builder);
  return {
    write: (text) => scanner.write(text),
    end() {
      scanner.end();
      end(builder.tree);
    },
  };
}
