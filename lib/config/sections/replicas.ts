// `[replicas.<name>]`: where the rows of sources arrive, and what happens to them there.
import { z } from 'zod';
import { isAppName } from '../../backup/name.ts';
import { contentKey, isOwnTable } from '../../delta/shape.ts';
import type { DayRule, TablePolicy } from '../../delta/policy.ts';
import type { ReplicaConfig } from '../delta-config.ts';
import type { Environment } from '../environment.ts';
import { postgresTargetOf, targetKeys } from './postgres-target.ts';
import { absolutePath, duration, sourceName } from './values.ts';

const deletions = z.enum(['apply', 'keep', 'mark']);

/** `date`, `day_id -> DAY.date`, `day_id -> DAY(id).date`. */
const dayRule = z.string().transform((text, context): DayRule => {
  const [, column, table, key = 'id', day] =
    /^\s*(.+?)\s*->\s*([^()]+?)\s*(?:\(\s*([^()]+?)\s*\))?\.([^.()]+?)\s*$/.exec(text) ?? [];
  if (column !== undefined && table !== undefined && day !== undefined)
    return { column, parent: { table, key, day } };
  if (text.trim() !== '' && !text.includes('->')) return { column: text.trim() };
  context.addIssue({
    code: 'custom',
    message: 'must be a column, "date", or the way to one of another table, "day_id -> DAY(id).date"',
  });
  return z.NEVER;
});

const tablePolicy = z.strictObject({
  day: dayRule.optional().describe('which service day a row belongs to'),
  updated_at: z.string().min(1).optional().describe('the column with the time of its last change'),
  deletions: deletions.optional().describe('what a deletion does; that of the replica unless given'),
});

const tableName = z
  .string()
  .min(1)
  .refine((name) => !isOwnTable(name) && name !== contentKey, 'must not be a table of Holdfast itself');

const replicaTable = z
  .strictObject({
    database: absolutePath.optional().describe('a SQLite database that nothing else writes'),
    ...targetKeys,
    sources: z
      .array(sourceName)
      .min(1, 'needs at least one source')
      .describe('who may feed it, by the names of their keys'),
    schema: z
      .enum(['follow', 'approve'])
      .default('follow')
      .describe('whether a new table or column is taken as it comes, or waits for approval'),
    audit: z.boolean().default(false).describe('write down every change, and what it replaced'),
    deletions: deletions.default('apply').describe('what a deletion does'),
    deletions_max_rows: z.int('must be a whole number').min(0).default(1000).describe('more a day are held'),
    deletions_max_percent: z
      .number()
      .min(0)
      .max(100, 'must be at most 100')
      .default(20)
      .describe('where they are also more than this share of the table'),
    tombstones_keep: duration
      .default(90 * 86_400_000)
      .describe('how long a deletion is remembered against older rows'),
    tables: z.record(tableName, tablePolicy).default({}).describe('what is different for single tables'),
  })
  .superRefine((table, context) => {
    for (const message of targetProblems(table)) context.addIssue({ code: 'custom', message });
    if (new Set(table.sources).size < table.sources.length)
      context.addIssue({ code: 'custom', path: ['sources'], message: 'names a source twice' });
  });

type ReplicaTable = z.infer<typeof replicaTable>;

function* targetProblems(table: Pick<ReplicaTable, 'database' | 'postgres_url' | 'postgres_url_file'>) {
  const given = [table.database, table.postgres_url, table.postgres_url_file];
  if (given.filter((value) => value !== undefined).length !== 1)
    yield 'needs one of database, postgres_url and postgres_url_file';
}

const replicaName = z
  .string()
  .refine(isAppName, 'must be a name of letters, digits, and "." "_" "-" between them');

export const replicasTable = z.record(replicaName, replicaTable);

type ReplicasTable = z.infer<typeof replicasTable>;

interface Problem {
  readonly path: string[];
  readonly message: string;
}

/** What is wrong with them beside one another, and beside the databases of the apps. */
export function* replicasProblems(
  replicas: ReplicasTable,
  apps: Readonly<Record<string, { database?: string | undefined }>>,
): Generator<Problem> {
  const owners = new Map<string, string>(
    Object.entries(apps).flatMap(([name, { database }]) =>
      database === undefined ? [] : [[`database ${database}`, `the database of the app ${name}`]],
    ),
  );
  const feeds = new Map<string, string>();
  for (const [name, table] of Object.entries(replicas)) {
    const [kind, target] = targetOf(table);
    const owner = owners.get(target);
    if (owner !== undefined) yield { path: [name, kind], message: `is ${owner}` };
    owners.set(target, `where the rows of ${name} arrive`);
    for (const source of new Set(table.sources)) {
      const other = feeds.get(source);
      if (other !== undefined)
        yield { path: [name, 'sources'], message: `has ${source}, which feeds ${other} already` };
      feeds.set(source, name);
    }
  }
}

function targetOf(table: ReplicaTable): [string, string] {
  if (table.database !== undefined) return ['database', `database ${table.database}`];
  return table.postgres_url === undefined
    ? ['postgres_url_file', `file ${table.postgres_url_file}`]
    : ['postgres_url', `address ${JSON.stringify(table.postgres_url)}`];
}

export function replicasConfig(
  replicas: ReplicasTable | undefined,
  environment: Environment,
): readonly ReplicaConfig[] {
  return Object.entries(replicas ?? {}).map(([name, table]) => ({
    name,
    target:
      table.database === undefined
        ? {
            kind: 'postgres' as const,
            readTarget: () => postgresTargetOf(`replica-${name}`, table, environment),
          }
        : { kind: 'sqlite' as const, path: table.database },
    policy: {
      sources: table.sources,
      schema: table.schema,
      tables: Object.fromEntries(
        Object.entries(table.tables).map(([tableName, one]) => [tableName, policyOf(table, one)]),
      ),
      otherTables: policyOf(table, undefined),
      audit: table.audit,
      tombstonesKeptMs: table.tombstones_keep,
    },
  }));
}

function policyOf(replica: ReplicaTable, table: z.infer<typeof tablePolicy> | undefined): TablePolicy {
  return {
    day: table?.day,
    updatedAt: table?.updated_at,
    deletions: table?.deletions ?? replica.deletions,
    deletionsMax: { rows: replica.deletions_max_rows, percent: replica.deletions_max_percent },
  };
}
