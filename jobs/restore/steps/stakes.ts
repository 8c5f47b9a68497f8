// What is at stake when the live database is replaced: the rows it has now, and those that come in their place.
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { formatCount, groupThousands } from '../../../lib/base/format.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { firstTen, tableLabel, type TableRows, totalRows } from '../../../lib/source/facts.ts';
import type { Survey } from '../../../lib/source/source.ts';

/** Rows of one table; undefined where it is not there, or was not counted. */
interface TableStake {
  name: string;
  backup: number | undefined;
  now: number | undefined;
}

export interface Stakes {
  /** Whether there is a database now, and whether it is damaged. */
  current: 'none' | 'readable' | 'damaged' | 'unknown';
  /** What was found wrong with it, or why that is not known. */
  problems: string[];
  /** Empty where neither side was counted. */
  tables: TableStake[];
  rowsInBackup: number | undefined;
  rowsNow: number | undefined;
}

/** A look before a decision; the check is the restore's. */
const surveyMsMax = 3000;

/** Counts the live database, as far as it can be in the time, and compares it with what the manifest says. Throws nothing but the reason of a stop. */
export async function stakesOf(
  context: JobContext,
  app: GuardedApp,
  entry: CatalogueEntry,
  timeLimitMs = surveyMsMax,
): Promise<Stakes> {
  const survey = await surveyOf(context, app, timeLimitMs);
  const then = entry.manifest?.tables;
  const now = survey?.tables;
  return {
    current: currentOf(survey),
    problems:
      survey === undefined ? [] : [...survey.problems, ...(survey.note === undefined ? [] : [survey.note])],
    tables: compared(then, now),
    rowsInBackup: then === undefined ? undefined : totalRows(then),
    rowsNow: now === undefined ? undefined : totalRows(now),
  };
}

/** What a person reads of it. */
export function stakesLines({ current, problems, tables, rowsInBackup, rowsNow }: Stakes): string[] {
  const rows = (count: number | undefined) =>
    count === undefined ? 'not counted' : formatCount(count, 'row');
  const fewer = tables.flatMap(({ name, backup, now }) => {
    if (now === undefined || rowsInBackup === undefined || now <= (backup ?? 0)) return [];
    const missing =
      backup === undefined ? 'the table is not in the backup' : `${groupThousands(backup)} in the backup`;
    return [
      `${tableLabel(name)}: ${formatCount(now - (backup ?? 0), 'row')} fewer (${groupThousands(now)} now, ${missing})`,
    ];
  });
  return [
    `rows      in the backup ${rows(rowsInBackup)}, now ${current === 'none' ? 'no database is there' : rows(rowsNow)}`,
    ...firstTen(fewer).map((sentence) => `loses     ${sentence}`),
    ...firstTen(problems).map((problem) => `now       ${current === 'damaged' ? 'DAMAGED: ' : ''}${problem}`),
  ];
}

async function surveyOf(
  context: JobContext,
  app: GuardedApp,
  timeLimitMs: number,
): Promise<Survey | undefined> {
  const source = context.source(app);
  try {
    return await source.survey(await source.look(), { signal: context.signal, timeLimitMs });
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    if (error.kind === 'missing') return undefined;
    const said = { tables: undefined, problems: [], note: undefined };
    return error.kind === 'damaged'
      ? { ...said, problems: [error.message] }
      : { ...said, note: error.message };
  }
}

function currentOf(survey: Survey | undefined): Stakes['current'] {
  if (survey === undefined) return 'none';
  if (survey.problems.length > 0) return 'damaged';
  return survey.tables === undefined ? 'unknown' : 'readable';
}

function compared(then: readonly TableRows[] = [], now: readonly TableRows[] = []): TableStake[] {
  const [before, after] = [new Map(then.map(pair)), new Map(now.map(pair))];
  const names = [...new Set([...after.keys(), ...before.keys()])];
  return names.map((name) => ({ name, backup: before.get(name), now: after.get(name) }));
}

function pair({ name, rows }: TableRows): [string, number] {
  return [name, rows];
}
