// Identities as people keep them: a file that age-keygen or db-backup keygen made, or typed from a page of paper. No error
// repeats what was read.
import { OpsError } from '../base/errors.ts';
import { identityProblem } from '../record/age-key.ts';

/**
 * The identities in the text of a file: one a line, with empty lines and comments (#) between them. `called` is the file.
 * Throws OpsError `damaged`.
 */
export function parseIdentities(text: string, called: string): string[] {
  if (/^-----BEGIN AGE ENCRYPTED FILE|^age-encryption\.org\//.test(text))
    throw new OpsError(
      'damaged',
      `cannot use ${called} as an identity: it is sealed itself, with a passphrase`,
      {
        hint: 'open it first: age -d FILE > /dev/shm/identity (a directory in memory), and remove that afterwards',
      },
    );
  const lines = text.split(/\r?\n/).map((line, index) => ({ line: line.trim(), number: index + 1 }));
  const identities = lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
  if (identities.length === 0)
    throw new OpsError('damaged', `cannot use ${called} as an identity: there is none in it`, {
      hint: whatItIs,
    });
  for (const { line, number } of identities) {
    const problem = identityProblem(line);
    if (problem !== undefined)
      throw new OpsError('damaged', `cannot use ${called} as an identity: its line ${number} ${problem}`, {
        hint: whatItIs,
      });
  }
  return identities.map(({ line }) => line);
}

/** An identity as it was typed: in whatever case, with spaces between its groups. Throws OpsError `damaged`. */
export function parseTypedIdentity(typed: string): string {
  const identity = typed.replace(/\s+/g, '').toUpperCase();
  const problem = identityProblem(identity);
  if (problem === undefined) return identity;
  throw new OpsError('damaged', `cannot use what was typed as an identity: it ${problem}`, {
    hint: whatItIs,
  });
}

const whatItIs =
  'an identity is one line, AGE-SECRET-KEY-1 and 58 characters; it is on the page for the safe that db-backup keygen printed';
