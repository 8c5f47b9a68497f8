// db-export-json check: reads the documents back and compares them with the database, value for value.
import { OpsError } from '../../lib/base/errors.ts';
import { formatCount } from '../../lib/base/format.ts';
import type { Day } from '../../lib/export/day.ts';
import type { FrozenDays } from '../../lib/export/frozen.ts';
import type { HeldDirectory } from '../../lib/files/held-directory.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { compareDocument } from './steps/compare-document.ts';
import { type ExportedApp, exportedApps } from './steps/export-apps.ts';
import { noteParity } from './steps/export-notes.ts';
import { some } from './steps/export-words.ts';
import { frozenDays } from './steps/frozen-days.ts';
import { openDirectory } from './steps/open-directory.ts';
import { documentsOfOtherDays } from './steps/read-documents.ts';
import { type WantedDocument, wantedDocuments } from './steps/wanted-documents.ts';

interface Checked {
  documents: number;
  /** Documents that are not what the database says. */
  different: Difference[];
}

interface Difference {
  name: string;
  frozen: boolean;
  /** The first of them, in sentences. */
  differences: string[];
  count: number;
}

export async function run(
  context: JobContext,
  { app, day }: Options<typeof parameters.check>,
): Promise<Outcome<AppsResult<Checked>>> {
  const results = await eachApp(context, exportedApps(context, app), (each) => checkApp(context, each, day));
  return appsOutcome(results, ({ different }, name) =>
    different.length === 0
      ? []
      : [
          {
            severity: 'warning',
            message: `${some(different.map((each) => each.name))} not what the database says`,
            hint: `db-export-json run --app ${name} brings up to date what follows the other and is not frozen`,
          },
        ],
  );
}

export function text(result: AppsResult<Checked>): string[] {
  return appsText(result, ({ documents, different }, app) => [
    `${app}: ${formatCount(documents, 'document')} compared, ${different.length} different`,
    ...different.flatMap(({ name, frozen, differences, count }) => [
      `  ${name}${frozen ? ' (frozen)' : ''}`,
      ...differences.map((difference) => `      ${difference}`),
      ...(count > differences.length ? [`      and ${count - differences.length} more`] : []),
    ]),
  ]);
}

async function checkApp(context: JobContext, app: ExportedApp, day: string | undefined): Promise<Checked> {
  await using rows = await context.openRows(app);
  using directory = await openDirectory(app);
  const frozen = await frozenDays(context, app, rows);
  const all = await wantedDocuments(app, rows);
  const isMeant = (of: Day | undefined) => day === undefined || of === day;
  const wanted = all.filter((document) => isMeant(document.day));
  const different = await onlyThere(app, directory, all, { isMeant, frozen });
  if (wanted.length + different.length === 0 && day !== undefined)
    throw new OpsError(
      'missing',
      `cannot check ${day}: neither the database nor the directory has such a day`,
    );
  context.progress.start(`${app.name}: comparing`, 0);
  for (const document of wanted) {
    context.signal.throwIfAborted();
    const { shown, count } = await compareDocument(app, rows, directory, document);
    const isFrozen = document.day !== undefined && frozen.has(document.day);
    if (count > 0) different.push({ name: document.name, frozen: isFrozen, differences: shown, count });
    context.progress.update(0);
  }
  context.progress.end();
  if (day === undefined) await noteParity(context, app.name, different.length === 0);
  return { documents: wanted.length, different: different.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Documents of days that the database has not. */
async function onlyThere(
  app: ExportedApp,
  directory: HeldDirectory,
  wanted: readonly WantedDocument[],
  { isMeant, frozen }: { isMeant: (day: Day | undefined) => boolean; frozen: FrozenDays },
): Promise<Difference[]> {
  const others = await documentsOfOtherDays(app, directory, wanted);
  return others
    .filter(({ day }) => isMeant(day))
    .map(({ name, day }) => ({
      name,
      frozen: frozen.has(day),
      differences: ['the database has no such day'],
      count: 1,
    }));
}
