// Who has a database open, for people: each process once, in one line of its own, with what stops it.
import type { Holder } from './holders.ts';

/** What is told of a process. */
export type OpenIn = Pick<Holder, 'pid' | 'command' | 'user' | 'unit'>;

/** Each process once, whatever files of the database it holds. */
export function processesOf(holders: readonly Holder[]): OpenIn[] {
  return [
    ...new Map(holders.map(({ pid, command, user, unit }) => [pid, { pid, command, user, unit }])).values(),
  ];
}

/** `gunicorn (process 812 of ctv, flaskapp.service)`. */
export function processWords({ pid, command, user, unit }: OpenIn): string {
  if (pid <= 0) return 'a process of another container';
  const of = user === undefined ? '' : ` of ${user}`;
  return `${command} (process ${pid}${of}${unit === undefined ? '' : `, ${unit}`})`;
}

/** What stops them, where each is of a service: `systemctl stop flaskapp.service`. */
export function stopCommand(processes: readonly OpenIn[]): string | undefined {
  const units = [...new Set(processes.map(({ unit }) => unit))].filter((unit) => unit !== undefined);
  const areKnown = processes.length > 0 && processes.every(({ unit }) => unit !== undefined);
  return areKnown ? `systemctl stop ${units.join(' ')}` : undefined;
}

/**
 * The service in the text of a `/proc/<pid>/cgroup`, `0::/system.slice/flaskapp.service`. What a person has logged in with is none
 * that can be stopped.
 */
export function serviceIn(groups: string): string | undefined {
  const [, path = ''] = /^(?:0:|\d+:name=systemd):(.*)$/m.exec(groups) ?? [];
  return path.split('/').findLast((part) => /^(?!user@)[A-Za-z0-9:_.\\@-]+\.service$/.test(part));
}
