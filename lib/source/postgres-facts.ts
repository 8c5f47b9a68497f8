// What only a PostgreSQL database has, and where two of them differ: by kind of object, each with a digest of all that it says.

import type { CommonFacts } from './facts.ts';

/** All objects of one kind, such as `triggers`: how many, and a digest of what each of them is. */
export interface PostgresPart {
  name: string;
  count: number;
  /** SHA-256 over one line an object, sorted; lower-case hex. */
  sha256: string;
}

/** What a database is made with, from template0, and can never be given later. */
export interface PostgresLocale {
  /** Such as `UTF8`. */
  encoding: string;
  /** Who compares its texts. */
  provider: 'libc' | 'icu' | 'builtin';
  collate: string;
  ctype: string;
  /** Of `icu` or `builtin`. */
  name?: string;
  /** Of `icu`, beside those of its locale. */
  rules?: string;
}

/** The facts of a PostgreSQL database, measured where it was restored. */
export type PostgresFacts = CommonFacts & PostgresOwnFacts;

/** Of them what is not common to all engines. */
export interface PostgresOwnFacts {
  engine: 'postgres';
  /** One entry a kind of object, names unique. */
  parts: PostgresPart[];
  /** Of the server that the dump is of, such as `15.18`. Not compared. */
  serverVersion: string;
  /** Of the server where it was restored and measured; absent where that is the same. Servers of two majors write the same otherwise. */
  measuredOn?: string;
  /** SQL that makes the roles which the database needs, without passwords; absent where nobody asked. Not compared. */
  roles?: string[];
  /** Absent where the dump does not say. Not compared: a part says it as well. */
  locale?: PostgresLocale;
}

/**
 * Where the facts of a database differ from those its manifest states, one sentence each. A kind that only one side knows is not compared,
 * and of what servers of two major versions have measured only how many there are.
 */
export function postgresDifferences(expected: PostgresOwnFacts, found: PostgresOwnFacts): string[] {
  const isAlike = measuringMajor(expected) === measuringMajor(found);
  const is = new Map(found.parts.map((part) => [part.name, part]));
  return expected.parts.flatMap(({ name, count, sha256 }) => {
    const part = is.get(name);
    if (part === undefined || part.sha256 === sha256) return [];
    if (part.count === count && !isAlike) return [];
    return part.count === count
      ? [`the ${name} are not those of the manifest, though there are as many: ${count}`]
      : [`the ${name} are ${part.count}, the manifest says ${count}`];
  });
}

function measuringMajor({ serverVersion, measuredOn = serverVersion }: PostgresOwnFacts): number {
  return Number.parseInt(measuredOn, 10);
}
