// A SQLite database as a source: what looks, copies and measures, put together as the contract has it.
import { differences } from '../source/differences.ts';
import type { MeasuredFacts } from '../source/facts.ts';
import type { Source } from '../source/source.ts';
import { requireSource, type SqliteLook } from './look.ts';

/** The database file at `path`; nothing is touched, and little loaded, before the first call. */
export function sqliteSource(path: string): Source<MeasuredFacts, SqliteLook> {
  return {
    engine: 'sqlite',
    gentlerHint: 'journal_mode=WAL in the app would avoid it',
    look: () => requireSource(path),
    begin: async (...args) => (await import('./snapshot.ts')).beginSnapshot(...args),
    copy: async (...args) => (await import('./snapshot.ts')).takeSnapshot(...args),
    survey: async (...args) => (await import('./survey.ts')).surveyDatabase(...args),
    measure: async (...args) => (await import('./measure.ts')).measureDatabase(...args),
    compare: differences,
  };
}
