// What each engine says of its own facts; the common code asks here and knows none of them.
import type { Engine, EngineFacts } from './facts.ts';
import { sqliteBytesInUse, sqliteDifferences, sqliteRemarks } from './sqlite-facts.ts';

/** The words of one engine. Facts that are compared are of that engine. */
export interface EngineWords {
  /** One sentence for each of its facts in which `found` differs from `expected`. */
  differences(expected: EngineFacts, found: EngineFacts): string[];
  /** Bytes that hold something; undefined where that was not measured. */
  bytesInUse(facts: EngineFacts): number | undefined;
  /** What a person should know of a database that was copied, though nothing is wrong with the copy. */
  remarks(facts: EngineFacts): string[];
}

export const engines: Readonly<Record<Engine, EngineWords>> = {
  sqlite: { differences: sqliteDifferences, bytesInUse: sqliteBytesInUse, remarks: sqliteRemarks },
};
