// The command that a person should run next, by what went wrong.
import type { ErrorKind } from '../base/exit-code.ts';
import type { RunResult } from './observation.ts';

export interface Ended {
  job: string;
  result: RunResult;
  kind: ErrorKind | undefined;
  /** The one app it is about, where there is one and others beside it. */
  app: string | undefined;
  /** The systemd unit, where one is known. */
  unit: string | undefined;
  /** What our own commands need beside it to find the configuration: ` --config <path>`, or nothing. */
  configOption: string;
}

/** One command line, to be typed as it is. */
export function nextCommand({ job, result, kind, app, unit, configOption }: Ended): string {
  const only = `${app === undefined ? '' : ` --app ${app}`}${configOption}`;
  if (result === 'killed') return journal(unit ?? `${job}.service`);
  if (job === 'restore') return `restore status${only}`;
  if (job !== 'db-backup') return journal(unit ?? `${job}.service`);
  if (result === 'bad-news') return `db-backup list-backups${only}`;
  if (kind === 'bug') return `db-backup run --verbose${configOption}`;
  return kind === 'damaged' ? `db-backup info${only}` : `db-backup test${only}`;
}

/** What the job said and what systemd said of it: our units log to a journal of their own. */
function journal(unit: string): string {
  return `journalctl --namespace=+holdfast -u ${unit} -n 50`;
}
