// What is in a database, at one instant: its objects by kind, its tables with their rows, and where its sequences are.
import { createHash } from 'node:crypto';
import type { TableRows } from '../../source/facts.ts';
import type { PostgresPart } from '../../source/postgres-facts.ts';
import { largeObjectBytes, questions, sequences, tables } from './inventory-sql.ts';
import { quote, tableName } from '../names.ts';
import type { BackupSession } from './session.ts';

export interface Inventory {
  /** By kind, a line for each object: its name, a tab, and what it is. */
  readonly parts: ReadonlyMap<string, readonly string[]>;
  readonly tables: TableRows[];
  readonly sequences: readonly SequenceState[];
}

/** Where a sequence is. A server takes numbers from it outside of every transaction: it is the same at no two instants. */
export interface SequenceState {
  readonly name: string;
  readonly last: bigint;
  readonly isCalled: boolean;
}

type Ask = Pick<BackupSession, 'run'>;

/** The search path of a session in which names are written with their schemas. */
const emptyPath = `set search_path = ''`;

/** Asked in one transaction with an empty search path; of tables in `tables` alone, where only they are to be counted. */
export async function takeInventory(connection: Ask): Promise<Inventory> {
  const parts = new Map<string, string[]>();
  for (const [name, sql] of Object.entries(questions)) parts.set(name, await linesOf(connection, sql));
  if (await mayReadLargeObjects(connection))
    parts.set('bytes of large objects', await linesOf(connection, largeObjectBytes));
  return {
    parts,
    tables: await countTables(connection),
    sequences: await readSequences(connection),
  };
}

async function linesOf(connection: Ask, sql: string): Promise<string[]> {
  const { rows } = await connection.run(sql, []);
  return rows.map(([name, what]) => `${name ?? ''}\t${normalised(what ?? '')}`).sort();
}

async function mayReadLargeObjects(connection: Ask): Promise<boolean> {
  const { rows } = await connection.run(
    `select has_table_privilege('pg_catalog.pg_largeobject', 'select')::text`,
    [],
  );
  return rows[0]?.[0] === 'true';
}

/**
 * Expressions without what a server writes otherwise once it has read them again: casts of constants move into arrays, and
 * parentheses come and go with them.
 */
function normalised(text: string): string {
  return text.replace(casts, '').replace(/[\s()]+/g, '');
}

const casts =
  /::(?:character varying|(?:timestamp|time)(?:\(\d+\))? with(?:out)? time zone|double precision|bit varying|"[^"]+"(?:\."[^"]+")?|[\w.]+)(?:\(\d+(?:,\d+)?\))?(?:\[\])*/g;

/** Rows of each table. */
export async function countTables(connection: Ask): Promise<TableRows[]> {
  const { rows } = await connection.run(tables, []);
  const counted: TableRows[] = [];
  // Functions of an index are looked at to count, and may find what they need by the path of the database alone.
  await connection.run('reset search_path');
  for (const [schema, table] of rows) {
    if (typeof schema !== 'string' || typeof table !== 'string') continue;
    // Whoever owns the database may have put a path before the system's own functions.
    const sql = `select pg_catalog.count(*)::pg_catalog.text from only ${quote(schema)}.${quote(table)}`;
    const found = await connection.run(sql, []);
    counted.push({ name: tableName(schema, table), rows: Number(found.rows[0]?.[0]) });
  }
  await connection.run(emptyPath);
  return counted;
}

export async function readSequences(connection: Ask): Promise<SequenceState[]> {
  const { rows } = await connection.run(sequences, []);
  const found: SequenceState[] = [];
  for (const [schema, name] of rows) {
    if (typeof schema !== 'string' || typeof name !== 'string') continue;
    const sql = `select last_value::text, is_called::text from ${quote(schema)}.${quote(name)}`;
    const [last, isCalled] = (await connection.run(sql, [])).rows[0] ?? [];
    found.push({ name: tableName(schema, name), last: BigInt(last ?? 0), isCalled: isCalled === 'true' });
  }
  return found;
}

/** The parts of the facts: what is compared with a manifest. */
export function partsOf({ parts, sequences }: Inventory): PostgresPart[] {
  const states = sequences.map(({ name, last, isCalled }) => `${name}\t${last} ${isCalled}`);
  return [...parts, ['sequences', states] as const].map(([name, lines]) => ({
    name,
    count: lines.length,
    sha256: digestOf(lines),
  }));
}

function digestOf(lines: readonly string[]): string {
  const hash = createHash('sha256');
  for (const line of lines.toSorted()) hash.update(`${line}\n`);
  return hash.digest('hex');
}
