// `[encryption]`: public keys, and never a secret one; whatever is wrong, no secret is repeated.
import { expect, test } from 'vitest';
import { OpsError } from '../../../../lib/base/errors.ts';
import { parseConfigFile } from '../../../../lib/config/parse.ts';
import { makeIdentity } from '../../../../lib/seal/age.ts';

const { identity, recipient } = await makeIdentity();
const other = await makeIdentity();
const app = '[apps.ctv]\ndatabase = "/srv/ctv.db"\n';
const given = (recipients: string) => `[encryption]\nrecipients = ${recipients}\n${app}`;

test('takes public keys', () => {
  const file = parseConfigFile(given(`["${recipient}", "${other.recipient}"]`), 'holdfast.toml');
  expect(file.encryption).toEqual({ recipients: [recipient, other.recipient] });
});

test.each([
  ['no key', given('[]'), 'encryption.recipients: must name at least one public key'],
  ['a text', given(`"${recipient}"`), 'encryption.recipients: expected array'],
  ['a key twice', given(`["${recipient}", "${recipient}"]`), 'must not name a public key twice'],
  ['a cut key', given(`["${recipient.slice(0, -1)}"]`), 'encryption.recipients.0: has 61 characters'],
  ['the secret', given(`["${recipient}", "${identity}"]`), 'encryption.recipients.1: is a secret key'],
  ['the secret in small letters', given(`["${identity.toLowerCase()}"]`), 'is a secret key'],
  ['the secret with a line end', given(`["""\n${identity}\n"""]`), 'must not hold control characters'],
  ['the secret without quotes', given(`[${identity}]`), 'cannot use holdfast.toml: line 2'],
  ['the secret as a key', `[encryption]\n${identity} = 1\n${app}`, 'unknown key'],
  ['the secret elsewhere', `time_zone = "${identity}"\n${app}`, 'time_zone'],
  ['the secret as an app', `[apps."${identity} "]\ndatabase = "/srv/ctv.db"\n`, 'apps.'],
])('refuses %s', (_what, text, problem) => {
  const read = () => parseConfigFile(text, 'holdfast.toml');
  expect(read).toThrow(OpsError);
  expect(read).toThrow(problem);
  try {
    read();
  } catch (error) {
    const shown = `${(error as OpsError).message} ${(error as OpsError).hint ?? ''}`.toLowerCase();
    expect(shown).not.toContain(identity.slice(16, 30).toLowerCase());
  }
});
