// Sealing in the format of age (https://age-encryption.org/v1), which `age -d` opens. The header, in which the key of a file is
// wrapped for its recipients, is the library's; the payload is made here.
import { randomBytes } from 'node:crypto';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { errorMessage, OpsError } from '../base/errors.ts';
import { convertFile } from './convert-file.ts';
import { type Conversion, opening, payloadNonceBytes, sealing } from './payload.ts';
import type { Opening, Seal } from './seal.ts';

/** Every recipient has some hundred bytes in a header. */
const headerBytesMax = 256 * 1024;
/** What the library ends with where no identity fits; anything else means that the header is not whole. */
const noneFits = 'no identity matched';

/** An identity (the secret), and the public key that seals for it. */
export interface KeyPair {
  identity: string;
  recipient: string;
}

export async function makeIdentity(): Promise<KeyPair> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** The public key of an identity, which `identityProblem` has nothing against. */
export async function recipientOf(identity: string): Promise<string> {
  return identityToRecipient(identity);
}

/** Seals for public keys, which `publicKeyProblem` has nothing against. */
export function sealTo(recipients: readonly string[]): Seal {
  return {
    recipients: [...recipients],
    async sealFile(from, target, options = {}) {
      const { header, payload } = await beginSealing(recipients);
      let begin = header;
      const push = (block: Uint8Array) => {
        const sealed = payload.push(block);
        if (begin.length === 0) return sealed;
        const first = Buffer.concat([begin, sealed]);
        begin = Buffer.alloc(0);
        return first;
      };
      return convertFile(from, target, { push, end: () => Buffer.concat([begin, payload.end()]) }, options);
    },
    async sealText(text) {
      const { header, payload } = await beginSealing(recipients);
      return Buffer.concat([header, payload.push(Buffer.from(text)), payload.end()]);
    },
  };
}

/** Opens with identities, which `identityProblem` has nothing against. */
export async function openWith(identities: readonly string[]): Promise<Opening> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  return {
    recipients: await Promise.all(identities.map(recipientOf)),
    openFile: async (from, target, options = {}) =>
      convertFile(from, target, openingOf(decrypter, from), options),
    async openText(sealed, bytesMax) {
      const what = 'a sealed text';
      const { push, end } = openingOf(decrypter, what);
      if (sealed.length > bytesMax + headerBytesMax) throw damaged(what, 'it is longer than any is');
      const bytes = Buffer.concat([await push(sealed), end()]);
      if (bytes.length > bytesMax) throw damaged(what, 'it is longer than any is');
      return bytes.toString('utf8');
    },
  };
}

/** Header and nonce, and what seals the bytes that follow. */
async function beginSealing(recipients: readonly string[]): Promise<{ header: Buffer; payload: Conversion }> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  let fileKey: Uint8Array | undefined;
  encrypter.addRecipient({
    wrapFileKey(key) {
      fileKey = key;
      return []; // nothing of it in the header
    },
  });
  const ofNothing = await encrypter.encrypt(new Uint8Array());
  if (fileKey === undefined) throw new Error('age-encryption made a header without a key');
  // Its payload, of no byte, is left out. Ours has a nonce of its own, so that no key seals two things.
  const header = headerOf(Buffer.from(ofNothing));
  if (header === undefined) throw new Error('age-encryption made a header that has no end');
  const nonce = randomBytes(payloadNonceBytes);
  return { header: Buffer.concat([header, nonce]), payload: sealing(fileKey, nonce) };
}

/** Reads the header first, whatever the pieces in which it comes. */
function openingOf(decrypter: Decrypter, what: string) {
  let begin = Buffer.alloc(0);
  let payload: Conversion | undefined;
  const beginOpening = async (): Promise<Buffer> => {
    const header = headerOf(begin);
    if (header === undefined || begin.length < header.length + payloadNonceBytes) {
      if (begin.length > headerBytesMax) throw damaged(what, 'it does not begin as a sealed file does');
      return Buffer.alloc(0);
    }
    const nonce = begin.subarray(header.length, header.length + payloadNonceBytes);
    payload = opening(await fileKeyOf(decrypter, header, what), nonce);
    return attempt(payload, what, (it) => it.push(begin.subarray(header.length + payloadNonceBytes)));
  };
  return {
    async push(block: Uint8Array): Promise<Buffer> {
      if (payload !== undefined) return attempt(payload, what, (it) => it.push(block));
      begin = Buffer.concat([begin, block]);
      return beginOpening();
    },
    end(): Buffer {
      if (payload === undefined) throw damaged(what, 'it is no sealed file, or only the beginning of one');
      return attempt(payload, what, (it) => it.end());
    },
  };
}

async function fileKeyOf(decrypter: Decrypter, header: Buffer, what: string): Promise<Uint8Array> {
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    if (!errorMessage(error).startsWith(noneFits))
      throw damaged(what, 'its header was altered, or is not one that age makes');
    throw new OpsError('denied', `cannot open ${what}: it is sealed for other recipients than this identity`);
  }
}

function attempt(payload: Conversion, what: string, work: (payload: Conversion) => Buffer): Buffer {
  try {
    return work(payload);
  } catch {
    throw damaged(what, 'it was altered, or is not whole');
  }
}

function damaged(what: string, cause: string): OpsError {
  return new OpsError('damaged', `cannot open ${what}: ${cause}`);
}

/** The lines of a header end with the one of its authentication code, which alone begins so. */
function headerOf(bytes: Buffer): Buffer | undefined {
  const last = bytes.indexOf('\n--- ');
  const end = last < 0 ? -1 : bytes.indexOf('\n', last + 1);
  return end < 0 ? undefined : bytes.subarray(0, end + 1);
}
