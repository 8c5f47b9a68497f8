// The command that a person should run next, by what went wrong.
import type { EndedRun } from '../../lib/run/job.ts';

/** One command line, to be typed as it is. */
export function nextCommand(job: string, { result, kind, app, unit, configOption }: EndedRun): string {
  const only = `${app === undefined ? '' : ` --app ${app}`}${configOption}`;
  const of = unit ?? (app === undefined ? anyUnit(job) : `${job}@${app}.service`);
  if (result === 'killed') return journal(of);
  if (job === 'restore') return `restore status${only}`;
  if (job !== 'db-backup') return journal(of);
  if (result === 'bad-news') return `db-backup list-backups${only}`;
  if (kind === 'missing') return `restore plan latest${only}`;
  if (kind === 'bug') return `db-backup run --verbose${configOption}`;
  return kind === 'damaged' ? `db-backup info${only}` : `db-backup test${only}`;
}

/** Of a job that may have a unit for each app. */
function anyUnit(job: string): string {
  return `'${job}*'`;
}

/** What the job said and what systemd said of it: our units log to a journal of their own. */
function journal(unit: string): string {
  return `journalctl --namespace=+holdfast -u ${unit} -n 50`;
}
