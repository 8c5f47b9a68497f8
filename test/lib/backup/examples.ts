// A plain example of each thing the tests in this folder vary.
import type { Manifest } from '../../../lib/backup/manifest.ts';
import type { SqliteMeasured } from '../../../lib/source/sqlite-facts.ts';

const facts: SqliteMeasured = {
  engine: 'sqlite',
  sizeBytes: 4096 * 1000,
  pageSize: 4096,
  pageCount: 1000,
  userVersion: 7,
  applicationId: 0,
  schemaSha256: 'a'.repeat(64),
  tables: [
    { name: 'customers', rows: 40 },
    { name: 'orders', rows: 135 },
  ],
  foreignKeyViolations: 0,
  journalMode: 'wal',
  encoding: 'UTF-8',
  sqliteVersion: '3.53.1',
};

export function exampleFacts(changes: Partial<SqliteMeasured> = {}): SqliteMeasured {
  return { ...structuredClone(facts), ...changes };
}

/** The manifest of a SQLite backup. */
export type SqliteManifest = Extract<Manifest, { engine: 'sqlite' }>;

export function exampleManifest(changes: Partial<SqliteManifest> = {}): SqliteManifest {
  return {
    app: 'ctv',
    backup: 'backups/ctv/ctv-20261120T020513Z.db',
    takenAt: new Date('2026-11-20T02:05:13.250Z'),
    source: '/opt/apps/ctv/production.db',
    host: 'pi5',
    ...exampleFacts(),
    sha256: 'b'.repeat(64),
    contentHash: 'c'.repeat(64),
    integrity: { check: 'full', result: 'ok' },
    holdfastVersion: '0.1.0',
    runId: '2f0c5a5e9d8e4a6f8b7c6d5e4f3a2b1c',
    clock: 'synchronised',
    suspect: [],
    ...changes,
  };
}
