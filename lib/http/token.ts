// Tokens that stand for a key for a day: signed by a secret that only the master has; nothing is kept of those that were given.
import { jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../base/clock.ts';

interface Token {
  readonly text: string;
  readonly expiresAt: Date;
}

export interface Tokens {
  /** For whoever showed a key with this SHA-256. */
  give(keyHash: string): Promise<Token>;
  /** The SHA-256 of the key that it stands for; undefined for a token that is none, is too old, or was given by another. */
  keyHashOf(text: string): Promise<string | undefined>;
}

export const tokenSeconds = 24 * 3600;

const algorithm = 'HS256';
const charactersMax = 2000;

/** `secret` has 32 random bytes. `audience` is what the tokens are for: those of another app are none here. */
export function createTokens(secret: Uint8Array, audience: string, clock: Clock): Tokens {
  return {
    async give(keyHash) {
      const seconds = Math.floor(clock.now().getTime() / 1000);
      const text = await new SignJWT()
        .setProtectedHeader({ alg: algorithm })
        .setSubject(keyHash)
        .setAudience(audience)
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + tokenSeconds)
        .sign(secret);
      return { text, expiresAt: new Date((seconds + tokenSeconds) * 1000) };
    },
    async keyHashOf(text) {
      if (text.length > charactersMax) return undefined;
      try {
        const options = { audience, algorithms: [algorithm], currentDate: clock.now(), clockTolerance: 0 };
        const { payload } = await jwtVerify(text, secret, {
          ...options,
          requiredClaims: ['exp', 'iat', 'sub'],
        });
        return payload.sub;
      } catch {
        return undefined;
      }
    },
  };
}
