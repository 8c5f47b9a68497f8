// What the commands of delta-pull can be told.
import { argument } from '../../lib/run/parameter.ts';

const pull = argument('which replica, by its name in [pulls]; needed where there are several', {
  names: 'pull',
});

export const run = { pull };
export const once = { pull };
export const resync = { pull };
export const status = { pull };
export const fingerprint = { pull };
