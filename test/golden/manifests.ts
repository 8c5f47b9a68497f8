// Manifests, a verdict, and the note of a killed run, which is the manifest it was about to publish.
import { formatManifest, type Manifest, parseManifest } from '../../lib/backup/manifest.ts';
import { formatVerdict, parseVerdict } from '../../lib/backup/verdict.ts';
import { at, type Golden, type Goldens, runId, text } from './golden.ts';

export const least: Manifest = {
  app: 'ctv',
  backup: 'backups/ctv/ctv-20261120T020513Z.db',
  takenAt: at,
  source: '/opt/apps/ctv/production.db',
  host: 'pi5',
  engine: 'sqlite',
  sizeBytes: 4096000,
  pageSize: 4096,
  pageCount: 1000,
  userVersion: 7,
  applicationId: 0,
  schemaSha256: 'df0ad6e43880f09c90ebf95f19110178aba6890df0010ebda7485029e2b543b4',
  tables: [
    { name: 'customers', rows: 40 },
    { name: 'orders', rows: 135 },
  ],
  foreignKeyViolations: 0,
  sha256: '3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7',
  contentHash: 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73',
  journalMode: 'wal',
  encoding: 'UTF-8',
  integrity: { check: 'full', result: 'ok' },
  sqliteVersion: '3.53.1',
  holdfastVersion: '0.1.0',
  runId,
  clock: 'synchronised',
  suspect: [],
};

const classic: Manifest = {
  ...least,
  app: 'production',
  backup: 'backups/database_backup_20261120_030513.db',
};

const everyKey: Manifest = {
  ...least,
  ownership: { uid: 1000, gid: 33, mode: 0o2640 },
  freePageCount: 12,
  applicationId: -1559035904,
  journalMode: 'delete',
  encoding: 'UTF-16le',
  tables: [
    { name: 'Ausgänge "2026"', rows: 0 },
    { name: 'orders', rows: 1 },
  ],
  integrity: {
    check: 'quick',
    result: 'ok',
    note: 'indexes that need functions of the app were not compared',
  },
  foreignKeyViolations: 3,
  clock: 'unsynchronised',
  suspect: ['the table customers is gone', 'rows fell from 175 to 1'],
};

/** What a command made of a small database, in both layouts. */
const made: Manifest = {
  ...least,
  backup: 'backups/ctv/ctv-20261127T025054Z.db',
  takenAt: new Date('2026-11-27T02:50:54.194Z'),
  ownership: { uid: 0, gid: 0, mode: 0o640 },
  sizeBytes: 12288,
  pageCount: 3,
  freePageCount: 0,
  schemaSha256: 'c7e953fd3ddd3edccd99e4c6e951ee084f822b62a77f09c975dfe016a01da3ce',
  tables: [
    { name: 'customers', rows: 2 },
    { name: 'orders', rows: 3 },
  ],
  sha256: '2c27e185efeecdd6980cdfd375e7fe67696cb738c29f5d82fa66ad037662d170',
  contentHash: '56f091bafcc08fead5c1ffeb29d69e422faef7ecddd7063529db0108840f4be2',
  sqliteVersion: '3.54.1',
  runId: 'c3569ff7f01941349fcec8c5e4f33a62',
  clock: 'unknown',
};

const withFindings: Manifest = {
  ...least,
  integrity: {
    check: 'full',
    result: 'ok',
    findings: ['NULL value in orders.customer', 'rows missing from index by_day'],
  },
  suspect: ['integrity check: rows missing from index by_day'],
  accepted: ['orders', 'rows'],
};

/** Of a PostgreSQL database. */
const dumped: Manifest = {
  app: 'bags',
  backup: 'backups/bags/bags-20261128T020513Z.dump',
  takenAt: new Date('2026-11-28T02:05:13.250Z'),
  source: 'traitortrack at db.lan:5432',
  host: 'pi5',
  engine: 'postgres',
  sizeBytes: 48_113,
  tables: [
    { name: 'bag', rows: 100 },
    { name: '"odd.name"', rows: 1 },
  ],
  sha256: least.sha256,
  contentHash: least.contentHash,
  integrity: { check: 'full', result: 'ok', findings: ['INDEX bags_now cannot be restored'] },
  holdfastVersion: '0.2.0',
  runId,
  clock: 'synchronised',
  suspect: ['integrity check: INDEX bags_now cannot be restored'],
  serverVersion: '15.18',
  measuredOn: '16.4',
  locale: { encoding: 'UTF8', provider: 'icu', collate: 'C', ctype: 'C', name: 'de-DE', rules: '' },
  parts: [
    { name: 'sequences', count: 2, sha256: least.sha256 },
    { name: 'triggers', count: 0, sha256: least.contentHash },
  ],
  roles: ['CREATE ROLE app LOGIN;'],
};

const { roles, measuredOn, locale, ...dumpedLeast } = dumped;
void [roles, measuredOn, locale];

export const manifests: Goldens = {
  'manifest/v2-postgres.json': version2(dumped),
  'manifest/v2-postgres-without-optional-keys.json': version2(dumpedLeast),
  'manifest/v1-without-optional-keys.json': version1(least),
  'manifest/v1-with-every-key.json': version1(everyKey),
  'manifest/v2-without-optional-keys.json': version2(least),
  'manifest/v2-with-every-key.json': version2(everyKey),
  'manifest/v2-classic-layout.json': version2(classic),
  'manifest/v2-with-findings.json': version2(withFindings),
  'manifest/v2-promoted.json': version2({ ...least, promotedAt: new Date('2026-11-19T18:40:00.250Z') }),
  'manifest/v2-with-note.json': version2({ ...everyKey, note: 'before the import of “Zürich”: C:\\new' }),
  'manifest/v1-classic-layout.json': version1({
    ...classic,
    source: '/opt/apps/ctv-bookedbiz-db/data/database/production.db',
    ownership: { uid: 0, gid: 0, mode: 0o640 },
    freePageCount: 0,
    tables: [],
    journalMode: 'delete',
    clock: 'unknown',
  }),
  'manifest/v1-classic-layout-without-optional-keys.json': version1(classic),
  'manifest/v3-with-more-tables.json': version2({
    ...least,
    moreTables: {
      count: 40_000,
      rows: 7,
      sha256: '5d0d5a3c1d7b0a2f6f3d1e9b8c7a6f5e4d3c2b1a09f8e7d6c5b4a39281706f5e',
    },
  }),
  'verdict/v1.json': text(
    parseVerdict,
    {
      app: 'ctv',
      backup: least.backup,
      sha256: least.sha256,
      foundAt: at,
      foundBy: 'restore drill',
      problem: 'its bytes were altered: SHA-256 is 5810…, the manifest says 3a6e…',
      host: 'pi5',
      runId,
    },
    formatVerdict,
  ),
  'state/pending/ctv/note.json': version1({
    ...least,
    ownership: { uid: 1000, gid: 1000, mode: 0o640 },
    freePageCount: 12,
  }),
  'store/app/backups/ctv/ctv-20261127T025054Z.json': version1(made),
  'store/app/backups/ctv/before-the-move.json': version1({
    ...made,
    backup: 'backups/ctv/before-the-move.db',
    takenAt: new Date('2026-11-27T02:50:57.082Z'),
    runId: 'c7d0f68afe5e404695f2dd75486b121b',
  }),
  'store/classic/backups/database_backup_20261127_035057.json': version1({
    ...made,
    app: 'production',
    backup: 'backups/database_backup_20261127_035057.db',
    takenAt: new Date('2026-11-27T02:50:57.763Z'),
    runId: '1b805961a25144be8b6596077de6c1f3',
  }),
};

/** Read for ever, written no more. */
function version1(manifest: Manifest): Golden {
  return text(parseManifest, manifest);
}

function version2(manifest: Manifest): Golden {
  return text(parseManifest, manifest, formatManifest);
}
