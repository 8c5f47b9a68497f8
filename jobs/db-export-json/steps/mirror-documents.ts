// While documents are the truth, the database follows them: those of days in that phase become its rows.
import { type Stretches, stretchOf } from '../../../lib/export/phases.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import { type LocatedFile, locateFile } from '../../../lib/files/locate-file.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { ExportedApp } from './export-apps.ts';
import { readFrozen } from './export-notes.ts';
import { frozenDays } from './frozen-days.ts';
import type { Imported } from './import-documents.ts';
import { allLyingDocuments, type LyingDocument } from './read-documents.ts';
import { wantedDocuments } from './wanted-documents.ts';

interface Mirroring {
  directory: HeldDirectory;
  stretches: Stretches;
  dryRun: boolean;
}

/** Undefined where no document is the truth. */
export async function mirrorDocuments(
  context: JobContext,
  app: ExportedApp,
  { directory, stretches, dryRun }: Mirroring,
): Promise<Imported | undefined> {
  if (!stretches.some(({ phase }) => phase === 'json')) return undefined;
  const lying = await allLyingDocuments(app, directory);
  const isTruth = ({ of }: LyingDocument) =>
    stretchOf(stretches, 'day' in of ? of.day : undefined).phase === 'json';
  if (!lying.some(isTruth)) return undefined;
  using target = await locateFile(app.database);
  const settled = await settledDays(context, app, target);
  const documents = lying.filter((each) => isTruth(each) && !('day' in each.of && settled.has(each.of.day)));
  const what = { directory, documents, target, isNamed: false };
  const { importDocuments, tryImport } = await import('./import-documents.ts');
  return await (dryRun ? tryImport : importDocuments)(context, app, what);
}

/** Frozen days whose rows are there: whatever became of their documents, they stay. */
async function settledDays(
  context: JobContext,
  app: ExportedApp,
  { exists }: LocatedFile,
): Promise<ReadonlySet<string>> {
  const { days } = app.export;
  const isAnyFrozen = days?.frozen !== undefined || (await readFrozen(context, app.name)).size > 0;
  if (!exists || days === undefined || !isAnyFrozen) return new Set();
  await using rows = await context.openRows(app);
  const frozen = await frozenDays(context, app, rows);
  const there = (await wantedDocuments(app, rows)).flatMap(({ day }) => day ?? []);
  return new Set(there.filter((day) => frozen.has(day)));
}
