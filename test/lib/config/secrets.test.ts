// Secrets: from which of the places, with which rights, and never in a message.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSecret } from '../../../lib/config/secrets.ts';
import { scratch } from '../../support/scratch.ts';

const secret = 'secret-token-123';

/** Every place at once; a test takes away what it does not want. */
function places() {
  const directory = scratch();
  const [credentials, file, there] = ['credentials', 'file', 'there'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  mkdirSync(credentials);
  writeFileSync(join(credentials, 'the-token'), 'from-systemd\n', { mode: 0o444 });
  writeFileSync(file, 'from-the-file\n', { mode: 0o600 });
  writeFileSync(there, 'from-the-file-that-may-be-there\n', { mode: 0o600 });
  const environment = { CREDENTIALS_DIRECTORY: credentials, THE_TOKEN: 'from-the-environment' };
  return { environment, credential: 'the-token', file, fileIfThere: there, variable: 'THE_TOKEN' };
}

describe('a secret is taken', () => {
  test("from systemd's credentials first", () => {
    expect(readSecret(places())).toBe('from-systemd');
  });

  test('and from nowhere else where the unit was given a blank one for it: the file was gone', () => {
    const given = places();
    writeFileSync(join(given.environment.CREDENTIALS_DIRECTORY, 'the-token'), ' ');
    expect(() => readSecret(given)).toThrow(
      expect.objectContaining({
        kind: 'missing',
        message: `cannot read the secret in ${given.file}: it was gone or empty when this unit was started`,
      }),
    );
  });

  test('then from the file that was named', () => {
    const given = places();
    expect(readSecret({ ...given, credential: 'another' })).toBe('from-the-file');
  });

  test('then from the file that may be there', () => {
    const given = places();
    expect(readSecret({ ...given, credential: 'another', file: undefined })).toBe(
      'from-the-file-that-may-be-there',
    );
  });

  test('then from the environment', () => {
    const given = places();
    expect(readSecret({ ...given, credential: 'another', file: undefined, fileIfThere: '/nowhere' })).toBe(
      'from-the-environment',
    );
  });

  test.each([[undefined], [''], ['  \n']])('from nowhere when the variable is %j', (value) => {
    const environment = { THE_TOKEN: value };
    expect(readSecret({ environment, credential: 'x', variable: 'THE_TOKEN' })).toBeUndefined();
  });
});

describe('a file', () => {
  test.each([0o644, 0o640, 0o604, 0o660, 0o610, 0o601])('that others may use is refused: mode %o', (mode) => {
    const given = { ...places(), credential: 'another' };
    chmodSync(given.file, mode);
    expect(() => readSecret(given)).toThrow(
      expect.objectContaining({ kind: 'denied', hint: `chmod 600 ${given.file}` }),
    );
    expect(() => readSecret({ ...given, file: undefined, fileIfThere: given.file })).toThrow(
      /others may read it/,
    );
  });

  test.each([0o600, 0o400, 0o700])('of its owner alone is taken: mode %o', (mode) => {
    const given = { ...places(), credential: 'another' };
    chmodSync(given.file, mode);
    expect(readSecret(given)).toBe('from-the-file');
  });

  test('that was named and is not there is missing, whatever the environment has', () => {
    const given = { ...places(), credential: 'another', file: '/nowhere/token' };
    expect(() => readSecret(given)).toThrow(expect.objectContaining({ kind: 'missing' }));
  });
});

describe('what can be no secret is refused without being told', () => {
  test.each([
    ['two lines', `${secret}\nmore`],
    ['a space', `${secret} ${secret}`],
    ['letters beyond ASCII', `${secret}ä`],
    ['control characters', `${secret}\u0007`],
    ['too much', secret.repeat(500)],
  ])('%s', (_, value) => {
    const given = { ...places(), credential: 'another' };
    writeFileSync(given.file, value);
    for (const from of [given, { credential: 'x', variable: 'V', environment: { V: value } }]) {
      let thrown: unknown;
      try {
        readSecret(from);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ kind: 'config' });
      expect(JSON.stringify(thrown) + String(thrown)).not.toContain(secret);
    }
  });

  test('an empty file', () => {
    const given = { ...places(), credential: 'another' };
    writeFileSync(given.file, '\n');
    expect(() => readSecret(given)).toThrow(expect.objectContaining({ kind: 'config' }));
  });
});
