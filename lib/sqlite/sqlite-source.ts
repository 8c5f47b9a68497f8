// A SQLite database as a source: what looks, copies and measures, put together as the contract has it.
import { differences } from '../source/differences.ts';
import type { Source } from '../source/source.ts';
import { requireSource, type SqliteLook } from './look.ts';
import { measureDatabase } from './measure.ts';
import { beginSnapshot, takeSnapshot } from './snapshot.ts';
import { surveyDatabase } from './survey.ts';

/** The database file at `path`; nothing is touched before the first call. */
export function sqliteSource(path: string): Source<SqliteLook> {
  return {
    engine: 'sqlite',
    gentlerHint: 'journal_mode=WAL in the app would avoid it',
    look: () => requireSource(path),
    begin: beginSnapshot,
    copy: takeSnapshot,
    survey: surveyDatabase,
    measure: measureDatabase,
    compare: differences,
  };
}
