// Values that stand in several sections, each with the words that say what is wrong with one.
import { z } from 'zod';
import { parseDuration } from '../../base/duration.ts';
import { isCheckName } from '../../incident/check.ts';

export const absolutePath = z.string().startsWith('/', 'must be an absolute path');

export const seconds = z.number().positive('must be more than 0').max(86_400, 'must be at most a day');

/** `30min`, `8h` or `2d`, in milliseconds. */
export const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'must be a time such as "30min", "8h" or "2d"' });
  return z.NEVER;
});

/** The name that a source of row changes is known by. */
export const sourceName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'must have letters, digits, ".", "_" and "-" alone, 63 at most',
  );

/** The name of what an alert is about. */
export const checkName = z.string().refine(isCheckName, 'must be the name of a job, such as "db-backup"');

/** Which store it has to be. */
export const storeId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'must be the 32 hex digits that db-backup info shows')
  .optional()
  .describe('the store that it has to be, by its id; any unless given');

/** `2 MB/s` in bytes per second. */
export const rate = z.string().transform((text, context) => {
  const found = /^(\d+(?:\.\d+)?) ?(kB|KB|MB|GB|KiB|MiB)\/s$/.exec(text);
  const bytes = Number(found?.[1] ?? 0) * (rateUnits[found?.[2] ?? ''] ?? 0);
  if (bytes >= 1000) return bytes;
  context.addIssue({ code: 'custom', message: 'must be a rate of at least 1 kB/s, such as "2 MB/s"' });
  return z.NEVER;
});

const rateUnits: Record<string, number> = {
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
};

/** `0.0.0.0:8790`, `[::]:8790` or `reports.lan:8790`. */
export const listen = z.string().transform((text, context) => {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const [host, port] = [bracketed ?? plain, Number(digits)];
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  context.addIssue({
    code: 'custom',
    message: 'must be an address and a port, such as "0.0.0.0:8790" or "[::]:8790"',
  });
  return z.NEVER;
});

/** Where another Holdfast answers. */
export const peerUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const problem =
    url === undefined ? 'must be an address such as "https://reports.example:8790"' : addressProblem(url);
  if (url !== undefined && problem === undefined) return url;
  context.addIssue({ code: 'custom', message: problem ?? '' });
  return z.NEVER;
});

function addressProblem({ protocol, username, password, pathname, search, hash }: URL): string | undefined {
  if (protocol !== 'https:' && protocol !== 'http:')
    return 'must begin with https:// (or http:// inside a tunnel)';
  if (username !== '' || password !== '') return 'must not hold a user or a password: the key is in key_file';
  if (search !== '' || hash !== '') return 'must not have anything behind its path';
  return pathname.endsWith('/') || !pathname.includes('//') ? undefined : 'has a path that is none';
}

/** `sha256:` and 64 hex digits, with colons between them or not, as openssl and our own commands print it. */
export const pin = z.string().transform((text, context) => {
  const hex = text
    .replace(/^sha256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  context.addIssue({
    code: 'custom',
    message: 'must be "sha256:" and the 64 hex digits of a fingerprint',
  });
  return z.NEVER;
});
