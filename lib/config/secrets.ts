// Secrets: systemd's credentials first, then a file that only its owner can read, then the environment. Never argv.
import { shellWord } from '../base/shell-word.ts';
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { readSmallFileSync } from '../files/read-small-file.ts';
import { type Environment, nonEmpty } from './environment.ts';

/** Where a secret may be. */
export interface SecretOrigin {
  environment: Environment;
  /** Its name in `$CREDENTIALS_DIRECTORY`. */
  credential: string;
  /** A file that must be there. */
  file?: string | undefined;
  /** A file that may be there. */
  fileIfThere?: string | undefined;
  /** A variable of the environment, one of lib/base/secret-variables: no other program gets those. */
  variable?: string | undefined;
}

/** Where the installer looks for secrets that a unit is handed. */
export const credentialsDirectory = '/etc/holdfast/credentials';

const bytesMax = 4096;
/** With what may stand around it, such as empty lines. */
const fileBytesMax = 64 * 1024;

/** Whether the secret is anywhere, without a look at it. */
export function isSecretGiven({ environment, credential, file, variable }: SecretOrigin): boolean {
  const directory = nonEmpty(environment.CREDENTIALS_DIRECTORY);
  const isCredential = directory !== undefined && existsSync(join(directory, credential));
  return isCredential || file !== undefined || valueOf(variable, environment) !== undefined;
}

/**
 * The secret, without the line break at its end; undefined when it is nowhere. Throws OpsError `denied` for a file that
 * others may read, `missing` for one that must be there, and `config` for content that can be no secret. No message
 * holds any of it.
 */
export function readSecret({
  environment,
  credential,
  file,
  fileIfThere,
  variable,
}: SecretOrigin): string | undefined {
  const directory = nonEmpty(environment.CREDENTIALS_DIRECTORY);
  const given = directory === undefined ? undefined : join(directory, credential);
  // systemd's own directory is readable by this service alone, whatever the modes say.
  if (given !== undefined && existsSync(given)) return fromCredential(given, file);
  const path = file ?? (fileIfThere !== undefined && existsSync(fileIfThere) ? fileIfThere : undefined);
  if (path !== undefined) {
    requirePrivate(path);
    return fromFile(path);
  }
  const value = valueOf(variable, environment);
  return value === undefined ? undefined : requireSecret(value, `$${variable}`);
}

function valueOf(variable: string | undefined, environment: Environment): string | undefined {
  return variable === undefined ? undefined : nonEmpty(environment[variable]?.trim());
}

/** Those of the files that others than their owner may read. */
export function exposedFiles(files: readonly string[]): string[] {
  return files.filter((path) => {
    try {
      return (statSync(path).mode & 0o077) !== 0;
    } catch {
      return false; // not there, or in a directory that keeps it from us as from others
    }
  });
}

/**
 * The file that holds a secret which another program reads itself; undefined where none is named. Throws as `readSecret`
 * does where it is not there, or others may read it.
 */
export function secretPath({
  environment,
  credential,
  file,
}: Pick<SecretOrigin, 'environment' | 'credential' | 'file'>): string | undefined {
  const directory = nonEmpty(environment.CREDENTIALS_DIRECTORY);
  const given = directory === undefined ? undefined : join(directory, credential);
  if (given !== undefined && existsSync(given)) return given;
  if (file !== undefined) requirePrivate(file);
  return file;
}

function requirePrivate(path: string): void {
  const mode = attempt(path, () => statSync(path).mode);
  if ((mode & 0o077) === 0) return;
  throw new OpsError('denied', `cannot use the secret in ${path}: others may read it`, {
    hint: `chmod 600 ${shellWord(path)}`,
  });
}

/** A unit that goes on without a file of its secrets is given a blank one in its place. */
function fromCredential(path: string, file: string | undefined): string {
  if (
    attempt(path, () => readSmallFileSync(path, { sizeBytesMax: fileBytesMax, follow: true }))
      .toString()
      .trim() !== ''
  )
    return fromFile(path);
  const of = file ?? `the credential ${basename(path)}`;
  const list = file === undefined ? 'systemctl cat alert-send' : `ls -l ${shellWord(file)}`;
  throw new OpsError(
    'missing',
    `cannot read the secret in ${of}: it was gone or empty when this unit was started`,
    {
      hint: `put it back, as it was: ${list}`,
    },
  );
}

function fromFile(path: string): string {
  const options = { sizeBytesMax: fileBytesMax, follow: true };
  const text = attempt(path, () => readSmallFileSync(path, options).toString('utf8'));
  return requireSecret(text.trim(), path);
}

function requireSecret(value: string, where: string): string {
  // A header that is built of it must not be broken by it.
  if (value !== '' && value.length <= bytesMax && /^[\x21-\x7e]+$/.test(value)) return value;
  throw unusable(where);
}

function unusable(where: string): OpsError {
  const cause = 'it is empty, too long, or holds other than plain characters';
  const hint = 'it is a file with one line, as the service gave it';
  return new OpsError('config', `cannot use the secret in ${where}: ${cause}`, { hint });
}

/** A unit reads no file of root's: the installer has systemd hand it over. */
const handedOver =
  'by hand, with sudo; the units are handed it by sudo npm run units -- install --app <name> in /opt/holdfast';

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // What is no file, or as large as no secret is.
    if (error instanceof OpsError) throw unusable(path);
    const isDenied = ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
    const hint = `it must be a file that this user may read: ls -l ${shellWord(path)}`;
    throw systemError(`read the secret in ${path}`, error, { hint: isDenied ? handedOver : hint });
  }
}
