// What copies and measures the database of an app, by its engine.
import type { CommandRunner } from '../base/command.ts';
import { OpsError } from '../base/errors.ts';
import type { GuardedApp } from '../config/config.ts';
import type { PostgresTarget } from '../health/postgres-target.ts';
import type { Engine } from '../source/facts.ts';
import { differences } from '../source/differences.ts';
import type { Source } from '../source/source.ts';
import { sqliteSource } from '../sqlite/sqlite-source.ts';

/** Nothing is opened yet. Throws OpsError `config` for a dump of PostgreSQL where the app names no server that could read it. */
export function openSource(app: GuardedApp, engine: Engine = app.engine, run: CommandRunner): Source {
  // To measure a copy takes nothing of the app.
  if (engine === 'sqlite') return sqliteSource(app.engine === 'sqlite' ? app.database : `/${app.name}.db`);
  if (app.engine === 'postgres') return serverSource(() => app.readTarget(), run);
  throw new OpsError(
    'config',
    `cannot read a dump of PostgreSQL: ${app.name} names no server on which it could be restored`,
    {
      hint: `write postgres_url_file = "/path" in [apps.${app.name}]; or restore it by hand: restore download <name> ., then pg_restore --create --dbname=postgres <file>`,
    },
  );
}

/** Its packages are loaded where it is asked. */
function serverSource(readTarget: () => PostgresTarget, run: CommandRunner): Source {
  const opened = async () =>
    (await import('../postgres/backup/postgres-source.ts')).postgresSource({ readTarget, run }) as Source;
  return {
    engine: 'postgres',
    gentlerHint: 'a dump keeps nobody waiting who does not alter its tables',
    look: async () => (await opened()).look(),
    begin: async (...args) => (await opened()).begin(...args),
    copy: async (...args) => (await opened()).copy(...args),
    survey: async (...args) => (await opened()).survey(...args),
    measure: async (...args) => (await opened()).measure(...args),
    compare: differences,
  };
}
