// The first run, before which nobody knows for certain whether the documents or the database are the truth.
import { OpsError } from '../../../lib/base/errors.ts';
import { formatCount } from '../../../lib/base/format.ts';
import { asConfigured } from '../../../lib/export/phases.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { ExportedApp } from './export-apps.ts';
import { notedPhases, writePhases } from './export-notes.ts';
import type { Exported } from './export-words.ts';
import { openDirectory } from './open-directory.ts';
import { allLyingDocuments } from './read-documents.ts';

/**
 * Which side is the truth is known for certain only where it is noted, which the first run that ends well does. Without the
 * note nothing is replaced by what the configuration may have been mistaken about: it may be lost, or of another machine.
 */
export async function requireBegun(
  context: JobContext,
  app: ExportedApp,
  { begin }: { begin: boolean },
  look: () => Promise<Pick<Exported, 'changed' | 'mirrored'>>,
): Promise<void> {
  if (begin || (await notedPhases(context, app.name)) !== undefined) return;
  if (!(await isAnyThere(app))) return; // and to make them all once more, only to look, would take as long again
  const { changed, mirrored } = await look();
  const rows = mirrored?.tables.reduce((sum, { removed }) => sum + removed, 0) ?? 0;
  if (changed.length + rows === 0) return;
  const what =
    changed.length > 0
      ? `${formatCount(changed.length, 'document')} that ${changed.length === 1 ? 'is' : 'are'} there would be replaced, first ${changed[0]}`
      : `${formatCount(rows, 'row')} of ${app.database} would be replaced`;
  throw new OpsError(
    'refused',
    `cannot take the ${app.export.phase === 'database' ? 'database' : 'documents'} of ${app.name} for the truth: no run has ended well here yet, and ${what}`,
    {
      hint: `is phase in [apps.${app.name}.export] right? db-export-json check --app ${app.name} shows what differs; if it is: db-export-json run --begin`,
    },
  );
}

async function isAnyThere(app: ExportedApp): Promise<boolean> {
  using directory = await openDirectory(app);
  return (await allLyingDocuments(app, directory)).length > 0;
}

/** Notes the phase of the configuration, where nothing is noted yet. */
export async function notePhases(context: JobContext, app: ExportedApp): Promise<void> {
  if ((await notedPhases(context, app.name)) === undefined)
    await writePhases(context, app.name, asConfigured(app.export.phase));
}
