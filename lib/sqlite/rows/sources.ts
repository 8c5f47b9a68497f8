// The sources of many documents: told by this thread, or by it and a second one that holds the same instant.
import type { Day } from '../../export/day.ts';
import type { Source } from '../../export/rows.ts';
import type { JsonStyle } from '../../export/style.ts';
import type { Database } from '../open.ts';
import { documentSource } from './document.ts';

export interface AskedSources {
  /** Documents of days by a query, which is named by its place among `queries`: each of a thousand days has the same. */
  of: readonly ({ query: number; day: Day } | undefined)[];
  queries: readonly string[];
  style: JsonStyle;
}

/** What a second thread is asked: to take one after the other until there are none. */
export interface SharedSources {
  asked: AskedSources;
  /** How many of them are taken. */
  taken: SharedArrayBuffer;
}

/** What one thread has told. */
export type ToldSources = (readonly [index: number, source: Source])[];

/** The sources, undefined where a document is made of no query. */
export async function sourcesByTwo(
  database: Database,
  { of, queries, style }: AskedSources,
  second: { sources(shared: SharedSources): Promise<ToldSources> } | undefined,
): Promise<(Source | undefined)[]> {
  const shared = {
    asked: { of, queries, style },
    taken: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  };
  const theirs = second?.sources(shared);
  const sources: (Source | undefined)[] = of.map(() => undefined);
  try {
    for (const [index, source] of tellSources(database, shared)) sources[index] = source;
  } finally {
    await theirs?.catch(() => undefined); // before it is asked anything else
  }
  for (const [index, source] of (await theirs) ?? []) sources[index] = source;
  return sources;
}

/** Where one cannot be told, the other thread begins none either. */
export function tellSources(
  database: Database,
  { asked: { of, queries, style }, taken }: SharedSources,
): ToldSources {
  const counter = new Int32Array(taken);
  const told: ToldSources = [];
  try {
    for (let index = Atomics.add(counter, 0, 1); index < of.length; index = Atomics.add(counter, 0, 1)) {
      const wanted = of[index];
      if (wanted === undefined) continue;
      told.push([index, documentSource(database, queries[wanted.query] ?? '', wanted.day, style)]);
    }
    return told;
  } finally {
    Atomics.store(counter, 0, of.length);
  }
}
