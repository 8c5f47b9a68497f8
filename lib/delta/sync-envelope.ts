// Answers of a master: the envelopes that HerdLinx's clients know, and lines for a client that wants the rows exactly. Text is
// made a piece at a time; docs/formats.md pins it.
import { lineCodec } from './batch-lines.ts';
import { wireShape } from './batch-header.ts';
import { legacyKey, legacyRow } from './legacy-json.ts';
import type { Served, ServedSchema } from './serving.ts';
import { formatLinesEnd, formatLinesHeader } from './serving-lines.ts';
import { contentKey, type TableShape } from './shape.ts';

/** Every row: `{success, exported_at, schema_version, data, counts, …}`. */
export function* exportEnvelope(served: Served, exportedAt: string): Generator<string> {
  yield* envelope(served, { success: true, exported_at: exportedAt });
}

/** What changed: `{success, timestamp, data, counts, deleted, cursor, has_more}`. */
export function* changesEnvelope(served: Served, timestamp: string): Generator<string> {
  yield* envelope(served, { success: true, timestamp });
}

/** Rows in the order of the tables, as they are served; what is gone comes before them, and stands behind them. */
function* envelope(served: Served, head: Record<string, unknown>): Generator<string> {
  const { tables } = served.schema;
  const deleted = tables.map((): string[] => []);
  const counts = tables.map(() => 0);
  let current = -1;
  yield `${JSON.stringify({ ...head, schema_version: served.schema.version }).slice(0, -1)},\n"data":{`;
  const upTo = function* (wanted: number) {
    while (current < wanted) {
      current += 1;
      yield `${current === 0 ? '' : '\n],'}\n${JSON.stringify(tables[current]?.name)}:[`;
    }
  };
  for (const piece of served.changes) {
    let text = '';
    for (const change of piece) {
      const shape = tables[change.table];
      if (shape === undefined) continue;
      if (change.kind === 'tombstone') {
        deleted[change.table]?.push(legacyKey(shape, change.key));
        continue;
      }
      for (const between of upTo(change.table)) text += between;
      const count = (counts[change.table] = (counts[change.table] ?? 0) + 1);
      text += `${count === 1 ? '' : ','}\n${legacyRow(shape, change.cells)}`;
    }
    yield text;
  }
  for (const between of upTo(tables.length - 1)) yield between;
  const named = (values: readonly string[]) =>
    `{${tables.map(({ name }, index) => `${JSON.stringify(name)}:${values[index] ?? ''}`).join(',')}}`;
  yield `${tables.length === 0 ? '' : '\n]'}},\n"counts":${named(counts.map(String))},\n`;
  yield `"deleted":${named(deleted.map((keys) => `[${keys.join(',')}]`))},\n`;
  const tail = { cursor: served.cursor ?? null, has_more: served.hasMore, full_only: served.schema.fullOnly };
  yield `${JSON.stringify(tail).slice(1)}\n`;
}

/** The same as lines, exactly; only for an answer with a cursor. */
export function* servedLines(served: Served, kind: 'all' | 'changes'): Generator<string> {
  const { tables, version, fullOnly } = served.schema;
  const codec = lineCodec(tables);
  let count = 0;
  yield `${formatLinesHeader({ kind, schemaVersion: version, tables, fullOnly })}\n`;
  for (const piece of served.changes) {
    count += piece.length;
    yield piece.map((change) => `${codec.format(change)}\n`).join('');
  }
  yield `${formatLinesEnd({ changes: count, cursor: served.cursor ?? '', hasMore: served.hasMore })}\n`;
}

/** That whoever asked has to begin with a full export. */
export function beginAnew(timestamp: string): object {
  const nothing = { data: {}, counts: {}, deleted: {}, cursor: null, has_more: false };
  return { success: true, timestamp, full_export_required: true, ...nothing };
}

/** `{success, schema_version, tables, timestamp}`. */
export function schemaEnvelope({ version, tables, fullOnly }: ServedSchema, timestamp: string): object {
  const shown = tables.map((shape) => [
    shape.name,
    { ...wireShape(withoutContentKey(shape)), name: undefined },
  ]);
  const named = Object.fromEntries(shown) as object;
  return { success: true, schema_version: version, tables: named, full_only: fullOnly, timestamp };
}

function withoutContentKey(shape: TableShape): TableShape {
  if (shape.identity === 'primary') return shape;
  const columns = shape.columns.filter(({ name }) => name !== contentKey);
  return { ...shape, columns, key: [] };
}
