// Which PostgreSQL database, as whom, and how the connection is protected.

export const sslmodes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

/** In the words of PostgreSQL's own programs. */
export type SslMode = (typeof sslmodes)[number];

export interface PostgresTarget {
  /** A name, an address, or the absolute path of the directory with the server's socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly sslmode: SslMode;
  /** The file with the certificates of the authorities that are trusted; undefined for the usual ones. */
  readonly rootCertificate: string | undefined;
  /** Reads the password, where the server asks for one; undefined where none is given. */
  readPassword(): string | undefined;
}

/** `traitortrack at db.lan:5432`. */
export function placeOf({
  host,
  port,
  database,
}: Pick<PostgresTarget, 'host' | 'port' | 'database'>): string {
  const at = host.startsWith('/')
    ? `${host}, port ${port}`
    : `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return `${database} at ${at}`;
}
