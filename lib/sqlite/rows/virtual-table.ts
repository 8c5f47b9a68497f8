// Virtual tables: some hold data of their own, some are an index of another table, and of some only their module knows.
import { type Database, quoteIdentifier } from '../open.ts';

interface VirtualTable {
  /**
   * `data`: rows of its own, which can be read and written like any other's; `derived`: it shows what other tables have;
   * `unreadable`: data of which no row can be read back, or a module that we do not have.
   */
  holds: 'data' | 'derived' | 'unreadable';
  /** Each row has a number that no column shows, by which others may refer to it. */
  hasNumbers: boolean;
  /** An index of another table, which can be made anew from it. */
  isRebuilt: boolean;
}

const boxes = /^(rtree|rtree_i32|geopoly)$/;
const fullText = /^fts[345]$/;
const views = /^(fts5vocab|fts4aux|fts3tokenize)$/;
const from = /\bUSING\s+["'`[]?(\w+)["'`\]]?\s*(.*)$/is;
const noContent = /\bcontent\s*=\s*(''|"")/i;

/** What a virtual table is; undefined for any other. */
export function virtualTable(database: Database, name: string): VirtualTable | undefined {
  const sql = database
    .prepare(
      // SQLite itself writes these words so, whatever was typed.
      "SELECT sql FROM sqlite_schema WHERE name = ? COLLATE NOCASE AND type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE %'",
    )
    .pluck()
    .get(name) as string | undefined;
  if (sql === undefined) return undefined;
  const [, module = '', options = ''] = from.exec(sql) ?? [];
  return ofModule(module.toLowerCase(), () => contentOf(database, name, options));
}

type Content = 'own' | 'none' | 'of another table';

/** See https://sqlite.org/fts5.html, section 4.4, and https://sqlite.org/fts3.html, section 6.2. */
function contentOf(database: Database, name: string, options: string): Content {
  const shadow = database
    .prepare('SELECT 1 FROM sqlite_schema WHERE name = ? COLLATE NOCASE')
    .get(`${name}_content`);
  if (noContent.test(options)) return 'none';
  return shadow === undefined ? 'of another table' : 'own';
}

function ofModule(module: string, content: () => Content): VirtualTable {
  const is = { hasNumbers: false, isRebuilt: false };
  if (boxes.test(module)) return { ...is, holds: 'data' };
  if (views.test(module)) return { ...is, holds: 'derived' };
  if (!fullText.test(module)) return { ...is, holds: 'unreadable' };
  const found = content();
  if (found === 'own') return { ...is, holds: 'data', hasNumbers: true };
  if (found === 'none') return { ...is, holds: 'unreadable', hasNumbers: true };
  return { holds: 'derived', hasNumbers: true, isRebuilt: true };
}

/** The statements that make the indexes of other tables anew. */
export function rebuildStatements(database: Database): string[] {
  const names = database
    .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual' ORDER BY name")
    .pluck()
    .all() as string[];
  return names
    .filter((name) => virtualTable(database, name)?.isRebuilt === true)
    .map(quoteIdentifier)
    .map((name) => `INSERT INTO ${name} (${name}) VALUES ('rebuild')`);
}
