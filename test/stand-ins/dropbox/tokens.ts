// Access tokens, refresh tokens and authorization codes; all survive a restart.
import { createHash, randomBytes } from 'node:crypto';
import type { DurableMap, DurableState } from './durable.ts';
import type { VirtualClock } from './virtual-clock.ts';

export const accessTokenSeconds = 14400;
const codeSeconds = 600;

export const allScopes = [
  'account_info.read',
  'files.metadata.read',
  'files.content.read',
  'files.content.write',
] as const;

export interface AccessToken {
  token: string;
  expiresAt: number;
  scopes: readonly string[];
  refreshToken?: string | undefined;
  revoked: boolean;
  /** When a client was told that it is expired. */
  expiryAnnouncedAt?: number;
}

export interface RefreshToken {
  token: string;
  scopes: readonly string[];
  revoked: boolean;
}

/** A code that a person would copy from the page to the terminal. */
export interface AuthorizationCode {
  code: string;
  expiresAt: number;
  scopes: readonly string[];
  challenge?: string | undefined;
  challengeMethod: 'S256' | 'plain';
  offline: boolean;
  redirectUri?: string | undefined;
  used: boolean;
}

export class Tokens {
  readonly access: DurableMap<AccessToken>;
  readonly refresh: DurableMap<RefreshToken>;
  readonly codes: DurableMap<AuthorizationCode>;
  private readonly clock: VirtualClock;

  constructor(state: DurableState, clock: VirtualClock) {
    this.access = state.map<AccessToken>('access-token');
    this.refresh = state.map<RefreshToken>('refresh-token');
    this.codes = state.map<AuthorizationCode>('code');
    this.clock = clock;
  }

  newAccess(options: {
    scopes: readonly string[];
    expiresInSeconds?: number;
    refreshToken?: string;
  }): AccessToken {
    const access: AccessToken = {
      token: `sl.${randomBytes(96).toString('base64url')}`,
      expiresAt: this.clock.now() + (options.expiresInSeconds ?? accessTokenSeconds) * 1000,
      scopes: options.scopes,
      refreshToken: options.refreshToken,
      revoked: false,
    };
    this.access.set(access.token, access);
    return access;
  }

  newRefresh(scopes: readonly string[]): RefreshToken {
    const token = randomBytes(48).toString('base64url');
    const refresh = { token, scopes, revoked: false };
    this.refresh.set(token, refresh);
    return refresh;
  }

  newCode(options: Omit<AuthorizationCode, 'code' | 'expiresAt' | 'used'>): AuthorizationCode {
    const code = randomBytes(32).toString('base64url').slice(0, 43);
    const made = { ...options, code, expiresAt: this.clock.now() + codeSeconds * 1000, used: false };
    this.codes.set(code, made);
    return made;
  }

  expireAll(): void {
    for (const access of this.access.values()) {
      this.access.set(access.token, { ...access, expiresAt: this.clock.now() - 1 });
    }
  }

  revokeAllAccess(): void {
    for (const access of this.access.values()) this.access.set(access.token, { ...access, revoked: true });
  }

  revokeAllRefresh(): void {
    for (const refresh of this.refresh.values())
      this.refresh.set(refresh.token, { ...refresh, revoked: true });
  }
}

/** PKCE: the verifier that belongs to the challenge. */
export function matchesChallenge(code: AuthorizationCode, verifier: string): boolean {
  if (code.challengeMethod === 'plain') return verifier === code.challenge;
  return createHash('sha256').update(verifier).digest('base64url') === code.challenge;
}
