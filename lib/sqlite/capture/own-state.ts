// What a sender keeps in the database itself, so that it is put back together with it: where the stream of batches stands,
// which tables travel, and the log of keys.
import { captureVersion, logKeys, ownTables, quoted } from '../../delta/capture-sql.ts';
import type { CapturedTable, CaptureState } from '../../delta/capture.ts';
import type { Cell, WireCell } from '../../delta/cell.ts';
import { decodeCell, encodeCell } from '../../delta/cell.ts';
import { OpsError } from '../../base/errors.ts';
import type { Database } from '../open.ts';

/** A line of the registry. */
export interface Registered {
  readonly id: number;
  readonly name: string;
  readonly by: CapturedTable['by'];
  readonly state: CapturedTable['state'];
  readonly walkedTo: readonly Cell[] | undefined;
  /** The link of the batch that had been made last when its walk began: no piece of this walk is in that one. */
  readonly begunAt: string | undefined;
  /** The fingerprint of its shape when it was last looked at. */
  readonly shape: string;
}

export interface OwnState {
  read(): CaptureState & { schemaVersion: number; corrections: number };
  /** Changes some of it. Within a transaction of the caller's. */
  write(
    change: Partial<{
      epoch: string;
      nonce: string | null;
      made: string;
      batch_no: number;
      acked_seq: number;
      schema_version: number;
      corrections: number;
    }>,
  ): void;
  registry(): Registered[];
  register(table: Omit<Registered, 'id' | 'begunAt'>): number;
  /** With a state of `walk` a walk begins. */
  update(id: number, change: Partial<Omit<Registered, 'id' | 'begunAt'>>): void;
  /** So many parts of a key fit into the log. */
  keyParts(): number;
  /** Makes what is missing; whether the log was, or had nothing in it: then nobody knows what it had. */
  prepare(keyParts: number): boolean;
}

const lastMade = '(SELECT made FROM main._holdfast_delta)';

/** Whether all that notes changes is there. */
export function isInstalled(database: Database): boolean {
  const found = database
    .prepare(
      `SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name IN ('_holdfast_delta', '_holdfast_log', '_holdfast_table')`,
    )
    .pluck()
    .get();
  return found === 3;
}

export function ownState(database: Database): OwnState {
  const keyParts = () =>
    (database.pragma('table_info(_holdfast_log)') as { name: string }[]).filter(({ name }) =>
      /^k\d+$/.test(name),
    ).length;
  return {
    read() {
      const row = database.prepare('SELECT * FROM main._holdfast_delta').get() as
        Record<string, unknown> | undefined;
      if (row === undefined || Number(row['version']) > captureVersion) throw foreign(row);
      const lastSeq = Number(database.prepare('SELECT max(seq) FROM main._holdfast_log').pluck().get() ?? 0);
      const ackedSeq = Number(row['acked_seq']);
      return {
        epoch: textOf(row['epoch']),
        nonce: textOf(row['nonce']),
        made: textOf(row['made']),
        batchNo: Number(row['batch_no']),
        ackedSeq,
        lastSeq,
        waiting: Math.max(0, lastSeq - ackedSeq),
        schemaVersion: Number(row['schema_version']),
        corrections: Number(row['corrections']),
      };
    },
    write(change) {
      const names = Object.keys(change);
      if (names.length === 0) return;
      const set = names.map((name) => `${name} = ?`).join(', ');
      database.prepare(`UPDATE main._holdfast_delta SET ${set}`).run(...Object.values(change));
    },
    registry: () =>
      (
        database.prepare('SELECT * FROM main._holdfast_table ORDER BY id').all() as Record<string, unknown>[]
      ).map((row) => ({
        id: Number(row['id']),
        name: String(row['name']),
        by: row['capture'] === 'log' ? 'log' : 'diff',
        state: stateOf(row['state']),
        walkedTo: parseKey(row['walked_to']),
        begunAt: textOf(row['begun_at']),
        shape: String(row['shape']),
      })),
    register: ({ name, by, state, walkedTo, shape }) =>
      Number(
        database
          .prepare(
            `INSERT INTO main._holdfast_table(name, capture, state, walked_to, shape, begun_at) VALUES(?, ?, ?, ?, ?, ${lastMade})`,
          )
          .run(name, by, state, formatKey(walkedTo), shape).lastInsertRowid,
      ),
    update(id, change) {
      const named = { name: change.name, capture: change.by, state: change.state, shape: change.shape };
      const entries: [string, unknown][] = Object.entries(named).filter(([, value]) => value !== undefined);
      if ('walkedTo' in change) entries.push(['walked_to', formatKey(change.walkedTo)]);
      if (entries.length === 0) return;
      const begins = change.state === 'walk' ? [`begun_at = ${lastMade}`] : [];
      const set = [...entries.map(([name]) => `${name} = ?`), ...begins].join(', ');
      database
        .prepare(`UPDATE main._holdfast_table SET ${set} WHERE id = ?`)
        .run(...entries.map(([, value]) => value), id);
    },
    keyParts,
    prepare(parts) {
      for (const sql of ownTables(parts)) database.exec(sql);
      for (const key of logKeys(parts).slice(keyParts()))
        database.exec(`ALTER TABLE _holdfast_log ADD COLUMN ${quoted(key)}`);
      const version = database.prepare('SELECT version FROM main._holdfast_delta').get();
      if (version === undefined)
        database
          .prepare('INSERT INTO main._holdfast_delta VALUES(1, ?, NULL, NULL, NULL, 0, 0, -1, 0)')
          .run(captureVersion);
      // The newest entry is never removed: with one from the beginning, no number is ever given twice.
      const { changes } = database
        .prepare(
          'INSERT INTO main._holdfast_log(t) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM main._holdfast_log)',
        )
        .run();
      if (changes > 0)
        database.exec('UPDATE _holdfast_delta SET acked_seq = (SELECT max(seq) FROM _holdfast_log)');
      return changes > 0;
    },
  };
}

function foreign(row: unknown): OpsError {
  const why =
    row === undefined ? 'its table _holdfast_delta is empty' : 'a newer Holdfast has put its triggers there';
  return new OpsError('damaged', `cannot tell which changes wait: ${why}`, {
    hint:
      row === undefined
        ? 'delta-push uninstall, then delta-push install: everything is sent anew'
        : 'upgrade Holdfast on this machine',
  });
}

/** A key as the registry has it: marked values, so that nothing is lost. */
function formatKey(key: readonly Cell[] | undefined): string | null {
  return key === undefined ? null : JSON.stringify(key.map((cell) => encodeCell(cell, false)));
}

function parseKey(value: unknown): Cell[] | undefined {
  return typeof value === 'string'
    ? (JSON.parse(value) as WireCell[]).map((cell) => decodeCell(cell, false))
    : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function stateOf(value: unknown): Registered['state'] {
  return value === 'walk' || value === 'refused' || value === 'retired' ? value : 'live';
}
