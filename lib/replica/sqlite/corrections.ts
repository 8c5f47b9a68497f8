// Staff correct rows by hand, also of frozen days: every row that their statements change is written down, and goes back to
// where it came from.
import { OpsError } from '../../base/errors.ts';
import type { Cell } from '../../delta/cell.ts';
import { formatKey, parseKey } from '../../delta/held-payload.ts';
import type { Correction } from '../../delta/peer.ts';
import type { DayRule } from '../../delta/policy.ts';
import type { TableShape } from '../../delta/shape.ts';
import { sqliteError } from '../../sqlite/errors.ts';
import { type Database, quoteIdentifier } from '../../sqlite/open.ts';
import { splitSql } from '../../sqlite/rows/split-sql.ts';
import { requireCorrection } from '../correction.ts';
import { auditAct } from './audit.ts';
import { daySql, usableRule } from './day-sql.ts';
import { writeManifest } from './frozen.ts';
import { allSources } from './ledger.ts';
import { MirrorTable } from './mirror.ts';
import { knownShape, knownShapes } from './shapes.ts';
import type { Writing } from './transaction.ts';

const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'WITH']);

/** What triggers tell of rows while a person writes: the table by its index, the day, and the key. */
const noteFunction = '_holdfast_note';

/** Runs the statements, and writes down which rows they changed. Throws OpsError `usage`, `damaged`. */
export async function correctRows(
  writing: Writing,
  sql: string,
  why: { by: string; reason: string },
): Promise<{ rows: number }> {
  const { database, policy, frozen, now } = writing;
  const statements = splitSql(sql);
  if (statements.length === 0) throw new OpsError('usage', 'cannot correct rows: there is no statement');
  for (const { text, words } of statements) requireCorrection(text, words[0] ?? '', changing);
  const shapes = knownShapes(database).flatMap(({ shape }) => shape ?? []);
  const [changed, days] = [new Map<string, [string, string]>(), new Set<string>()];
  database.function(noteFunction, { varargs: true, safeIntegers: true }, (...noted: unknown[]) => {
    const [index, day, ...key] = noted as [bigint, Cell, ...Cell[]];
    const [table, text] = [shapes[Number(index)]?.name ?? '', formatKey(key)];
    changed.set(`${table} ${text}`, [table, text]);
    if (typeof day === 'string' && frozen.has(day)) days.add(day);
    return null;
  });
  shapes.forEach((shape, index) =>
    watch(database, shape, { index, rule: usableRule(policy, shape, shapes) }),
  );
  for (const { text } of statements) runStatement(database, text);
  shapes.forEach((_, index) => unwatch(database, index));
  const insert = database.prepare(
    'INSERT INTO _holdfast_correction (at, by, reason, table_name, key) VALUES (?, ?, ?, ?, ?)',
  );
  for (const [table, key] of changed.values()) insert.run(now.toISOString(), why.by, why.reason, table, key);
  for (const day of days) await writeManifest(database, policy, day);
  auditAct(writing, { what: 'correct', ...why });
  return { rows: changed.size };
}

export function correctionsSince(database: Database, since: number, limit: number): Correction[] {
  const rows = database
    .prepare('SELECT * FROM _holdfast_correction WHERE id > ? ORDER BY id LIMIT ?')
    .all(since, limit) as {
    id: number;
    at: string;
    by: string;
    reason: string;
    table_name: string;
    key: string;
  }[];
  const names = new Map(allSources(database).map(({ id, name }) => [id, name]));
  return rows.flatMap(({ table_name: table, key: keyText, ...row }) => {
    const shape = knownShape(database, table)?.shape;
    if (shape === undefined) return [];
    const key = parseKey(keyText);
    const found = new MirrorTable(database, shape).read(key);
    const source = found === undefined ? undefined : names.get(Math.abs(found.source));
    return [{ ...row, source, shape, key, cells: found?.cells }];
  });
}

function runStatement(database: Database, text: string): void {
  try {
    const statement = database.prepare(text);
    if (statement.reader) statement.all();
    else statement.run();
  } catch (error) {
    throw sqliteError('correct rows', error);
  }
}

/** Each row that changes leaves its key, the old and the new, and its day. */
function watch(
  database: Database,
  shape: TableShape,
  { index, rule }: { index: number; rule: DayRule | undefined },
): void {
  const note = (row: string) => {
    const key = shape.key.map((name) => `${row}.${quoteIdentifier(name)}`);
    return `SELECT ${noteFunction}(${[index, rule === undefined ? 'NULL' : daySql(rule, row), ...key].join(', ')});`;
  };
  const events = { insert: note('NEW'), update: note('OLD') + note('NEW'), delete: note('OLD') };
  for (const [event, body] of Object.entries(events))
    database.exec(
      `CREATE TEMP TRIGGER _holdfast_correct_${index}_${event} AFTER ${event} ON main.${quoteIdentifier(shape.name)}
       BEGIN ${body} END`,
    );
}

function unwatch(database: Database, index: number): void {
  for (const event of ['insert', 'update', 'delete'])
    database.exec(`DROP TRIGGER temp._holdfast_correct_${index}_${event}`);
}
