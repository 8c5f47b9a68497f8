// The databases of apps that are in PostgreSQL, for a doctor: whether a backup of each could be made and proven now.
import { shellWord } from '../base/shell-word.ts';
import { type PostgresApp, postgresApps } from '../config/config.ts';
import { exposedFiles } from '../config/secrets.ts';
import { placeOf } from '../health/postgres-target.ts';
import { readinessOf } from '../postgres/backup/obstacles.ts';
import { type DoctorContext, type Looked, lookAt, type Part, well } from './doctor.ts';

/** Of another system's tree nothing can be asked. */
export const servers: Part = async (context) => {
  if (!context.isRunning) return [];
  const parts = postgresApps(context.config).map(
    (app) => [app.name, (own: DoctorContext) => serverOf(own, app)] as const,
  );
  return lookAt(context, parts);
};

async function serverOf({ run, signal }: DoctorContext, app: PostgresApp): Promise<Looked[]> {
  const { name, urlFile } = app;
  const critical = (message: string, hint: string | undefined): Looked => ({
    ...{ subject: name, message, hint },
    verdict: 'critical',
  });
  if (urlFile !== undefined && exposedFiles([urlFile]).length > 0)
    return [
      critical(
        `others may read ${urlFile}, the address of its database: no job uses it`,
        `sudo chmod 600 ${shellWord(urlFile)}`,
      ),
    ];
  const target = app.readTarget();
  const { version, obstacles } = await readinessOf({ target, run, signal });
  if (obstacles.length > 0) return obstacles.map(({ message, hint }) => critical(message, hint));
  return [well(name, `${target.user} may back up all of ${placeOf(target)}, PostgreSQL ${version}`)];
}
