// By what a channel's setting is known again without being kept: four digits of a hash, too few to tell a secret by.
import { createHash } from 'node:crypto';
import { OpsError } from '../base/errors.ts';

/** Another setting has another mark, but for one in 65,536: that one waits for the next regular try. */
export function settingMark(read: () => readonly (string | undefined)[]): string {
  try {
    return createHash('sha256').update(JSON.stringify(read())).digest('hex').slice(0, 4);
  } catch (error) {
    if (error instanceof OpsError) return 'none'; // nothing that can be used is there
    throw error;
  }
}
