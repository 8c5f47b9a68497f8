// A document as it lies there beside what the database says: bytes first, and only where they differ which values do.
import { jsonDifferences, lineDifferences } from '../../../lib/export/json-differences.ts';
import { NotJson } from '../../../lib/export/json-scan.ts';
import { parseJsonTree } from '../../../lib/export/json-tree.ts';
import type { Rows } from '../../../lib/export/rows.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import type { ExportedApp } from './export-apps.ts';
import { readDocument } from './read-document.ts';
import type { WantedDocument } from './wanted-documents.ts';

const shownMax = 20;

/** How a document differs: the first differences in sentences, and how many there are. None, and the bytes are the same. */
export interface Differences {
  shown: string[];
  count: number;
}

export async function compareDocument(
  app: ExportedApp,
  rows: Rows,
  directory: HeldDirectory,
  { name, recipe }: WantedDocument,
): Promise<Differences> {
  const told = (sentence: string) => ({ shown: [sentence], count: 1 });
  const file = await readDocument(directory, name);
  if (file === undefined) return told('it is not there');
  const chunks: Uint8Array[] = [];
  for await (const chunk of rows.document(recipe, app.export.style)) chunks.push(chunk);
  const expected = Buffer.concat(chunks);
  if (expected.equals(file)) return { shown: [], count: 0 };
  if (recipe.kind === 'schema' || (recipe.kind === 'table' && recipe.format === 'ndjson'))
    return lineDifferences(file.toString(), expected.toString(), shownMax);
  try {
    const found = jsonDifferences(
      parseJsonTree(file.toString()),
      parseJsonTree(expected.toString()),
      shownMax,
    );
    return found.count > 0 ? found : told('the same values are written in another way');
  } catch (error) {
    if (error instanceof NotJson) return told(`the file is no JSON: ${error.message}`);
    throw error;
  }
}
