// db-export-json status: which documents there are, which days are frozen, since when and why.
import { formatBytes, formatCount, formatInstant, formatTable } from '../../lib/base/format.ts';
import { dayFileName, type Day, dayOfFile } from '../../lib/export/day.ts';
import type { FrozenDays } from '../../lib/export/frozen.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { type ExportedApp, exportedApps } from './steps/export-apps.ts';
import { frozenDays } from './steps/frozen-days.ts';
import { openDirectory } from './steps/open-directory.ts';
import { lookAt, namesIn } from './steps/read-document.ts';
import { wantedDocuments } from './steps/wanted-documents.ts';

interface ListedDocument {
  name: string;
  day: Day | undefined;
  /** Undefined where it is not there yet. */
  sizeBytes: number | undefined;
  modifiedAt: Date | undefined;
  frozen: boolean;
  frozenSince: Date | undefined;
  reason: string | undefined;
}

interface ExportStatus {
  directory: string;
  documents: ListedDocument[];
}

export async function run(
  context: JobContext,
  { app }: Options<typeof parameters.status>,
): Promise<Outcome<AppsResult<ExportStatus>>> {
  return appsOutcome(await eachApp(context, exportedApps(context, app), (each) => describe(context, each)));
}

export function text(result: AppsResult<ExportStatus>): string[] {
  return appsText(result, ({ directory, documents }, app) => [
    `${app}: ${formatCount(documents.length, 'document')} in ${directory}`,
    ...formatTable(documents.map(documentRow)),
  ]);
}

async function describe(context: JobContext, app: ExportedApp): Promise<ExportStatus> {
  await using rows = await context.openRows(app);
  using directory = await openDirectory(app);
  const frozen = await frozenDays(context, app, rows);
  const wanted = await wantedDocuments(app, rows);
  const names = new Set([...wanted.map(({ name }) => name), ...filesOfDays(app, await namesIn(directory))]);
  for (const day of frozen.keys()) names.add(dayFileName(app.export.file, day));
  const documents = [...names].sort().map(async (name) => {
    const status = await lookAt(directory, name);
    return listed(app, name, status, frozen);
  });
  return { directory: app.export.directory, documents: await Promise.all(documents) };
}

function filesOfDays({ export: { days, file } }: ExportedApp, names: readonly string[]): string[] {
  return days === undefined ? [] : names.filter((name) => dayOfFile(file, name) !== undefined);
}

function listed(
  app: ExportedApp,
  name: string,
  status: { size: bigint; mtime: Date } | undefined,
  frozen: FrozenDays,
): ListedDocument {
  const day = app.export.days === undefined ? undefined : dayOfFile(app.export.file, name);
  const freeze = day === undefined ? undefined : frozen.get(day);
  return {
    name,
    day,
    sizeBytes: status && Number(status.size),
    modifiedAt: status?.mtime,
    frozen: freeze !== undefined,
    frozenSince: freeze?.since,
    reason: freeze?.reason,
  };
}

function documentRow({ name, sizeBytes, modifiedAt, frozen, frozenSince, reason }: ListedDocument): string[] {
  const since = frozenSince === undefined ? 'by the query' : `since ${formatInstant(frozenSince)}`;
  return [
    `  ${name}`,
    sizeBytes === undefined ? 'not written yet' : formatBytes(sizeBytes),
    modifiedAt === undefined ? '' : formatInstant(modifiedAt),
    frozen ? `frozen ${since}${reason === undefined ? '' : `: ${reason}`}` : '',
  ];
}
