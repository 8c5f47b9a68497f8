// One instant of a live database, read in a process of its own: one long query can only be ended with it, and a database
// that somebody made to break SQLite finds no secrets there.
import { PassThrough, type Readable } from 'node:stream';
import type { Cell } from '../../export/cell.ts';
import type { Recipe, Rows, Source, TableList } from '../../export/rows.ts';
import type { JsonStyle } from '../../export/style.ts';
import { startAsked } from '../asked-process.ts';
import type { LiveSource } from '../live-reader.ts';
import { requireSource } from '../look.ts';
import type { SpareProcess } from '../started-process.ts';
import { FrameReader } from './frames.ts';
import type { AskedSources } from './sources.ts';
import { rowsProcess } from './spare.ts';

export interface RowsQuestion {
  source: LiveSource;
  ask:
    | { about: 'query'; sql: string; called: string }
    | { about: 'tables' }
    | { about: 'document'; recipe: Recipe; style: JsonStyle }
    | ({ about: 'sources' } & AskedSources);
}

const aheadBytesMax = 8 * 1024 * 1024;

/**
 * Opens the database at `path` for one instant, which begins with the first question. One question at a time. A database
 * with a rollback journal cannot be written meanwhile; in WAL mode nobody notices. Throws as looking at it does.
 */
export async function openRows(
  path: string,
  { signal, spare }: { signal?: AbortSignal; spare?: SpareProcess | undefined } = {},
): Promise<Rows> {
  const { path: source, file, wal } = await requireSource(path);
  const asked = { file: rowsProcess, called: source, verb: 'read', withPipe: true, spare, signal };
  const other = startAsked<RowsQuestion>(asked);
  const about = { source, file, wal };
  const ask = (question: RowsQuestion['ask']) => other.ask({ source: about, ask: question });
  // A pipe holds 64 KiB: without more room the other process would stand still whenever this one waits for the disk.
  const ahead = new PassThrough({ highWaterMark: aheadBytesMax });
  const frames = new FrameReader((other.pipe as Readable).pipe(ahead));
  return {
    query: (sql, called) => ask({ about: 'query', sql, called }) as Promise<Cell[][]>,
    tables: () => ask({ about: 'tables' }) as Promise<TableList>,
    sources(recipes, style) {
      const queries = [...new Set(recipes.flatMap((recipe) => (recipe.kind === 'query' ? recipe.sql : [])))];
      const of = recipes.map((recipe) =>
        recipe.kind === 'query' ? { query: queries.indexOf(recipe.sql), day: recipe.day } : undefined,
      );
      return ask({ about: 'sources', of, queries, style }) as Promise<(Source | undefined)[]>;
    },
    async *document(recipe, style) {
      const answered = ask({ about: 'document', recipe, style });
      answered.catch(() => undefined); // waited for below: the document is heard to its end first
      const pieces = frames.document();
      for (;;) {
        const piece = await Promise.race([pieces.next(), other.ended]);
        if (piece.done === true) break;
        yield piece.value;
      }
      return (await answered) as Source | undefined;
    },
    [Symbol.asyncDispose]: other.close,
  };
}
