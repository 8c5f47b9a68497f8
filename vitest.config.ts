// Two projects: `quick` is what `npm test` runs, `real` is what `npm run test:all` adds to it.
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { CountingReporter } from './test/support/counting-reporter.ts';

// Where a process is the subject, or one is started for every operation that may fail; whole machines; a store in Dropbox.
const real = [
  'test/e2e/**/*.test.ts',
  'test/system/**/*.test.ts',
  'test/**/{*-faults,*-large,fault-errors,fault-table,*power-cut}.test.ts',
  'test/{contract,jobs/**}/dropbox*.test.ts',
  'test/jobs/**/dropbox/*.test.ts',
  'test/lib/run/start-service.test.ts',
  'test/lib/probe/postgres.test.ts',
  'test/lib/postgres/writer.test.ts',
  'test/contract/{*postgres*,*-placement,sqlite-source}.test.ts',
  'test/jobs/postgres-app.test.ts',
  'test/units/install.test.ts',
  // In process, and each with dozens of whole backups or restores: together half a minute of two cores.
  'test/jobs/{found-bad,stopped,store-gone}.test.ts',
  'test/jobs/db-export-json/{import,phases,tagtracker}.test.ts',
  'test/jobs/db-maintain/maintain.test.ts',
  'test/jobs/{db-backup,restore}/postgres.test.ts',
  // Each looks at live databases through processes, again and again.
  'test/lib/probe/{database,sql,wal}.test.ts',
  'test/lib/sqlite/two-readers.test.ts',
  'test/jobs/health-check/run.test.ts',
  'test/jobs/restore/{diff,discard,plan,standby,targets,worst-day}.test.ts',
  'test/jobs/alert-send/seen.test.ts',
  'test/jobs/db-backup/{dry-run,info,read-back,unknown-schema}.test.ts',
  'test/jobs/delta-receive/many-sources.test.ts',
  'test/contract/rclone.test.ts',
];

export default defineConfig({
  test: {
    pool: 'forks',
    // Left to itself, vitest would keep one of two cores free.
    maxWorkers: 2,
    env: {
      // As the launchers keep it: without, each process and thread that a test starts would load a compiler first.
      NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/tests'),
      // As lib/sqlite/open.ts sets it: SQLite reads it once, and a test may open a database before that is loaded.
      SQLITE_USE_URI: '1',
    },
    reporters: [new CountingReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: real,
          // The files of a worker share what they load, or each would load the house and its packages anew.
          isolate: false,
          setupFiles: 'test/support/in-memory.ts',
        },
      },
      { extends: true, test: { name: 'real', include: real } },
    ],
    // Generous: a slow machine must not turn a right answer into a red one.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
