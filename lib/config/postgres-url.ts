// The address of a PostgreSQL database as apps have it in DATABASE_URL. It may hold a password: nothing of it stands in what is
// said against it.
import { printable } from '../base/printable.ts';

/** What an address says; undefined for what it leaves out. */
export interface PostgresAddress {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly sslmode: string | undefined;
  readonly sslrootcert: string | undefined;
}

/** Whether it is of PostgreSQL at all: SQLAlchemy names the driver as well. */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(ql)?(\+\w+)?:/.test(text);
}

const severalHosts = 'names several hosts: watch each by itself, with a name of its own';
const example = '"postgresql://user@host:5432/database"';

/** A user without a host, as SQLAlchemy has them for a socket (`user@/database?host=/run/postgresql`), is no address to others. */
const withoutHost = /^(\w+:\/\/[^/?#]*@)(?=[/:?]|$)/;
const noHost = 'none.invalid';

/** What it says, or what is wrong with it, in words that quote none of it. */
export function parsePostgresUrl(text: string): PostgresAddress | { problem: string } {
  if (!isPostgresUrl(text)) return { problem: `must be an address such as ${example}` };
  if (/^[^/]*\/\/[^/?#]*,/.test(text.replace(/\/\/.*@/, '//'))) return { problem: severalHosts };
  const url = URL.parse(text.replace(/^[^:]+:/, 'postgresql:').replace(withoutHost, `$1${noHost}`));
  // An unescaped "/", "?" or "#" in a password ends up there: what follows would be shown as a name.
  if (url === null || url.hash !== '' || `${url.pathname}${url.search}`.includes('@'))
    return {
      problem: `is no address such as ${example}: in user and password all but letters and digits is written as %2F and the like`,
    };
  try {
    const found = addressOf(url);
    // As SQLAlchemy and libpq have them, which would take a comma in the directory of a socket for the same.
    const isOne = url.searchParams.getAll('host').length < 2 && found.host?.includes(',') !== true;
    if (!isOne) return { problem: severalHosts };
    return isPlain(found) ? found : { problem: 'holds control characters' };
  } catch {
    return { problem: 'has a % that begins no escaped character: % itself is written as %25' };
  }
}

function addressOf({ hostname, port, username, password, pathname, searchParams }: URL): PostgresAddress {
  const query = (name: string) => nonEmpty(searchParams.get(name) ?? '');
  const digits = query('port') ?? port;
  return {
    host:
      query('host') ??
      nonEmpty(hostname === noHost ? '' : decodeURIComponent(hostname).replace(/^\[(.*)\]$/, '$1')),
    port: digits === '' ? undefined : Number(digits),
    user: query('user') ?? nonEmpty(decodeURIComponent(username)),
    password: query('password') ?? nonEmpty(decodeURIComponent(password)),
    database: query('dbname') ?? nonEmpty(decodeURIComponent(pathname.replace(/^\//, ''))),
    sslmode: query('sslmode'),
    sslrootcert: query('sslrootcert'),
  };
}

/** All of it but the password is shown to people. */
function isPlain({ host, user, database, sslmode, sslrootcert }: PostgresAddress): boolean {
  return [host, user, database, sslmode, sslrootcert].every((text = '') => printable(text) === text);
}

function nonEmpty(text: string): string | undefined {
  return text === '' ? undefined : text;
}
