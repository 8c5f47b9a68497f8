// What only a SQLite file has, and what follows from it: where two files differ, how much of one is in use.

import type { CommonFacts } from './facts.ts';

/** All facts of a SQLite file. */
export type SqliteMeasured = CommonFacts & SqliteFacts;

/** Of them what is not common to all engines. All but the last three are equal for equal content, whoever measures them, and when. */
export interface SqliteFacts {
  engine: 'sqlite';
  /** Times `pageCount` it is the size of the file. */
  pageSize: number;
  pageCount: number;
  /**
   * Pages on the free list, which hold nothing. Absent where nobody counted them; then the whole file counts as
   * in use, and a VACUUM looks like loss.
   */
  freePageCount?: number;
  userVersion: number;
  applicationId: number;
  /** SHA-256 over the schema, lower-case hex. */
  schemaSha256: string;
  /** What `foreign_key_check` counts; an app may run with violations, so zero is not required. */
  foreignKeyViolations: number;
  /** `wal` or `delete`, as the header says. A restore sets it, so it is not compared. */
  journalMode: string;
  encoding: string;
  /** Of the library that measured. */
  sqliteVersion: string;
}

/** Where the facts of a file differ from those its manifest states, one sentence each. Free pages count only when both sides counted them. */
export function sqliteDifferences(expected: SqliteFacts, found: SqliteFacts): string[] {
  const free = [expected.freePageCount ?? found.freePageCount, found.freePageCount ?? expected.freePageCount];
  const numbers: [string, number | undefined, number | undefined][] = [
    ['page size', expected.pageSize, found.pageSize],
    ['page count', expected.pageCount, found.pageCount],
    ['free page count', free[0], free[1]],
    ['user_version', expected.userVersion, found.userVersion],
    ['application_id', expected.applicationId, found.applicationId],
    ['number of foreign key violations', expected.foreignKeyViolations, found.foreignKeyViolations],
  ];
  const sentences = numbers
    .filter(([, says, is]) => says !== is)
    .map(([what, says, is]) => `the ${what} is ${is}, the manifest says ${says}`);
  if (expected.schemaSha256 === found.schemaSha256) return sentences;
  return [...sentences, 'the schema is not the one the manifest was made from'];
}

/**
 * Bytes that hold something; undefined where the free pages were not counted. Free pages hold nothing: without them
 * neither a VACUUM looks like loss, nor does mass deletion look like none.
 */
export function sqliteBytesInUse({ pageSize, pageCount, freePageCount }: SqliteFacts): number | undefined {
  return freePageCount === undefined ? undefined : pageSize * (pageCount - freePageCount);
}
