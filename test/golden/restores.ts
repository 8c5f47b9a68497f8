// What a restore leaves beside a database: the intent in its phases, and undo.json in its states.
import { readFile } from 'node:fs/promises';
import type { DatabaseSet } from '../../lib/placement/database-set.ts';
import type { FileMark } from '../../lib/placement/file-mark.ts';
import { type Intent, formatIntent, parseIntent } from '../../lib/placement/intent.ts';
import { formatUndoRecord, parseUndoRecord, type UndoRecord } from '../../lib/placement/undo-record.ts';
import { at, type Golden, type Goldens, pi, text } from './golden.ts';

const target = '/opt/apps/ctv/production.db';
const database = mark(131n, 4096000n);
const set: DatabaseSet = new Map([
  ['', database],
  ['-wal', mark(132n, 824n)],
  ['-shm', mark(133n, 32768n)],
]);

const placing: Intent = {
  phase: 'placing',
  target,
  app: 'ctv',
  backup: 'backups/ctv/ctv-20261119T020513Z.db',
  services: 'flaskapp.service',
  startedAt: at,
  startedBy: pi,
  staging: '.production.db.restore-Ab3dE9',
  undo: 'production.db.undo-20261120T020513Z',
  old: set,
  merged: mark(140n, 4096000n),
  new: mark(139n, 4091904n),
};
const onNothing: Intent = { ...placing, services: '', undo: undefined, old: new Map(), merged: undefined };

const kept: UndoRecord = {
  app: 'ctv',
  target,
  replacedBy: 'backups/ctv/ctv-20261119T020513Z.db',
  madeAt: at,
  state: 'kept',
  usedAt: undefined,
  ownership: { uid: 1000, gid: 33, mode: 0o640 },
  members: set,
};

export const restores: Goldens = {
  'intent/v1-placing.json': intent(placing),
  'intent/v1-placed.json': intent({
    ...placing,
    phase: 'placed',
    undo: 'production.db.undo-20261120T020513Z-2',
    old: new Map([
      ['', database],
      ['-journal', mark(134n, 512n)],
    ]),
    merged: undefined,
  }),
  'intent/v1-where-nothing-was-placing.json': intent(onNothing),
  'intent/v1-where-nothing-was-placed.json': intent({
    ...onNothing,
    phase: 'placed',
    new: {
      device: 18446744073709551615n,
      inode: 18446744073709551615n,
      sizeBytes: 4091904n,
      modifiedNs: -1n,
    },
  }),
  'intent/abandoned/.production.db.restore.json.abandoned-20261120T020513Z': {
    read: async (path) => parseIntent(await readFile(path, 'utf8'), path, 'production.db').staging,
    value: '.production.db.restore-Ab3dE9',
    format: () => formatIntent(placing),
  },
  'undo/v1-kept.json': undo(kept),
  'undo/v1-used.json': undo({
    ...kept,
    replacedBy: 'production.db.undo-20261119T101500Z',
    state: 'used',
    usedAt: new Date('2026-11-20T09:00:00Z'),
    members: new Map([['', database]]),
  }),
  'undo/v1-withdrawn.json': undo({ ...kept, state: 'withdrawn' }),
  'undo/v1-side-files-alone.json': undo({
    ...kept,
    ownership: undefined,
    members: new Map([['-journal', mark(134n, 512n)]]),
  }),
};

function mark(inode: bigint, sizeBytes: bigint): FileMark {
  return { device: 66306n, inode, sizeBytes, modifiedNs: 1795139999123456789n };
}

function intent(value: Intent): Golden {
  return text(
    (content) => parseIntent(content, `/opt/apps/ctv/.production.db.restore.json`, 'production.db'),
    value,
    formatIntent,
  );
}

function undo(value: UndoRecord): Golden {
  return text(parseUndoRecord, value, formatUndoRecord);
}
