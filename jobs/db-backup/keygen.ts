// db-backup keygen: the key pair that backups are sealed for. The identity is shown once, and kept nowhere but where a person asks
// for it: on a page for the safe. Nothing goes on until it was typed back, for a key that nobody wrote down opens nothing.
import { OpsError } from '../../lib/base/errors.ts';
import { formatInstant } from '../../lib/base/format.ts';
import { guardedApps } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type KeyPair, makeIdentity } from '../../lib/seal/age.ts';
import { parseTypedIdentity } from '../../lib/seal/identity-text.ts';
import { safePage } from '../../lib/seal/safe-page.ts';
import { writePage } from '../../lib/seal/write-page.ts';
import type * as parameters from './parameters.ts';

/** A key pair that is kept by nobody but who reads this. */
interface MadeKey {
  /** The public key, for `[encryption] recipients`. */
  recipient: string;
  /** The secret, where it was not shown and typed back before. */
  identity?: string;
  /** The page for the safe, where one was written. */
  page?: string;
}

const triesMax = 3;

export async function run(
  context: JobContext,
  { page, yes }: Options<typeof parameters.keygen>,
): Promise<Outcome<MadeKey>> {
  const pair = await makeIdentity();
  const removePage = page === undefined ? undefined : await writePage(page, pageOf(context, pair));
  try {
    if (!yes) await requireTypedBack(context, pair);
  } catch (error) {
    await removePage?.(); // of a key that nothing will be sealed for
    throw error;
  }
  return {
    result: {
      recipient: pair.recipient,
      ...(yes ? { identity: pair.identity } : {}),
      ...(page === undefined ? {} : { page }),
    },
    findings: [],
  };
}

export function text({ recipient, identity, page }: MadeKey): string[] {
  return [
    ...(identity === undefined ? [] : [`the identity, which is shown this once: ${identity}`]),
    `the public key: ${recipient}`,
    ...(page === undefined
      ? []
      : [
          `the page for the safe: ${page}`,
          'Print it, put it where the house papers are, and remove the file.',
        ]),
    'Backups are sealed for it from the next run on where the configuration has:',
    '[encryption]',
    `recipients = ["${recipient}"]`,
  ];
}

function pageOf({ clock, config, host }: JobContext, pair: KeyPair): string {
  const apps = guardedApps(config).map(({ name }) => name);
  return safePage(pair, { madeAt: formatInstant(clock.now()), host, apps });
}

/** Shows it, and asks for it: what is not on paper now will not be there when the machine is gone. */
async function requireTypedBack(context: JobContext, { identity }: KeyPair): Promise<void> {
  const shown = `the identity, which opens the backups, and is shown this once:\n\n  ${identity}\n\n`;
  for (let tries = 1; tries <= triesMax; tries += 1) {
    const typed = await context.ask(`${tries === 1 ? shown : ''}write it down, then type it back: `);
    if (typed === undefined) break;
    const problem = problemOf(typed, identity);
    if (problem === undefined) return;
    context.log.warn(`that is not it: ${problem}`);
  }
  throw new OpsError('refused', 'cannot count on the new key: it was not typed back, and is thrown away', {
    hint: 'make another one: db-backup keygen',
  });
}

function problemOf(typed: string, identity: string): string | undefined {
  try {
    return parseTypedIdentity(typed) === identity ? undefined : 'it is another key';
  } catch (error) {
    if (error instanceof OpsError) return error.message.replace(/^.*?: /, '');
    throw error;
  }
}
