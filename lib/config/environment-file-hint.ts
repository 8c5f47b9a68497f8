// What helps who types a command beside units that get their settings from an environment file: their shell has none.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const environmentFile = /^([A-Za-z0-9][A-Za-z0-9._-]*)-db-sync\.env$/;

/** The words to type, where such a file lies in `directory`. Who may not read it is told so by the shell. */
export function environmentFileHint(directory = '/etc'): string | undefined {
  const name = filesIn(directory).find((one) => environmentFile.test(one));
  if (name === undefined) return undefined;
  const app = environmentFile.exec(name)?.[1];
  return `as root: set -a; . ${join(directory, name)}; HOLDFAST_APP=${app}; set +a; then the same command again`;
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return []; // then there is no more to say
  }
}
