// The days of an app that are frozen, by hand or by a query.
import { type FrozenDays, mergedFrozen } from '../../../lib/export/frozen.ts';
import type { Rows } from '../../../lib/export/rows.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { ExportedApp } from './export-apps.ts';
import { readFrozen } from './export-notes.ts';
import { listDays } from './wanted-documents.ts';

export async function frozenDays(context: JobContext, app: ExportedApp, rows: Rows): Promise<FrozenDays> {
  const query = app.export.days?.frozen;
  const byQuery = query === undefined ? [] : await listDays(app, rows, query, 'frozen query');
  return mergedFrozen(await readFrozen(context, app.name), byQuery);
}
