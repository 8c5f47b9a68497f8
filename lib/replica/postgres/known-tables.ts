// Which tables a replica has, what each was made as, what its source says it is like, and what waits for somebody's approval.
import { isSameName } from '../../delta/day.ts';
import { shapeChange, shapeTrouble } from '../../delta/mirror-shape.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import { fingerprint, type TableShape } from '../../delta/shape.ts';
import type { Answer } from '../../postgres/connection.ts';
import type { Session } from '../../postgres/writer.ts';
import { kindOf } from './column.ts';
import { guardTables, missingGuards } from './guard.ts';
import { declaration, Mirror, unfitShape } from './mirror.ts';
import { rebuildTable } from './rebuild.ts';
import { quote } from '../../postgres/names.ts';

export interface KnownTable {
  readonly name: string;
  /** What the table was made as, with the columns that were added since; undefined where none is made yet. */
  readonly made: TableShape | undefined;
  /** What was taken last. */
  readonly shape: TableShape | undefined;
  readonly waiting: TableShape | undefined;
  /** Why it waits. */
  readonly why: string | undefined;
}

export const knownTablesQuestion =
  'select table_name, made, shape, waiting, why from _holdfast_shape order by table_name';

/** As they are in this transaction. */
export class KnownTables {
  readonly #session: Session;
  readonly #schema: string;
  readonly #policy: ReplicaPolicy;
  #tables: KnownTable[] = [];

  private constructor(session: Session, schema: string, policy: ReplicaPolicy) {
    this.#session = session;
    this.#schema = schema;
    this.#policy = policy;
  }

  /** Out of the answer to `knownTablesQuestion`. */
  static of(
    rows: Answer['rows'],
    { session, schema, policy }: { session: Session; schema: string; policy: ReplicaPolicy },
  ): KnownTables {
    const known = new KnownTables(session, schema, policy);
    const shape = (json: string | null | undefined) =>
      json === null || json === undefined ? undefined : (JSON.parse(json) as TableShape);
    known.#tables = rows.map(([name, made, taken, waiting, why]) => ({
      name: name ?? '',
      made: shape(made),
      shape: shape(taken),
      waiting: shape(waiting),
      why: why ?? undefined,
    }));
    return known;
  }

  get all(): readonly KnownTable[] {
    return this.#tables;
  }

  find(name: string): KnownTable | undefined {
    return this.#tables.find((table) => isSameName(table.name, name));
  }

  /** The table as its source has it; undefined where there is none, or the shape is given. */
  mirror(name: string, shape?: TableShape): Mirror | undefined {
    const known = this.find(name);
    const as = shape ?? known?.shape;
    return known?.made === undefined || as === undefined
      ? undefined
      : new Mirror(this.#schema, known.made, as);
  }

  /** Takes shapes where the policy lets it, and makes what they need. Returns those that are not taken, by name. */
  async take(shapes: readonly TableShape[]): Promise<Set<string>> {
    const refused = new Set<string>();
    let isChanged = false;
    for (const shape of shapes) {
      const known = this.find(shape.name);
      if (isTaken(shape, known)) continue;
      const why = await this.#trouble(shape, known);
      isChanged = true;
      if (why === undefined) await this.#make(shape, known);
      else {
        refused.add(shape.name);
        await this.#write({
          ...(known ?? { name: shape.name, made: undefined, shape: undefined }),
          waiting: shape,
          why,
        });
      }
    }
    if (isChanged) await this.guard();
    return refused;
  }

  /** Approves of those that wait, of all or of one. Returns their names. */
  async approve(table: string | undefined): Promise<string[]> {
    const approved: string[] = [];
    for (const known of this.#tables) {
      if (known.waiting === undefined || !(table === undefined || isSameName(known.name, table))) continue;
      if ((await this.#never(known.waiting, known)) !== undefined) continue;
      await this.#make(known.waiting, known);
      approved.push(known.name);
    }
    if (approved.length > 0) await this.guard();
    return approved;
  }

  /** Lets the database itself keep frozen days, by the rules of now. */
  async guard(): Promise<void> {
    await guardTables(this.#session, this.#schema, this.#policy, this.#made());
  }

  /** Whether it does by others. */
  async lacksGuards(): Promise<boolean> {
    return (await missingGuards(this.#session, this.#schema, this.#policy, this.#made())).length > 0;
  }

  #made(): TableShape[] {
    return this.#tables.flatMap((table) => table.made ?? []);
  }

  /** Why the shape has to wait; undefined where it is taken. */
  async #trouble(shape: TableShape, known: KnownTable | undefined): Promise<string | undefined> {
    const never = await this.#never(shape, known);
    if (never !== undefined) return never;
    const mayFollow = this.#policy.schema === 'follow';
    if (known?.made === undefined) return mayFollow ? undefined : 'it is new';
    const change = shapeChange(shape, known.made);
    if (change.is === 'other') return change.why;
    return change.is === 'same' || mayFollow ? undefined : 'it has new columns';
  }

  /** Why nobody can approve of it either. */
  async #never(shape: TableShape, known: KnownTable | undefined): Promise<string | undefined> {
    const trouble = shapeTrouble(shape) ?? unfitShape(shape);
    if (trouble !== undefined || known?.made !== undefined) return trouble;
    const { rows } = await this.#session.run('select to_regclass($1) is not null', [
      `${quote(this.#schema)}.${quote(shape.name)}`,
    ]);
    return rows[0]?.[0] === 't' ? 'there is a table of that name which is no mirror' : undefined;
  }

  async #make(shape: TableShape, known: KnownTable | undefined): Promise<void> {
    const made = known?.made === undefined ? await this.#create(shape) : await this.#alter(shape, known.made);
    await this.#write({ name: made.name, made, shape, waiting: undefined, why: undefined });
  }

  async #create(shape: TableShape): Promise<TableShape> {
    await this.#session.run(new Mirror(this.#schema, shape, shape).create());
    return shape;
  }

  /** What is kept is never made less: a column that is gone at the source stays. */
  async #alter(shape: TableShape, made: TableShape): Promise<TableShape> {
    const change = shapeChange(shape, made);
    if (change.is === 'same') return made;
    if (change.is === 'other') return rebuildTable(this.#session, this.#schema, shape, made);
    const added = change.columns.map(
      ({ name, declared }) => `add column ${quote(name)} ${declaration(kindOf(declared))}`,
    );
    const table = `${quote(this.#schema)}.${quote(made.name)}`;
    await this.#session.run(`alter table ${table} ${added.join(', ')}`);
    return { ...made, columns: [...made.columns, ...change.columns] };
  }

  async #write(table: KnownTable): Promise<void> {
    const json = (shape: TableShape | undefined) => (shape === undefined ? null : JSON.stringify(shape));
    await this.#session.run(
      `insert into _holdfast_shape (table_name, made, shape, waiting, why) values ($1, $2, $3, $4, $5)
       on conflict (table_name) do update set made = excluded.made, shape = excluded.shape, waiting = excluded.waiting, why = excluded.why`,
      [table.name, json(table.made), json(table.shape), json(table.waiting), table.why ?? null],
    );
    this.#tables = [...this.#tables.filter(({ name }) => name !== table.name), table];
  }
}

/** Whether rows of this very shape are taken, and no other one waits. */
function isTaken(shape: TableShape, known: KnownTable | undefined): boolean {
  if (known?.shape === undefined || known.waiting !== undefined) return false;
  return fingerprint(known.shape) === fingerprint(shape);
}
