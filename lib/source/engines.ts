// What each engine says of its own facts; the common code asks here and knows none of them.
import type { Engine, EngineFacts } from './facts.ts';
import { sqliteBytesInUse, sqliteDifferences } from './sqlite-facts.ts';

/** The words of one engine. Facts that are compared are of that engine. */
export interface EngineWords {
  /** One sentence for each of its facts in which `found` differs from `expected`. */
  differences(expected: EngineFacts, found: EngineFacts): string[];
  /** Bytes that hold something; undefined where that was not measured. */
  bytesInUse(facts: EngineFacts): number | undefined;
}

export const engines: Readonly<Record<Engine, EngineWords>> = {
  sqlite: { differences: sqliteDifferences, bytesInUse: sqliteBytesInUse },
};
