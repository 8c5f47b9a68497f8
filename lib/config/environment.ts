// Single settings of the environment.
import { isAbsolute, resolve } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { secretVariables } from '../base/secret-variables.ts';

/** The environment a process was started with. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment of this process, out of which the secrets are taken: no program that it starts finds them, whoever
 * starts it. Called once.
 */
export function takeEnvironment(): Environment {
  const environment = { ...process.env };
  for (const name of secretVariables) delete process.env[name];
  return environment;
}

/** A variable that is set to nothing is not set. */
export function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

/** The absolute path in a variable, undefined when it is not set. Throws OpsError `config` for a relative one. */
export function absolute(environment: Environment, name: string): string | undefined {
  const value = nonEmpty(environment[name]);
  if (value === undefined || isAbsolute(value)) return value;
  throw new OpsError('config', `cannot use ${name}=${value}: it must be an absolute path`, {
    hint: `for example ${name}=${resolve(value)}`,
  });
}

/** Where programs are looked for. */
export function searchPath(environment: Environment = process.env): string {
  return nonEmpty(environment.PATH) ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
}

/** Whether somebody typed the command with sudo. */
export function isSudo(environment: Environment = process.env): boolean {
  return nonEmpty(environment.SUDO_UID) !== undefined;
}
