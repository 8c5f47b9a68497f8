// How an answer proves that it comes from who knows our key, and answers this very question: whoever sits in between, a
// login page for example, can neither make one nor use one again.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Of a question: 32 hex digits, never the same twice. */
export const challengeHeader = 'x-holdfast-challenge';
/** Of its answer: 64 hex digits. */
export const answerHeader = 'x-holdfast-answer';

/** What a receiver keeps of a key: it cannot be used as one. */
export function hashOfKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

export interface Answer {
  readonly challenge: string;
  readonly status: number;
  readonly body: string | Uint8Array;
}

/** The proof of an answer, by who knows the hash of the key. */
export function proofOf(keyHash: string, { challenge, status, body }: Answer): string {
  return createHmac('sha256', keyHash).update(`${challenge}\n${status}\n`).update(body).digest('hex');
}

export function isProof(given: string, keyHash: string, answer: Answer): boolean {
  return isSameText(given, proofOf(keyHash, answer));
}

/** Whether both are the same, in a time that says nothing of where they differ. */
function isSameText(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
