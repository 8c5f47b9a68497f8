// A comparison in words: what differs, and nothing of what is the same but how much that is.
import { formatCount, formatInstant, groupThousands } from '../../../lib/base/format.ts';
import { formatRows } from '../../../lib/base/table.ts';
import { shellWord } from '../../../lib/base/shell-word.ts';
import type { View } from '../../../lib/run/job.ts';
import type { KeySamples, SchemaDiff, TableDiff } from '../../../lib/source/database-diff.ts';
import { tableLabel } from '../../../lib/source/facts.ts';
import { ago } from '../../steps/words.ts';
import { passedOverLines } from './next-sound.ts';
import type { RestoreDiff } from './restore-diff.ts';

export function diffLines(diff: RestoreDiff, { now, timeZone, columns }: View): string[] {
  const { app, backup, asOf, target, current, problems, tables, schema, passedOver } = diff;
  const told = tables.filter(
    ({ state, problem }) => state !== 'same' && (state !== 'unknown' || problem !== undefined),
  );
  const others = tables.length - told.length;
  return [
    ...passedOverLines(passedOver),
    `backup    ${backup.name} (${backup.state}), of ${formatInstant(backup.takenAt, timeZone)}, ${ago(backup.takenAt, now)}`,
    ...(asOf === undefined ? [] : [`as of     ${asOf.said}`]),
    `now       ${target}${current === 'none' ? ': no database is there' : ''}`,
    ...(current === 'none'
      ? []
      : problems.map((problem) => `now       ${current === 'damaged' ? 'DAMAGED: ' : ''}${problem}`)),
    `differs   ${differenceWords(diff)}`,
  ]
    .map((line) => `${app}: ${line}`)
    .concat(
      told.length === 0 ? [] : tableLines(diff, told, columns),
      others === 0 || told.length === 0 ? [] : [`  ${othersWords(diff, others)}`],
      schema
        .map((entry) => `  ${schemaWords(entry)}`)
        .flatMap((line, index) => [
          line,
          ...(schema[index]?.columns ?? []).map((column) => `      ${column}`),
        ]),
      diff.compared === 'counts'
        ? [
            '  of a dump only the counts are known; its rows are seen in a new database: ' +
              `restore run ${shellWord(backup.name)} --app ${app} --to a_new_database`,
          ]
        : [],
    );
}

/** In one sentence, from where a restore would be looked at. */
export function differenceWords(diff: RestoreDiff): string {
  const { added, removed, changed, current, tables, schema, compared } = diff;
  const inBackup = tables.reduce((sum, { backup = 0 }) => sum + backup, 0);
  if (current === 'none' || current === 'damaged')
    return `a restore would bring everything back: ${formatCount(inBackup, 'row')} in ${formatCount(tables.length, 'table')}`;
  if (compared === 'counts') return countWords(diff);
  const unknown = tables.filter(({ state }) => state === 'unknown').length;
  const parts = [
    ...(added > 0 ? [`${formatCount(added, 'row')} added since the backup, which a restore takes away`] : []),
    ...(removed > 0 ? [`${formatCount(removed, 'row')} removed since, which come back`] : []),
    ...(changed > 0 ? [`${formatCount(changed, 'row')} changed since, which are as they were again`] : []),
    ...(schema.length > 0 ? [`${formatCount(schema.length, 'difference')} in the schema`] : []),
    ...(unknown > 0 ? [`${formatCount(unknown, 'table')} not compared`] : []),
  ];
  return parts.length === 0 ? 'nothing: every row and the schema are the same' : parts.join('; ');
}

function countWords({ tables, current, problems }: RestoreDiff): string {
  if (current === 'unknown') return `not known: ${problems.join('; ')}`;
  const others = tables.filter(({ state }) => state !== 'unknown').length;
  if (others === 0) return 'not in how many rows the tables have';
  return `${formatCount(others, 'table')} in how many rows they have`;
}

function othersWords({ compared }: RestoreDiff, count: number): string {
  return compared === 'counts'
    ? `as many rows as in the backup: ${formatCount(count, 'more table')}`
    : `the same row for row: ${formatCount(count, 'more table')}`;
}

function tableLines(
  { compared }: RestoreDiff,
  tables: readonly TableDiff[],
  columns: number | undefined,
): string[] {
  const cells = tables.map(({ name, backup, now, added, removed, changed, state }) => [
    `  ${tableLabel(name)}`,
    ...[backup, now, ...(compared === 'rows' ? [added, removed, changed] : [])].map(countCell),
    { appeared: 'not in the backup', vanished: 'not there now', unknown: 'NOT COMPARED' }[state as string] ??
      '',
  ]);
  const head = [
    '  table',
    'backup',
    'now',
    ...(compared === 'rows' ? ['added', 'removed', 'changed'] : []),
    '',
  ];
  const [first = [], ...rows] = formatRows([head, ...cells], { columns });
  return [
    ...first,
    ...rows.flatMap((row, index) => [
      ...row,
      ...(tables[index] === undefined ? [] : detailLines(tables[index])),
    ]),
  ];
}

function countCell(count: number | undefined): string {
  return count === undefined ? '-' : groupThousands(count);
}

function detailLines(table: TableDiff): string[] {
  const { keys, problem, notes = [], isShadow } = table;
  const kinds: (keyof KeySamples)[] = ['added', 'removed', 'changed'];
  return [
    ...(problem === undefined ? [] : [problem]),
    ...(isShadow ? ['a virtual table keeps its data in it'] : notes),
    ...(keys === undefined || isShadow
      ? []
      : kinds.flatMap((kind) => (keys[kind].length === 0 ? [] : [keyLine(table, kind, keys[kind])]))),
  ].map((line) => `      ${line}`);
}

/** `added: id 7, 8 and 995 more`. */
function keyLine(
  { key = [], ...counts }: TableDiff,
  kind: keyof KeySamples,
  shown: readonly string[],
): string {
  const more = (counts[kind] ?? 0) - shown.length;
  return `${kind}: ${key.join(', ')} ${shown.join(', ')}${more > 0 ? ` and ${groupThousands(more)} more` : ''}`;
}

/** `index booking_guest on booking: written otherwise`. */
function schemaWords({ type, name, table, state }: SchemaDiff): string {
  const where = table === undefined ? '' : ` on ${tableLabel(table)}`;
  const words = {
    appeared: 'not in the backup',
    vanished: 'only in the backup',
    differs: 'another in the backup',
  }[state];
  return `schema: ${type} ${tableLabel(name)}${where}: ${words}`;
}
