// Which replica it is about, and whether its master can be asked at all.
import { OpsError } from '../../../lib/base/errors.ts';
import type { Config } from '../../../lib/config/config.ts';
import type { PullConfig } from '../../../lib/config/pull-config.ts';

/** Throws OpsError `config` where none is configured, `usage` where it is not said which of several. */
export function chosenPull({ pulls, source }: Config, name: string | undefined): PullConfig {
  const names = pulls.map((pull) => pull.name).join(', ');
  if (pulls.length === 0)
    throw new OpsError('config', `cannot find a replica: ${source} names no master`, {
      hint: 'write [pulls.<name>] with from and replica (docs/configuration.md), or set REMOTE_PI_HOST and PI_API_KEY',
    });
  if (name === undefined && pulls.length > 1)
    throw new OpsError('usage', 'cannot choose a replica: there are several', {
      hint: `name one of ${names}`,
    });
  const found = name === undefined ? pulls[0] : pulls.find((pull) => pull.name === name);
  if (found !== undefined) return found;
  throw new OpsError('usage', `cannot find the replica ${JSON.stringify(name)}: there is none of that name`, {
    hint: `there is ${names}`,
  });
}

/** The key, and a certificate that something proves. Throws OpsError `config`, `denied`. */
export function requireKey(pull: PullConfig): string {
  if (pull.signsItself && pull.pin === undefined)
    throw new OpsError(
      'config',
      `cannot pull from ${pull.from.origin}: its certificate signed itself, and nothing says which one it is`,
      { hint: 'delta-pull fingerprint shows it; compare with the master, and set HOLDFAST_PULL_PIN to it' },
    );
  const key = pull.readKey();
  if (key !== undefined) return key;
  throw new OpsError('config', `cannot pull from ${pull.from.origin}: there is no key for it`, {
    hint: 'name a file with it as key_file, or set PI_API_KEY; delta-serve key makes one on the master',
  });
}
