// What sender and receiver ask and say of rows, as JSON in both directions: digests, keys, what is held, corrections. A value
// stands as in a line of a batch, of a column whose plain numbers are not REAL unless they have a fraction.
import { Fields, type Flaw } from '../record/fields.ts';
import { heldReasons } from './batch.ts';
import { parseShape, wireShape } from './batch-header.ts';
import type { RereadKeys } from './capture.ts';
import { type Cell, decodeCell, encodeCell } from './cell.ts';
import type { Message } from './messages.ts';
import type { BucketQuery, Correction, Digest, HeldChange } from './peer.ts';

/** More digests than these are not asked for at once. */
const queriesMax = 1000;

export const unconfirmedMessage: Message<readonly RereadKeys[]> = {
  format: (tables) => ({ keys: tables.map(({ table, keys }) => ({ table, keys: keys.map(wireCells) })) }),
  parse: (value, flaw) =>
    new Fields(value, '', flaw).list('keys').map((entry) => {
      const fields = new Fields(entry, 'keys.', flaw);
      return { table: fields.text('table'), keys: fields.list('keys').map((key) => cellsOf(key, flaw)) };
    }),
};

export const bucketQueryMessage: Message<BucketQuery> = {
  format: ({ table, source, day, prefix }) => ({
    table,
    ...(source === undefined ? {} : { source }),
    ...(day === undefined ? {} : { day }),
    ...(prefix === undefined ? {} : { prefix }),
  }),
  parse(value, flaw) {
    const fields = new Fields(value, 'query.', flaw);
    const prefix = fields.has('prefix') ? fields.string('prefix') : undefined;
    if (prefix !== undefined && !/^[0-9a-f]{0,16}$/.test(prefix)) throw flaw('query.prefix is no hex digits');
    const source = fields.has('source') ? nameOf(fields, 'source', flaw) : undefined;
    return { table: nameOf(fields, 'table', flaw), source, day: dayOf(fields, flaw), prefix };
  },
};

export const digestQueriesMessage: Message<readonly BucketQuery[]> = {
  format: (queries) => ({ queries: queries.map((query) => bucketQueryMessage.format(query)) }),
  parse(value, flaw) {
    const queries = new Fields(value, '', flaw).list('queries');
    if (queries.length > queriesMax) throw flaw(`it asks for more than ${queriesMax} digests at once`);
    return queries.map((query) => bucketQueryMessage.parse(query, flaw));
  },
};

export const digestsMessage: Message<readonly Digest[]> = {
  format: (digests) => ({ digests: digests.map(({ rows, sum, xor }) => ({ rows, sum, xor })) }),
  parse: (value, flaw) =>
    new Fields(value, '', flaw).list('digests').map((digest) => {
      const fields = new Fields(digest, 'digests.', flaw);
      return {
        rows: fields.count('rows'),
        sum: hashOf(fields, 'sum', flaw),
        xor: hashOf(fields, 'xor', flaw),
      };
    }),
};

export const daysQueryMessage: Message<string> = {
  format: (table) => ({ table }),
  parse: (value, flaw) => nameOf(new Fields(value, '', flaw), 'table', flaw),
};

export const daysMessage: Message<readonly { readonly day: string | null; readonly rows: number }[]> = {
  format: (days) => ({ days }),
  parse: (value, flaw) =>
    new Fields(value, '', flaw).list('days').map((day) => {
      const fields = new Fields(day, 'days.', flaw);
      return { day: dayOf(fields, flaw) ?? null, rows: fields.count('rows') };
    }),
};

export const keysQueryMessage: Message<{ readonly query: BucketQuery; readonly limit: number }> = {
  format: ({ query, limit }) => ({ query: bucketQueryMessage.format(query), limit }),
  parse(value, flaw) {
    const fields = new Fields(value, '', flaw);
    return {
      query: bucketQueryMessage.parse(fields.optional('query'), flaw),
      limit: fields.integer('limit', 1, 100_000),
    };
  },
};

export const keysMessage: Message<readonly { readonly key: readonly Cell[]; readonly hash: string }[]> = {
  format: (rows) => ({ rows: rows.map(({ key, hash }) => ({ key: wireCells(key), hash })) }),
  parse: (value, flaw) =>
    new Fields(value, '', flaw).list('rows').map((row) => {
      const fields = new Fields(row, 'rows.', flaw);
      return { key: cellsOf(fields.list('key'), flaw), hash: hashOf(fields, 'hash', flaw) };
    }),
};

export const heldMessage: Message<readonly HeldChange[]> = {
  format: (changes) => ({ held: changes.map(wireHeld) }),
  parse: (value, flaw) =>
    new Fields(value, '', flaw)
      .list('held')
      .map((change) => parseHeld(new Fields(change, 'held.', flaw), flaw)),
};

/** A held change as it is written for programs. */
export function wireHeld({
  firstSeen,
  lastSeen,
  key,
  day,
  detail,
  ...rest
}: HeldChange): Record<string, unknown> {
  return {
    ...rest,
    key: wireCells(key),
    day: day ?? null,
    detail: detail ?? null,
    first_seen: firstSeen,
    last_seen: lastSeen,
  };
}

function parseHeld(fields: Fields, flaw: Flaw): HeldChange {
  return {
    id: fields.count('id'),
    source: fields.text('source'),
    table: fields.text('table'),
    key: cellsOf(fields.list('key'), flaw),
    day: fields.optional('day') === undefined ? undefined : fields.text('day'),
    reason: fields.choice('reason', heldReasons),
    detail: fields.optional('detail') === undefined ? undefined : fields.string('detail'),
    kind: fields.choice('kind', ['upsert', 'tombstone']),
    firstSeen: fields.text('first_seen'),
    lastSeen: fields.text('last_seen'),
    count: fields.count('count'),
  };
}

export const frozenDaysMessage: Message<readonly string[]> = {
  format: (days) => ({ days }),
  parse(value, flaw) {
    const days = new Fields(value, '', flaw).list('days');
    if (!days.every((day) => typeof day === 'string')) throw flaw('days is no list of days');
    return days;
  },
};

export const correctionsMessage: Message<readonly Correction[]> = {
  format: (corrections) => ({
    corrections: corrections.map(({ shape, key, cells, ...rest }) => ({
      ...rest,
      shape: wireShape(shape),
      key: wireCells(key),
      cells: cells === undefined ? null : wireCells(cells),
    })),
  }),
  parse: (value, flaw) =>
    new Fields(value, '', flaw).list('corrections').map((correction) => {
      const fields = new Fields(correction, 'corrections.', flaw);
      return {
        id: fields.count('id'),
        at: fields.text('at'),
        by: fields.string('by'),
        reason: fields.string('reason'),
        source: fields.optional('source') === undefined ? undefined : fields.text('source'),
        shape: parseShape(fields.optional('shape'), flaw),
        key: cellsOf(fields.list('key'), flaw),
        cells: fields.optional('cells') === undefined ? undefined : cellsOf(fields.list('cells'), flaw),
      };
    }),
};

function wireCells(cells: readonly Cell[]) {
  return cells.map((cell) => encodeCell(cell, false));
}

function cellsOf(value: unknown, flaw: Flaw): Cell[] {
  if (!Array.isArray(value)) throw flaw('a key is no list of values');
  try {
    return value.map((cell) => decodeCell(cell, false));
  } catch (error) {
    throw error instanceof RangeError ? flaw(error.message) : error;
  }
}

function nameOf(fields: Fields, key: string, flaw: Flaw): string {
  const name = fields.text(key);
  if (name.length > 500 || name.includes('\0')) throw flaw(`${key} is no name`);
  return name;
}

/** Undefined where it is not said, null for rows without one. */
function dayOf(fields: Fields, flaw: Flaw): string | null | undefined {
  if (!fields.has('day')) return undefined;
  if (fields.optional('day') === undefined) return null;
  const day = fields.text('day');
  if (day.length > 100) throw flaw('day is none');
  return day;
}

function hashOf(fields: Fields, key: string, flaw: Flaw): string {
  const text = fields.text(key);
  if (!/^[0-9a-f]{16}$/.test(text)) throw flaw(`${key} is not 16 lower-case hex digits`);
  return text;
}
