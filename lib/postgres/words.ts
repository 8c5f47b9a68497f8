// How a server is named, and the command that asks it as its superuser. Never with a password.
import { shellWord } from '../base/shell-word.ts';

interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** Whether the server runs on this machine. */
export function isHere({ host }: Pick<Place, 'host'>): boolean {
  return host.startsWith('/') || ['localhost', '127.0.0.1', '::1'].includes(host);
}

/** A command that asks the server as its superuser: here without a password, elsewhere with the one that it asks for. */
export function ofServer({ host, port }: Pick<Place, 'host' | 'port'>, sql: string): string {
  const where = host.startsWith('/') ? ` -h ${shellWord(host)}` : '';
  const how = isHere({ host })
    ? `sudo -u postgres psql${where} -p ${port}`
    : `psql -h ${shellWord(host)} -p ${port} -U postgres`;
  return `${how} -d postgres -c ${shellWord(sql)}`;
}

/** What shows its newest messages. */
export function logOf({ host }: Pick<Place, 'host'>): string {
  return isHere({ host })
    ? "sudo sh -c 'tail -n 60 /var/log/postgresql/*.log'"
    : `the newest messages in the log of the server at ${host}`;
}

/** Who has how many connections, to what, and since when nothing happened there. */
export const whoHasThem =
  'select usename, datname, application_name, state, count(*), max(now() - state_change) as longest from pg_stat_activity group by 1, 2, 3, 4 order by 5 desc';
