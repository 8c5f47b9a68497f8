// An environment file as the settings of a command: the one that is named, or one that is known and the only configuration
// there is. Its variables are settings and nothing else: no program that is started finds them.
import { readdirSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { readSmallFileSync } from '../files/read-small-file.ts';
import { type Environment, nonEmpty } from './environment.ts';
import { settingsBytesMax, stands } from './known-place.ts';
import { type LeftOut, parseEnvFile } from './parse-env-file.ts';

/** Below which root directory the known files are looked for. */
const machine = '/';

/** The names that the units of an app and the scripts before it have for their settings. */
const appFile = /^([A-Za-z0-9][A-Za-z0-9._-]*)-db-sync\.env$/;

/** Variables that are ours: a line that was meant to set one is not left out in silence. */
const ours = /\b(DATABASE_PATH|(DROPBOX|NTFY|HOLDFAST|SLACK|HEALTHCHECKS)_[A-Z_]+)\b/;

/**
 * The environment with the variables of a file, which win: so they do where a shell reads the file first. The app has the name
 * that its units have, where the file is called after it. Throws OpsError `config` or `denied`, and shows no value.
 */
export function withEnvFile(environment: Environment, path: string): Environment {
  return merged(environment, path, readText(path, { follow: true }));
}

/** The known file, where neither another one nor a database is named. Throws what `knownEnvFile` does. */
export function knownEnvFileFor(
  environment: Environment,
  envFile: string | undefined,
): ReturnType<typeof knownEnvFile> {
  const mayAsk = envFile === undefined && nonEmpty(environment.DATABASE_PATH) === undefined;
  return mayAsk ? knownEnvFile(environment) : undefined;
}

/**
 * The known file: the `/etc/<app>-db-sync.env` that there is, else `/opt/spotops/.env`; undefined where there is none. Throws
 * OpsError `config` where there are several, `denied` where it may not be read, and `refused` for one that somebody else may have written:
 * it decides what is read and written as this user. Who names such a file has looked at it.
 */
export function knownEnvFile(
  environment: Environment,
  root = machine,
): { path: string; environment: Environment } | undefined {
  const [path, ...others] = knownFiles(root);
  if (path === undefined) return undefined;
  if (others.length > 0) {
    throw new OpsError(
      'config',
      `cannot tell which settings are meant: there are ${[path, ...others].join(', ')}`,
      {
        hint: `name one of them: --env-file ${path}`,
      },
    );
  }
  const check = (status: Stats) => requireOurs(path, status);
  return { path, environment: merged(environment, path, readText(path, { follow: false, check })) };
}

function knownFiles(root: string): string[] {
  const etc = join(root, 'etc');
  const inEtc = namesIn(etc).filter((name) => appFile.test(name));
  if (inEtc.length > 0) return inEtc.map((name) => join(etc, name));
  const other = join(root, 'opt/spotops/.env');
  return stands(other) && stands(join(root, 'opt/spotops')) ? [other] : [];
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return []; // then none is known
  }
}

function readText(
  path: string,
  { follow, check }: { follow: boolean; check?: (status: Stats) => void },
): string {
  const called = `the settings in ${path}`;
  try {
    return readSmallFileSync(path, { sizeBytesMax: settingsBytesMax, follow, called, check }).toString(
      'utf8',
    );
  } catch (error) {
    if (errorCode(error) === 'ELOOP') throw foreign(path, 'it is a symbolic link', error);
    const denied = ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
    throw systemError(`read ${called}`, error, {
      hint: denied ? 'run it with sudo' : 'name it with --env-file <path>',
    });
  }
}

function requireOurs(path: string, { uid, mode }: Stats): void {
  if (uid !== 0 && uid !== process.geteuid?.()) throw foreign(path, `it belongs to user ${uid}`);
  if ((mode & 0o022) !== 0) throw foreign(path, 'others may write it');
}

function foreign(path: string, why: string, cause?: unknown): OpsError {
  return new OpsError('refused', `cannot take the settings in ${path} unasked: ${why}`, {
    hint: `where you know what is in it, name it: --env-file ${path}`,
    cause,
  });
}

function merged(environment: Environment, path: string, text: string): Environment {
  const app = appFile.exec(basename(path))?.[1];
  const lock = olderLock(path);
  return {
    ...(app === undefined ? {} : { HOLDFAST_APP: app }),
    ...(lock === undefined ? {} : { HOLDFAST_LOCK_FILE: lock }),
    ...environment,
    ...settingsIn(path, text),
  };
}

/**
 * The variables that such a file sets. Throws OpsError `config` for a line of one of ours that sets something else, or nothing, where
 * another reader of the same file, a shell or Docker Compose, sees what was meant: it is not left to be found out at night. What is
 * another program's may be written anyhow.
 */
export function settingsIn(path: string, text: string): Record<string, string> {
  const { variables, leftOut } = parseEnvFile(text);
  const lines = text.split('\n');
  const meant = leftOut.find(({ line }) => ours.test(lines[line - 1] ?? ''));
  if (meant !== undefined) throw wouldBeLeftOut(path, meant);
  lines.forEach((line, index) => {
    const flaw = meantOtherwise(line);
    if (flaw === undefined) return;
    throw new OpsError('config', `cannot use ${path}: line ${index + 1} ${flaw.what}`, { hint: flaw.hint });
  });
  return variables;
}

/** What systemd takes for a part of the value, and nobody who writes it does. */
function meantOtherwise(line: string): { what: string; hint: string } | undefined {
  const [, name = '', value = ''] = /^\s*(\w+)\s*=(.*)$/.exec(line) ?? [];
  if (!ours.test(name)) return undefined;
  if (/\s#/.test(value.replace(/'[^']*'|"(?:\\.|[^"\\])*"/g, '""'))) {
    const what = 'has a comment behind the value, and to systemd that is a part of it';
    return {
      what,
      hint: 'put the comment on a line of its own; a value that has " #" in it goes into quotes',
    };
  }
  if (/\$\{\w|\$\(/.test(value.replace(/'[^']*'/g, "''")))
    return {
      what: 'has a variable in the value, and systemd does not replace it',
      hint: 'write the value itself; single quotes keep a "$" that is meant',
    };
  return undefined;
}

/** The lock of the script whose settings those of a machine are: it may still be started by its own timer. */
export function olderLock(path: string): string | undefined {
  if (path === '/opt/spotops/.env') return '/tmp/ctv-db-sync.lock';
  const app = dirname(path) === '/etc' ? appFile.exec(basename(path))?.[1] : undefined;
  return app === undefined ? undefined : `/tmp/${app}-db-sync.lock`;
}

/** Of a line that sets nothing, though it was to. The line itself is not shown: it may hold a secret. */
function wouldBeLeftOut(path: string, { line, name }: LeftOut): OpsError {
  const isExport = /^export\s/.test(name);
  const what = isExport ? 'begins with "export"' : 'is not NAME=value';
  return new OpsError('config', `cannot use ${path}: line ${line} ${what}, and systemd would leave it out`, {
    hint: isExport ? `sed -i 's/^export //' ${path}` : `correct line ${line}`,
  });
}
