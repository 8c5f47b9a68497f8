// What sender and receiver say to each other: what is written is read again as it was, and what is none is refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { formatHeader, parseHeader } from '../../../lib/delta/batch-header.ts';
import type { BatchHeader } from '../../../lib/delta/batch.ts';
import type { Cell } from '../../../lib/delta/cell.ts';
import * as messages from '../../../lib/delta/messages.ts';
import * as rows from '../../../lib/delta/row-messages.ts';
import type { Flaw } from '../../../lib/record/fields.ts';

const flaw: Flaw = (cause) => new OpsError('damaged', cause);
const hex = 'a'.repeat(32);
const link = `3-${'b'.repeat(16)}-${'c'.repeat(16)}`;
const source = {
  source: 'laptop-1',
  instance: hex,
  lineage: link,
  epoch: hex,
  batchNo: 7,
  nonce: hex,
  confirmedNonce: hex,
  unconfirmedKeys: 12,
  highWater: 99,
};
const empty = {
  ...source,
  instance: undefined,
  lineage: undefined,
  epoch: undefined,
  nonce: undefined,
  confirmedNonce: undefined,
};
const shape = {
  name: 'VISIT',
  columns: [{ name: 'id', declared: 'INTEGER', notNull: true }],
  key: ['id'],
  identity: 'primary',
} as const;
const staged = { epoch: hex, batchNo: 8, sha256: 'd'.repeat(64), bytes: 100 };
const dayRules = {
  VISIT: { column: 'day_id', parent: { table: 'DAY', key: 'id', day: 'date' } },
  DAY: { column: 'date' },
};
const deletions = { VISIT: 'keep', '*': 'apply' } as const;
const nasty: Cell[] = [
  null,
  1n,
  2n ** 62n,
  0.5,
  1,
  -0,
  Infinity,
  'text',
  '\u0000',
  new Uint8Array([0, 255]),
  { text: new Uint8Array([255]) },
];
const held = {
  id: 1,
  source: 'laptop-1',
  table: 'VISIT',
  key: nasty,
  day: undefined,
  reason: 'no-day',
  detail: undefined,
  kind: 'upsert',
  firstSeen: '2026-11-20T02:05:13.000Z',
  lastSeen: '2026-11-20T02:05:13.000Z',
  count: 2,
} as const;

interface AnyMessage {
  format(value: unknown): Record<string, unknown>;
  parse(value: unknown, flaw: Flaw): unknown;
}

const cases: [string, AnyMessage, unknown][] = [
  ['a state', messages.sourceStateMessage, source],
  ['a first state', messages.sourceStateMessage, empty],
  [
    'where a receiver stands',
    messages.peerStateMessage,
    { state: source, staged, dayRules, deletions, replica: 'tt', version: '1.0.0' },
  ],
  [
    'a receiver without a batch',
    messages.peerStateMessage,
    { state: empty, staged: undefined, dayRules: {}, replica: 'tt', version: '1' },
  ],
  [
    'a result',
    messages.batchResultMessage,
    {
      batchNo: 1,
      nonce: hex,
      applied: { upserts: 1, deletes: 2, unchanged: 3 },
      held: { 'no-day': 4 },
      refusedTables: ['x'],
      anomalies: 0,
    },
  ],
  ['a refusal', messages.refusalMessage, { reason: 'state', message: 'no', state: source }],
  [
    'a refusal without a state',
    messages.refusalMessage,
    { reason: 'malformed', message: 'no', state: undefined },
  ],
  ['an offer', messages.offerMessage, [shape]],
  [
    'what became of it',
    messages.offeredMessage,
    { refused: ['VISIT'], kept: [{ table: 'DAY', columns: ['note', 'a "b"'] }] },
  ],
  ['a takeover', messages.takeoverMessage, { instance: hex, lineage: link }],
  ['a takeover by a new one', messages.takeoverMessage, { instance: hex, lineage: undefined }],
  ['unconfirmed keys', rows.unconfirmedMessage, [{ table: 'VISIT', keys: [nasty] }]],
  [
    'queries',
    rows.digestQueriesMessage,
    [
      { table: 'a', day: undefined, prefix: undefined },
      { table: 'a', source: 'laptop-1', day: null, prefix: '0f' },
      { table: 'a', day: '2026-11-20', prefix: '' },
    ],
  ],
  ['digests', rows.digestsMessage, [{ rows: 3, sum: '0'.repeat(16), xor: 'f'.repeat(16) }]],
  ['a question for days', rows.daysQueryMessage, 'VISIT'],
  [
    'days',
    rows.daysMessage,
    [
      { day: null, rows: 1 },
      { day: '2026-11-20', rows: 2 },
    ],
  ],
  [
    'a question for keys',
    rows.keysQueryMessage,
    { query: { table: 'a', day: '2026-11-20', prefix: undefined }, limit: 10 },
  ],
  ['keys', rows.keysMessage, [{ key: nasty, hash: '0'.repeat(16) }]],
  [
    'held changes',
    rows.heldMessage,
    [held, { ...held, day: '2026-11-20', detail: 'why', kind: 'tombstone' }],
  ],
  ['frozen days', rows.frozenDaysMessage, ['2026-11-20']],
  [
    'corrections',
    rows.correctionsMessage,
    [
      { id: 1, at: 'x', by: 'kim', reason: '', source: 'laptop-1', shape, key: nasty, cells: nasty },
      { id: 2, at: 'x', by: '', reason: 'y', shape, key: nasty, cells: undefined },
    ],
  ],
];

const read = cases.map(([name, message, value]) => ({
  name,
  message: message,
  value,
}));

describe.each(read)('$name', ({ message, value }) => {
  const text = JSON.stringify(message.format(value));

  test('is read as it was written', () => {
    const again: unknown = message.parse(JSON.parse(text), flaw);
    expect(printed(again)).toEqual(printed(value));
    expect(JSON.stringify(message.format(again))).toBe(text);
  });

  // Whoever sends what is none gets a reason in words, and no exception of any other kind.
  test('is refused with a reason whatever stands in the place of any of its values', () => {
    const found = fc.sample(fc.jsonValue({ maxDepth: 2 }), { numRuns: 25, seed: 7 });
    for (const other of found)
      for (const path of pathsOf(JSON.parse(text))) {
        try {
          message.parse(replaced(JSON.parse(text), path, other), flaw);
        } catch (error) {
          expect(error).toBeInstanceOf(OpsError);
        }
      }
  });
});

test.each<[string, AnyMessage, unknown]>([
  [
    'a nonce that is none',
    messages.sourceStateMessage,
    { ...messages.sourceStateMessage.format(source), nonce: 'x' },
  ],
  ['a lineage that is none', messages.takeoverMessage, { instance: hex, lineage: '1-2-3' }],
  ['too many tables', messages.offerMessage, { tables: Array(2001).fill({}) }],
  ['too many questions', rows.digestQueriesMessage, { queries: Array(1001).fill({ table: 'a' }) }],
  ['a prefix with a quote', rows.bucketQueryMessage, { table: 'a', prefix: "0' or 1=1" }],
  ['a table without a name', rows.daysQueryMessage, { table: '' }],
  ['more keys than anybody reads', rows.keysQueryMessage, { query: { table: 'a' }, limit: 1e9 }],
])('%s is refused', (_, message, value) => {
  expect(() => message.parse(value, flaw)).toThrow(OpsError);
});

/** Bytes of whatever class are the same. */
function printed(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'bigint'
        ? `${inner}n`
        : Object.is(inner, -0)
          ? '-0'
          : typeof inner === 'number' && !Number.isFinite(inner)
            ? String(inner)
            : Buffer.isBuffer(inner) || inner instanceof Uint8Array
              ? [...inner]
              : isBufferJson(inner)
                ? inner.data
                : inner,
    ),
  );
}

function isBufferJson(value: unknown): value is { data: number[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value
  );
}

function pathsOf(value: unknown, above: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...above]];
  return [[...above], ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...above, key]))];
}

function replaced(value: unknown, [key, ...below]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other;
  const record = value as Record<string, unknown>;
  record[key] = replaced(record[key], below, other);
  return record;
}

test('a receiver of before says nothing of columns that it keeps', () => {
  expect(messages.offeredMessage.parse({ refused: [] }, flaw)).toMatchObject({ refused: [], kept: [] });
});

describe('the keys that a piece of a walk leaves alone', () => {
  const header: BatchHeader = {
    source: 'laptop-1',
    instance: hex,
    lineage: link,
    heldLineage: undefined,
    epoch: hex,
    replaces: undefined,
    batchNo: 1,
    heldNonce: undefined,
    toSeq: 0,
    takenAt: '2026-11-28T06:30:00.125Z',
    tables: [
      {
        name: 'weight',
        columns: ['animal', 'kg'].map((name) => ({ name, declared: 'REAL', notNull: false })),
        key: ['animal', 'kg'],
        identity: 'primary',
      },
    ],
    range: {
      table: 0,
      after: [1, 2],
      through: undefined,
      kept: [
        [1.5, 2],
        [3, Infinity],
      ],
    },
    resyncing: true,
  };

  test('travel as keys do', () => {
    expect(parseHeader(formatHeader(header), flaw)).toEqual(header);
  });

  test.each([['[1]'], ['[[1]]'], ['[[1,2,3]]'], ['{}'], ['[[1,{"b":5}]]']])('are refused as %s', (kept) => {
    const line = formatHeader(header).replace(/"kept":\[\[.*?\]\]/, `"kept":${kept}`);
    expect(line).toContain(kept);
    expect(() => parseHeader(line, flaw)).toThrow(OpsError);
  });
});
