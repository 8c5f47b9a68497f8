// A document as it lies there beside what the database says: bytes first, and only where they differ which values do.
import { jsonDifferences, lineDifferences } from '../../../lib/export/json-differences.ts';
import { NotJson } from '../../../lib/export/json-scan.ts';
import { parseJsonTree } from '../../../lib/export/json-tree.ts';
import type { Rows } from '../../../lib/export/rows.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import type { ExportedApp } from './export-apps.ts';
import { compareWhileMade } from './large-document.ts';
import { lookAt, readDocument } from './read-document.ts';
import type { WantedDocument } from './wanted-documents.ts';

const shownMax = 20;
/** What a person may look for, and what is held for that as values, is no larger. */
const explainedBytesMax = 8 * 1024 * 1024;

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
  const status = lookAt(directory, name);
  if (status === undefined) return told('it is not there');
  if (status.isFile() && status.size > explainedBytesMax) {
    const document = rows.document(recipe, app.export.style);
    return compareLarge(document, directory, name);
  }
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

/** Of a large one it is told where the difference is, and not what: for that it would have to be held, several times over. */
async function compareLarge(
  document: AsyncIterator<Uint8Array>,
  directory: HeldDirectory,
  name: string,
): Promise<Differences> {
  const compared = await compareWhileMade(document, { directory, name });
  try {
    if (compared.isSame) return { shown: [], count: 0 };
    for await (const piece of compared.content()) void piece; // it is read to its end
    return told(
      `it is another after byte ${compared.sameBytes} or soon after; it is too large to tell the values`,
    );
  } finally {
    await compared.close();
  }
}

function told(sentence: string): Differences {
  return { shown: [sentence], count: 1 };
}
