// delta-serve key: a new key for a reader, and the line by which the master knows it. Neither is kept here.
import { createHash, randomInt } from 'node:crypto';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';

interface NewKey {
  reader: string;
  key: string;
  sha256: string;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export async function run(
  context: JobContext,
  { reader }: Options<typeof parameters.key>,
): Promise<Outcome<NewKey>> {
  context.signal.throwIfAborted();
  const key = `hxb_${Array.from({ length: 40 }, () => letters[randomInt(letters.length)]).join('')}`;
  return { result: { reader, key, sha256: createHash('sha256').update(key).digest('hex') }, findings: [] };
}

export function text({ reader, key, sha256 }: NewKey): string[] {
  return [
    `the key, for key_file or PI_API_KEY of ${reader}; it is shown this once:`,
    `  ${key}`,
    'and for [apps.<name>.serve.keys] here, a line for each reader; a delta-serve that runs has to be started anew for it:',
    `  ${JSON.stringify(reader)} = "sha256:${sha256}"`,
  ];
}
