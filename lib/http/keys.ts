// Who may send: names, and the SHA-256 of the key of each. The key itself is kept nowhere. docs/formats.md pins the file.
import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { createDirectories } from '../files/make-directories.ts';
import { readSmallFileSync } from '../files/read-small-file.ts';
import { Fields } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord } from '../record/json-record.ts';

export interface KnownKey {
  readonly name: string;
  readonly sha256: string;
  readonly addedAt: string;
  /** Undefined while it is taken. */
  readonly revokedAt: string | undefined;
}

const format = { name: 'holdfast-delta-keys', version: 1, called: 'list of keys' };
const bytesMax = 4 * 1024 * 1024;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const keyPattern = /^hfd_[A-Za-z0-9]{40}$/;

export function isKey(text: string): boolean {
  return keyPattern.test(text);
}

/** 238 random bits. */
export function makeKey(): string {
  return `hfd_${Array.from({ length: 40 }, () => letters[randomInt(letters.length)]).join('')}`;
}

/** All that were ever given, in order. Throws OpsError `damaged`, `io` … where the file is there and cannot be read. */
export function readKeys(path: string): KnownKey[] {
  const text = textOf(path);
  if (text === undefined) return [];
  const flaw = (cause: string, hint?: string) =>
    new OpsError('damaged', `cannot read the keys of sources in ${path}: ${cause}`, {
      hint: hint ?? 'put it back from a backup, or remove it and give every source a new key',
    });
  const { fields } = openJsonRecord(text, format, flaw);
  return fields.list('keys').map((key) => {
    const entry = new Fields(key, 'keys.', flaw);
    return {
      name: entry.text('name'),
      sha256: entry.digest('sha256'),
      addedAt: entry.text('added_at'),
      revokedAt: entry.optional('revoked_at') === undefined ? undefined : entry.text('revoked_at'),
    };
  });
}

export async function writeKeys(path: string, keys: readonly KnownKey[]): Promise<void> {
  await createDirectories(dirname(path));
  const list = keys.map(({ name, sha256, addedAt, revokedAt }) => ({
    name,
    sha256,
    added_at: addedAt,
    revoked_at: revokedAt ?? null,
  }));
  await writeFileAtomically(path, formatJsonRecord(format, { keys: list }, 2), {
    mode: 0o600,
    toOwner: true,
  });
}

function textOf(path: string): string | undefined {
  try {
    const options = { sizeBytesMax: bytesMax, follow: true, called: `the keys of sources in ${path}` };
    return readSmallFileSync(path, options).toString('utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw systemError(`read the keys of sources in ${path}`, error);
  }
}

/** The keys as a running service knows them: what was added or revoked since holds with the next request. */
export class KeyRing {
  readonly #path: string;
  #seen = '';
  #names = new Map<string, string>();

  constructor(path: string) {
    this.#path = path;
  }

  /** Whose key it is; undefined for nobody's. Throws as `readKeys` does. */
  nameOf(key: string): string | undefined {
    if (!isKey(key)) return undefined;
    this.#refresh();
    const digest = createHash('sha256').update(key).digest();
    const found = this.#names.get(digest.toString('hex'));
    // The look-up may take a time that says something of the digest, which is no secret; what it found is compared as one.
    const [sha256, name] = found?.split(' ', 2) ?? [];
    return sha256 !== undefined && timingSafeEqual(Buffer.from(sha256, 'hex'), digest) ? name : undefined;
  }

  #refresh(): void {
    const now = identity(this.#path);
    if (now === this.#seen) return;
    const taken = readKeys(this.#path).filter(({ revokedAt }) => revokedAt === undefined);
    this.#names = new Map(taken.map(({ name, sha256 }) => [sha256, `${sha256} ${name}`]));
    this.#seen = now;
  }
}

/** What changes with every write: the file is replaced, never written into. */
function identity(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? 'none' : `${found.ino} ${found.mtimeNs} ${found.size}`;
}
