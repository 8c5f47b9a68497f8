// What rsync prints of each name that it looks at (rsync(1), --itemize-changes).
import type { Readable } from 'node:stream';
import type { Found } from '../export/shipment.ts';

const lineBytesMax = 64 * 1024;

/** Reads what rsync says of each name; of a name that is not asked for nothing is kept. */
export async function tellNames(
  stdout: Readable | null,
  asked: ReadonlySet<string>,
  onName: () => void,
): Promise<{ found: Map<string, Found>; isDirectoryMissing: boolean }> {
  const found = new Map<string, Found>();
  let isDirectoryMissing = false;
  let rest = '';
  const take = (line: string) => {
    if (line.startsWith('created directory ')) isDirectoryMissing = true;
    const item = itemOf(line);
    if (item === undefined || !asked.has(item.name)) return;
    found.set(item.name, item.found);
    onName();
  };
  for await (const chunk of (stdout?.setEncoding('latin1') ?? []) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = (lines.pop() ?? '').slice(0, lineBytesMax);
    lines.forEach(take);
  }
  return { found, isDirectoryMissing };
}

/** `.f          name`, `<f+++++++++ name`, `<fcs....... name` (rsync(1), --itemize-changes). */
export function itemOf(line: string): { name: string; found: Found } | undefined {
  const [, update = '', changes = '', written = ''] = /^([<>ch.])f(.{9}) (.+)$/.exec(line) ?? [];
  if (update === '') return undefined;
  // Bytes that are not printed stand as `\#303`, and so does the backslash of what only looks like one.
  const bytes = written.replace(/\\#([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  );
  const name = Buffer.from(bytes, 'latin1').toString('utf8');
  if (update === '.' && /^[ .]+$/.test(changes)) return { name, found: 'same' };
  return { name, found: changes.startsWith('+') ? 'none' : 'other' };
}
