// How the keys of age are written: a public key is `age1…`, an identity (the secret) `AGE-SECRET-KEY-1…`, both in Bech32, whose
// checksum finds a letter that was mistyped. What is said of a text here never repeats it: it may be the secret.

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const checksumCharacters = 6;
const keyBytes = 32;
const keyCharacters = Math.ceil((keyBytes * 8) / 5);

/** Whether a text is, or holds, or is meant to be, the secret key of somebody. */
function holdsSecretKey(text: string): boolean {
  return /AGE-SECRET-KEY|AGE-PLUGIN-|PRIVATE KEY/i.test(text);
}

/** A text in which no secret key stands any more: for what may repeat what somebody wrote. */
export function withoutSecretKeys(text: string): string {
  return text.replace(/(AGE-(?:SECRET-KEY|PLUGIN)-)[0-9A-Z-]+/gi, '$1…');
}

/** What is wrong with a text as a public key, in words that do not repeat it; undefined where nothing is. */
export function publicKeyProblem(text: string): string | undefined {
  if (holdsSecretKey(text))
    return 'is a secret key (identity), which must never lie on this machine: put the public key here, age1…';
  if (/^age1(?:pq|tag|tagpq|yubikey|se)1/.test(text))
    return 'is a key of a kind that is not supported: only X25519 keys are, age1 and 58 characters';
  if (/^ssh-/.test(text)) return 'is a key of SSH; only keys of age are supported, age1…';
  if (!text.startsWith('age1')) return 'is no public key of age, which begins with age1';
  return keyProblem(text, 'age');
}

/** The same of a text as an identity, which is in capitals. */
export function identityProblem(text: string): string | undefined {
  if (/^age1/i.test(text))
    return 'is a public key, which opens nothing: the identity begins with AGE-SECRET-KEY-1';
  if (/^AGE-(?:PLUGIN-|SECRET-KEY-PQ-)/i.test(text))
    return 'is an identity of a kind that is not supported: only X25519 ones are, AGE-SECRET-KEY-1…';
  if (!text.startsWith('AGE-SECRET-KEY-1')) return 'does not begin with AGE-SECRET-KEY-1';
  return keyProblem(text.toLowerCase(), 'age-secret-key-');
}

/** `text` is in lower case. */
function keyProblem(text: string, prefix: string): string | undefined {
  const data = text.slice(prefix.length + 1);
  const expected = keyCharacters + checksumCharacters;
  if (data.length !== expected)
    return `has ${text.length} characters, and a key has ${prefix.length + 1 + expected}`;
  const values = [...data].map((character) => alphabet.indexOf(character));
  if (values.includes(-1)) return 'has a character that no key has';
  if (checksum([...expanded(prefix), ...values]) !== 1) return 'is mistyped: its checksum is wrong';
  // 52 letters of five bits are four bits more than a key has, and those are zero.
  return ((values[keyCharacters - 1] ?? 0) & 0b1111) === 0
    ? undefined
    : 'is no key: bits are set that none has';
}

function expanded(prefix: string): number[] {
  const codes = [...prefix].map((character) => character.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function checksum(values: readonly number[]): number {
  return values.reduce((sum, value) => {
    const shifted = ((sum & 0x1ffffff) << 5) ^ value;
    return generators.reduce(
      (mixed, generator, bit) => (((sum >> 25) >> bit) & 1 ? mixed ^ generator : mixed),
      shifted,
    );
  }, 1);
}
