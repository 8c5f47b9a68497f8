// Row changes: what a sender keeps of itself, and the text of a batch.
import { OpsError } from '../../lib/base/errors.ts';
import { formatHeader, parseHeader } from '../../lib/delta/batch-header.ts';
import { lineCodec } from '../../lib/delta/batch-lines.ts';
import type { BatchHeader } from '../../lib/delta/batch.ts';
import type { Change } from '../../lib/delta/change.ts';
import { formatSender, parseSender, type SenderRecord } from '../../lib/delta/sender-record.ts';
import { type Goldens, text } from './golden.ts';

const header: BatchHeader = {
  source: 'laptop-1',
  instance: '11'.repeat(16),
  lineage: `8-${'22'.repeat(8)}-${'33'.repeat(8)}`,
  heldLineage: `7-${'44'.repeat(8)}-${'55'.repeat(8)}`,
  epoch: '66'.repeat(16),
  replaces: undefined,
  batchNo: 8,
  heldNonce: '77'.repeat(16),
  toSeq: 4711,
  takenAt: '2026-11-28T06:30:00.125Z',
  tables: [
    {
      name: 'visit',
      columns: [
        { name: 'id', declared: 'INTEGER', notNull: false },
        { name: 'weight', declared: 'REAL', notNull: false },
        { name: 'note "x"', declared: '', notNull: true },
      ],
      key: ['id'],
      identity: 'primary',
    },
  ],
  range: { table: 0, after: [12n], through: undefined },
  resyncing: true,
};

const changes: Change[] = [
  { kind: 'tombstone', table: 0, key: [5n] },
  { kind: 'upsert', table: 0, cells: [1n, 2, 'a'] },
  { kind: 'upsert', table: 0, cells: [9223372036854775807n, -Infinity, 0.1] },
  { kind: 'upsert', table: 0, cells: [2n, -0, Buffer.from([0, 255])] },
  { kind: 'upsert', table: 0, cells: [3n, null, { text: Buffer.from([255, 65]) }] },
  { kind: 'upsert', table: 0, cells: [4n, 1n, 2] },
];

const sender: SenderRecord = {
  instance: '11'.repeat(16),
  secret: '99'.repeat(16),
  links: 8,
  lineage: header.heldLineage,
  pending: header.lineage,
  keptColumns: [],
  walked: { nonce: '77'.repeat(16), pieces: [{ table: 'visit', after: '' }] },
  pieceBytes: 262_144,
  offered: 'aa'.repeat(16),
  trouble: {
    kind: 'unreachable',
    message: 'cannot reach reports: ECONNREFUSED',
    since: '2026-11-28T06:00:00.000Z',
    failures: 3,
    notBefore: '2026-11-28T06:31:00.000Z',
    network: 'bb'.repeat(8),
  },
  caughtUpAt: '2026-11-28T05:59:00.000Z',
  lastAt: '2026-11-28T05:59:00.000Z',
  cycles: 40,
  failedCycles: 3,
  changes: 9000,
  waiting: 12,
  held: { 'frozen-day': 2 },
  refusedTables: ['draft'],
};

const codec = lineCodec(header.tables);

const flaw = (cause: string) => new OpsError('damaged', cause);

export const delta: Goldens = {
  'delta/header-1.json': text((line) => parseHeader(line, flaw), header, formatHeader),
  'delta/lines-1.ndjson': text(
    (lines) => lines.trimEnd().split('\n').map(codec.parse),
    changes,
    (value) => value.map((change) => `${codec.format(change)}\n`).join(''),
  ),
  'delta/sender-1.json': text((record) => parseSender(record, flaw), sender, formatSender),
};
