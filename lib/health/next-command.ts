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
}

/** One command line, to be typed as it is. */
export function nextCommand({ job, result, kind, app, unit }: Ended): string {
  const only = app === undefined ? '' : ` --app ${app}`;
  if (result === 'killed') return journal(unit ?? `${job}.service`);
  if (job === 'restore') return `restore status${only}`;
  if (job !== 'db-backup') return journal(unit ?? `${job}.service`);
  if (result === 'bad-news') return `db-backup list-backups${only}`;
  if (kind === 'bug') return 'db-backup run --verbose';
  return kind === 'damaged' ? `db-backup info${only}` : `db-backup test${only}`;
}

function journal(unit: string): string {
  return `journalctl -u ${unit} -n 50`;
}
