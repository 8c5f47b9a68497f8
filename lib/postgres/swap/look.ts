// What there is at a place: the database that has its name, those that it was replaced from, and what a run left that was killed.
import type { BackupSession } from '../backup/session.ts';
import { isNewName, undoOrder } from './names.ts';
import { parseUndoRecord, type UndoRecord } from './undo-record.ts';

export interface ServerDatabase {
  /** Its number in the server, whatever becomes of its name. */
  readonly oid: string;
  readonly name: string;
  readonly owner: string;
  readonly comment: string | undefined;
  readonly allowsConnections: boolean;
  /** Somebody began to drop it: nobody can use it, and it can only be dropped. */
  readonly isBroken: boolean;
  /** Undefined where our role may not ask. */
  readonly sizeBytes: number | undefined;
}

/** A database that was replaced. */
export interface UndoDatabase extends ServerDatabase {
  readonly madeAt: Date;
  /** Undefined where somebody has written another comment. */
  readonly record: UndoRecord | undefined;
  /** Why it cannot be brought back. */
  readonly problem: string | undefined;
}

export interface PlaceLook {
  readonly live: ServerDatabase | undefined;
  /** Newest first. */
  readonly undo: UndoDatabase[];
  /** What was made ready, and never put in place; while a run has the lock, also what that one makes. */
  readonly left: ServerDatabase[];
}

/** `name` is that of the place. */
export async function lookAtDatabases(session: Pick<BackupSession, 'run'>, name: string): Promise<PlaceLook> {
  const { rows } = await session.run('select datname from pg_database', []);
  const names = rows.flatMap(([each]) => each ?? []);
  const ours = names.filter(
    (each) => each === name || isNewName(name, each) || undoOrder(name, each) !== undefined,
  );
  const found = await session.run(question, [JSON.stringify(ours)]);
  const all = found.rows.map(databaseOf);
  const live = all.find((each) => each.name === name)?.database;
  const trusted = new Set(all.filter(({ isOurs }) => isOurs).map(({ name: each }) => each));
  const isTrusted = (each: ServerDatabase) => trusted.has(each.name) || each.owner === live?.owner;
  const others = all.map(({ database }) => database).filter((each) => each !== live);
  return {
    live,
    undo: others
      .flatMap((each) => undoOf(name, each, isTrusted(each) || live === undefined) ?? [])
      .sort(byAge),
    left: others.filter((each) => isNewName(name, each.name) && isTrusted(each)),
  };
}

const question = `select d.oid::text, d.datname, pg_get_userbyid(d.datdba), shobj_description(d.oid, 'pg_database'),
  d.datallowconn::text, (d.datconnlimit = -2)::text,
  case when has_database_privilege(d.oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage') then pg_database_size(d.oid)::text end,
  (pg_get_userbyid(d.datdba) = current_user or (select rolsuper from pg_roles r where r.oid = d.datdba))::text
  from pg_database d where d.datname in (select jsonb_array_elements_text($1::jsonb))`;

function databaseOf(row: readonly (string | null)[]) {
  const [oid, name, owner, comment, allows, isBroken, size, isOurs] = row;
  const database: ServerDatabase = {
    oid: oid ?? '',
    name: name ?? '',
    owner: owner ?? '',
    comment: comment ?? undefined,
    allowsConnections: allows === 'true',
    isBroken: isBroken === 'true',
    sizeBytes: typeof size === 'string' ? Number(size) : undefined,
  };
  return { database, name: database.name, isOurs: isOurs === 'true' };
}

/** Whoever may make databases may give one a name of ours: it counts where it belongs to whom the live one does, or to us. */
function undoOf(live: string, database: ServerDatabase, isTrusted: boolean): UndoDatabase | undefined {
  const order = undoOrder(live, database.name);
  if (order === undefined) return undefined;
  const record = parseUndoRecord(database.comment);
  return {
    ...database,
    madeAt: order.madeAt,
    record,
    problem: database.isBroken
      ? 'somebody began to drop it'
      : record !== undefined && record.live !== live
        ? `it was called ${JSON.stringify(record.live)}`
        : isTrusted
          ? undefined
          : `it belongs to ${database.owner}, who does not own the database in place`,
  };
}

function byAge(a: UndoDatabase, b: UndoDatabase): number {
  const ordinals = (undo: UndoDatabase) => Number(/_(\d{1,3})$/.exec(undo.name)?.[1] ?? 1);
  return b.madeAt.getTime() - a.madeAt.getTime() || ordinals(b) - ordinals(a);
}
