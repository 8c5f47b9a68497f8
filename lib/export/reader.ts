// Where documents are shipped to: an account that ssh reaches, or a module of an rsync daemon. Every part of it becomes an
// argument of another program, or a line of its settings, and can be nothing else there.

export type Reader = SshReader | DaemonReader;

interface SshReader {
  readonly kind: 'ssh';
  readonly user: string;
  /** A name, or an address; that of IPv6 without its brackets. */
  readonly host: string;
  /** The directory there. */
  readonly path: string;
}

interface DaemonReader {
  readonly kind: 'daemon';
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  /** The module, and a directory in it: `season/days`. */
  readonly path: string;
}

const user = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}';
const host = String.raw`\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?`;
const overSsh = new RegExp(`^(?<user>${user})@(?<host>${host}):(?<path>.+)$`, 'u');
const ofDaemon = new RegExp(
  String.raw`^rsync://(?:(?<user>${user})@)?(?<host>${host})(?::(?<port>\d{1,5}))?/(?<path>.+)$`,
  'u',
);

/** The place that `text` names: `user@host:/path` or `rsync://user@host:port/module/path`; otherwise what is wrong with it. */
export function parseReader(text: string): Reader | { problem: string } {
  const found = ofDaemon.exec(text)?.groups ?? overSsh.exec(text)?.groups;
  if (found?.host === undefined)
    return { problem: 'must be "user@host:/path", or "rsync://user@host/module/path"' };
  const path = (found.path ?? '').replace(/(?<=.)\/+$/, '');
  const problem = pathProblem(path);
  if (problem !== undefined) return { problem };
  const place = { host: found.host.replace(/^\[|\]$/g, ''), path };
  if (!text.startsWith('rsync://')) return { kind: 'ssh', user: found.user ?? '', ...place };
  const port = found.port === undefined ? undefined : Number(found.port);
  if (port !== undefined && (port < 1 || port > 65_535)) return { problem: 'must have a port up to 65535' };
  if (path.startsWith('/')) return { problem: 'must have a module behind the host' };
  return { kind: 'daemon', user: found.user, port, ...place };
}

function pathProblem(path: string): string | undefined {
  if (path.length > 1024) return 'must have a shorter path';
  if (/^[-~:]/.test(path)) return `must have a path that does not begin with "${path.charAt(0)}"`;
  if (path.split('/').includes('..')) return 'must not hold ".."';
  // What stands for several names to whoever takes it apart, at one end or the other.
  if (/[*?[\]\\]/.test(path)) return 'must have a path without * ? [ ] and \\';
  return undefined;
}

/** The name or address as it stands before a colon. */
export function hostWord({ host: name }: Reader): string {
  return name.includes(':') ? `[${name}]` : name;
}

const keyPattern = /^((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?: .*)?$/;

/** `ssh-ed25519 AAAA…` without a comment; undefined for what is no public key: what it says of its type, its bytes say too. */
export function publicKey(text: string): string | undefined {
  const [, type = '', encoded = ''] = keyPattern.exec(text.trim()) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  const isKey = bytes.length > 4 + type.length && bytes.readUInt32BE(0) === type.length;
  return isKey && bytes.subarray(4, 4 + type.length).toString('latin1') === type
    ? `${type} ${encoded}`
    : undefined;
}
