// How many rows of each table a source has deleted within a day, and whether one more is more than is believed.
import { deletionWindowMs, isMassDeletion } from '../../delta/deletions.ts';
import type { Session } from '../../postgres/writer.ts';
import type { TakenTable } from './meeting.ts';
import type { Writing } from './transaction.ts';

export class DeletionCount {
  readonly #session: Session;
  readonly #minute: number;
  readonly #deleted = new Map<string, number>();

  constructor({ session, now }: Writing) {
    this.#session = session;
    this.#minute = Math.floor(now.getTime() / 60_000);
  }

  /** Whether one more, after so many of the `asked`, would be too many. */
  async limit(
    { mirror, policy }: TakenTable,
    source: number,
    asked: number,
  ): Promise<(deletes: number) => boolean> {
    const before = await this.#before(mirror.name, source);
    if (before + asked <= policy.deletionsMax.rows) return () => false;
    const { rows } = await this.#session.run(`select count(*) from ${mirror.table}`);
    const there = Number(rows[0]?.[0]);
    const isKept = policy.deletions !== 'apply';
    return (deletes) =>
      isMassDeletion({ deleted: before + deletes, rows: () => there - (isKept ? 0 : deletes) }, policy);
  }

  async add(table: string, source: number, deletes: number): Promise<void> {
    if (deletes === 0) return;
    this.#deleted.set(`${source} ${table}`, (await this.#before(table, source)) + deletes);
    await this.#session.run('delete from _holdfast_deletions where minute <= $1', [this.#since()]);
    await this.#session.run(
      `insert into _holdfast_deletions values ($1, $2, $3, $4)
       on conflict (source, table_name, minute) do update set deleted = _holdfast_deletions.deleted + excluded.deleted`,
      [String(source), table, String(this.#minute), String(deletes)],
    );
  }

  async #before(table: string, source: number): Promise<number> {
    const known = this.#deleted.get(`${source} ${table}`);
    if (known !== undefined) return known;
    const { rows } = await this.#session.run(
      'select coalesce(sum(deleted), 0) from _holdfast_deletions where source = $1 and table_name = $2 and minute > $3',
      [String(source), table, this.#since()],
    );
    const before = Number(rows[0]?.[0]);
    this.#deleted.set(`${source} ${table}`, before);
    return before;
  }

  #since(): string {
    return String(this.#minute - deletionWindowMs / 60_000);
  }
}
