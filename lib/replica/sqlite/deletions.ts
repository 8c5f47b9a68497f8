// Deletions that are remembered: as stones against older rows of other sources, and as numbers against too many of them.
import type { ReplicaPolicy } from '../../delta/policy.ts';
import { deletionWindowMs } from '../../delta/deletions.ts';
import { stampOfDate } from '../../delta/last-write.ts';
import type { Database } from '../../sqlite/open.ts';

/** The newest deletion of the key by another source. */
export function deletedByOther(
  database: Database,
  table: string,
  key: string,
  source: number,
): number | undefined {
  const stamp = database
    .prepare('SELECT max(stamp) FROM _holdfast_tombstone WHERE table_name = ? AND key = ? AND source <> ?')
    .pluck()
    .get(table, key, source) as number | null;
  return stamp ?? undefined;
}

export function rememberDeletion(
  database: Database,
  stone: { table: string; key: string; source: number; stamp: number },
): void {
  database
    .prepare(
      `INSERT INTO _holdfast_tombstone (table_name, key, source, stamp) VALUES (:table, :key, :source, :stamp)
       ON CONFLICT DO UPDATE SET stamp = max(stamp, excluded.stamp)`,
    )
    .run({ ...stone, stamp: BigInt(stone.stamp) });
}

/** The row is there again. */
export function forgetDeletion(database: Database, table: string, key: string): void {
  database.prepare('DELETE FROM _holdfast_tombstone WHERE table_name = ? AND key = ?').run(table, key);
}

/** Forgets what is older than the policy says, and writes down how far. Returns from when on all is remembered. */
export function pruneDeletions(database: Database, policy: ReplicaPolicy, now: Date): number {
  const horizon = stampOfDate(now) - policy.tombstonesKeptMs * 1000;
  const { changes } = database
    .prepare('DELETE FROM _holdfast_tombstone WHERE stamp < ?')
    .run(BigInt(Math.floor(horizon)));
  if (changes > 0) {
    database
      .prepare(
        `INSERT INTO _holdfast_setting (name, value) VALUES ('deletions_since', ?)
         ON CONFLICT DO UPDATE SET value = max(value, excluded.value)`,
      )
      .run(BigInt(Math.floor(horizon)));
  }
  const kept = database
    .prepare(`SELECT value FROM _holdfast_setting WHERE name = 'deletions_since'`)
    .pluck()
    .get();
  return kept === undefined ? 0 : Number(kept);
}

/** How many rows of each table one source has deleted within the window; what is added is written by `end`. */
export class DeletionCount {
  readonly #database: Database;
  readonly #source: number;
  readonly #minute: number;
  readonly #before = new Map<string, number>();
  readonly #added = new Map<string, number>();

  constructor(database: Database, source: number, now: Date) {
    this.#database = database;
    this.#source = source;
    this.#minute = Math.floor(now.getTime() / 60_000);
  }

  of(table: string): number {
    const known = this.#before.get(table) ?? this.#read(table);
    this.#before.set(table, known);
    return known + (this.#added.get(table) ?? 0);
  }

  add(table: string): void {
    this.#added.set(table, (this.#added.get(table) ?? 0) + 1);
  }

  end(): void {
    const since = this.#minute - deletionWindowMs / 60_000;
    this.#database.prepare('DELETE FROM _holdfast_deletions WHERE minute <= ?').run(BigInt(since));
    const add = this.#database.prepare(
      `INSERT INTO _holdfast_deletions (source, table_name, minute, deleted) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET deleted = deleted + excluded.deleted`,
    );
    for (const [table, count] of this.#added)
      add.run(this.#source, table, BigInt(this.#minute), BigInt(count));
    this.#added.clear();
  }

  #read(table: string): number {
    const since = this.#minute - deletionWindowMs / 60_000;
    const sum = this.#database
      .prepare(
        `SELECT coalesce(sum(deleted), 0) FROM _holdfast_deletions
         WHERE source = ? AND table_name = ? AND minute > ?`,
      )
      .pluck()
      .get(this.#source, table, BigInt(since));
    return Number(sum);
  }
}
