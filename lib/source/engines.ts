// What each engine says of its own facts; the common code asks here and knows none of them.
import type { Engine, EngineFacts, FactsOf } from './facts.ts';
import { postgresDifferences } from './postgres-facts.ts';
import { sqliteBytesInUse, sqliteDifferences } from './sqlite-facts.ts';

/** The words of one engine. */
interface EngineWords<Facts extends EngineFacts> {
  /** What people call it. */
  called: string;
  /** One sentence for each of its facts in which `found` differs from `expected`. */
  differences(expected: Facts, found: Facts): string[];
  /** Bytes that hold something; undefined where that was not measured. */
  bytesInUse(facts: Facts): number | undefined;
}

const engines: { readonly [Name in Engine]: EngineWords<FactsOf<Name>> } = {
  sqlite: { called: 'SQLite', differences: sqliteDifferences, bytesInUse: sqliteBytesInUse },
  postgres: { called: 'PostgreSQL', differences: postgresDifferences, bytesInUse: () => undefined },
};

/** What people call an engine. */
export function engineCalled(engine: Engine): string {
  return engines[engine].called;
}

/** One sentence for each fact of its engine in which `found` differs from `expected`; one where they are of two. */
export function engineDifferences(expected: EngineFacts, found: EngineFacts): string[] {
  if (expected.engine !== found.engine)
    return [`it is of ${engineCalled(found.engine)}, the manifest says ${engineCalled(expected.engine)}`];
  return (engines[expected.engine] as EngineWords<EngineFacts>).differences(expected, found);
}

/** Bytes that hold something; undefined where that was not measured. */
export function bytesInUse(facts: EngineFacts): number | undefined {
  return (engines[facts.engine] as EngineWords<EngineFacts>).bytesInUse(facts);
}
