// What the source had at the instant of a dump, against what came out of the dump when it was restored.
import type { PostgresFacts } from '../../source/postgres-facts.ts';
import { tableLabel } from '../../source/facts.ts';
import { formatCount, groupThousands } from '../../base/format.ts';
import type { Inventory, SequenceState } from './inventory.ts';

/** What was found beside the facts where a dump was restored; for as long as those are held. */
const found = new WeakMap<PostgresFacts, Inventory>();

export function keepInventory(facts: PostgresFacts, inventory: Inventory): void {
  found.set(facts, inventory);
}

/** One sentence each; empty where all of the source came back. Numbers of sequences may be of any moment of the dump. */
export function disagreements(
  source: Inventory,
  sequencesAfter: readonly SequenceState[],
  facts: PostgresFacts,
): string[] {
  const restored = found.get(facts);
  if (restored === undefined) throw new Error('facts that were not measured here');
  return [
    ...tableDisagreements(source, restored),
    ...[...source.parts].flatMap(([kind, lines]) =>
      partDisagreements(kind, lines, restored.parts.get(kind) ?? []),
    ),
    ...sequenceDisagreements(source.sequences, sequencesAfter, restored.sequences),
  ];
}

function tableDisagreements(source: Inventory, restored: Inventory): string[] {
  const rows = new Map(restored.tables.map((table) => [table.name, table.rows]));
  return source.tables.flatMap((table) => {
    const is = rows.get(table.name);
    if (is === table.rows) return [];
    const had = `it has ${groupThousands(table.rows)} in the database`;
    return is === undefined
      ? [`table ${tableLabel(table.name)} is not there when it is restored, and ${had}`]
      : [`table ${tableLabel(table.name)} has ${formatCount(is, 'row')} when it is restored, and ${had}`];
  });
}

function partDisagreements(kind: string, source: readonly string[], restored: readonly string[]): string[] {
  const there = new Set(restored);
  const names = new Set(restored.map(nameIn));
  const missing = source.filter((line) => !there.has(line));
  const known = new Set(source.map(nameIn));
  const more = restored.filter((line) => !known.has(nameIn(line)));
  return [
    ...missing.map((line) =>
      names.has(nameIn(line))
        ? `${kind}: ${tableLabel(nameIn(line))} is not the same when it is restored`
        : `${kind}: ${tableLabel(nameIn(line))} is not there when it is restored`,
    ),
    ...more.map((line) => `${kind}: ${tableLabel(nameIn(line))} is there only when it is restored`),
  ];
}

function nameIn(line: string): string {
  return line.slice(0, line.indexOf('\t'));
}

function sequenceDisagreements(
  before: readonly SequenceState[],
  after: readonly SequenceState[],
  restored: readonly SequenceState[],
): string[] {
  const later = new Map(after.map((each) => [each.name, each]));
  const is = new Map(restored.map((each) => [each.name, each]));
  return before.flatMap((first) => {
    const [last, found] = [later.get(first.name), is.get(first.name)];
    // Dropped, or made anew, meanwhile.
    if (last === undefined) return [];
    const label = `sequence ${tableLabel(first.name)}`;
    if (found === undefined) return [`${label} is not there when it is restored`];
    const [low, high] = first.last <= last.last ? [first.last, last.last] : [last.last, first.last];
    const isBetween = found.last >= low && found.last <= high;
    const isCalledAsBefore =
      low !== high || first.isCalled !== last.isCalled || found.isCalled === first.isCalled;
    return isBetween && isCalledAsBefore
      ? []
      : [`${label} is at ${found.last} when it is restored, and at ${last.last} in the database`];
  });
}
