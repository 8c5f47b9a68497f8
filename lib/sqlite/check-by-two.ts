// The check of a large file in parts, which two processes share as long as there are any. `quick_check` of the whole and
// `integrity_check` of each table do together all that `integrity_check` of the whole does: the first is the same walk
// over every page and row, but for the indexes' entries, which the others look up.
import type { Integrity } from '../source/source.ts';
import type { Problems, Reader } from './reader.ts';

type Part = (reader: Reader) => Promise<void>;

/**
 * Checks with `first`, and with a second reader from when `busyUntil` settles. `tables` come in the order in which they
 * are best checked. Where any part is not found sound, the whole is asked again in one, for its words.
 */
export async function checkByTwo(
  first: Reader,
  tables: readonly string[],
  openSecond: () => Reader,
  busyUntil: Promise<unknown> | undefined,
): Promise<{ foreignKeyViolations: number; integrity: Integrity }> {
  const found: Problems[] = [];
  let foreignKeyViolations = 0;
  const [longest, ...others] = tables.map((table): Part => async (reader) => {
    found.push(await reader.checkTable(table));
  });
  const structure: Part = async (reader) => void found.push(await reader.checkStructure());
  const foreignKeys: Part = async (reader) =>
    void (foreignKeyViolations = await reader.foreignKeyViolations());
  const parts = [...(longest === undefined ? [] : [longest]), structure, foreignKeys, ...others];
  await share(parts, first, openSecond, busyUntil);
  if (found.every((problems) => problems?.length === 0))
    return {
      foreignKeyViolations,
      integrity: { check: 'full', problems: [], note: undefined },
    };
  const integrity = await first.checkIntegrity();
  const problems = found.flatMap((some) => some ?? []);
  return {
    foreignKeyViolations,
    integrity: integrity.problems.length > 0 ? integrity : { ...integrity, problems },
  };
}

async function share(
  parts: Part[],
  first: Reader,
  openSecond: () => Reader,
  busyUntil: Promise<unknown> | undefined,
): Promise<void> {
  const work = async (reader: Reader) => {
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) await part(reader);
  };
  const own = work(first);
  await Promise.race([own, Promise.allSettled([busyUntil])]);
  if (parts.length === 0) return own;
  const second = openSecond();
  try {
    await Promise.all([own, work(second)]);
  } finally {
    await second.close();
  }
}
