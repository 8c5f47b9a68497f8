// Linking a machine without a browser: a person opens an address anywhere, allows access, and types the code here.
// OAuth 2 with PKCE (RFC 7636), so that no app secret is needed, and without a redirect, so that no browser is.
import { createHash, randomBytes } from 'node:crypto';
import { OpsError } from '../../base/errors.ts';
import { endpointAt } from './endpoint.ts';
import { explainFailure } from './explain.ts';
import { requestToken } from './tokens.ts';
import { noTraffic, Transport } from './transport.ts';

/** What a store of backups needs, and nothing more. */
const scopes = ['account_info.read', 'files.metadata.read', 'files.content.read', 'files.content.write'];

export interface LinkOptions {
  appKey: string;
  origin: string | undefined;
  timeoutMs: number;
  signal: AbortSignal;
}

/** A link that was begun. */
export interface Link {
  /** Where a person allows access; shows them a code. */
  url: string;
  /** Trades the code for a refresh token. Throws OpsError `denied` when it is not one, or not one for this link. */
  finish(code: string): Promise<{ refreshToken: string; missingScopes: string[] }>;
}

/** Begins a link; the verifier that proves the code was meant for us stays in memory. */
export function beginLink({ appKey, origin, timeoutMs, signal }: LinkOptions): Link {
  const verifier = randomBytes(64).toString('base64url');
  const endpoint = endpointAt(origin);
  const query = new URLSearchParams({
    client_id: appKey,
    response_type: 'code',
    token_access_type: 'offline',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    scope: scopes.join(' '),
  });
  const pace = () => Promise.resolve();
  const transport = new Transport({ endpoint, timeoutMs, pace, traffic: noTraffic() });
  return {
    url: `${endpoint.web}/oauth2/authorize?${query.toString().replaceAll('+', '%20')}`,
    async finish(code) {
      const form = { grant_type: 'authorization_code', code, client_id: appKey, code_verifier: verifier };
      const { refreshToken, scope } = await requestToken(transport, form, signal).catch(
        async (error: unknown) => {
          throw await explainFailure('link with Dropbox', error, () =>
            Promise.reject(new Error('not linked')),
          );
        },
      );
      if (refreshToken === undefined) {
        throw new OpsError('denied', 'cannot link with Dropbox: it gave a token that ends in four hours', {
          hint: 'begin anew: db-backup link',
        });
      }
      const granted = scope?.split(' ');
      return {
        refreshToken,
        missingScopes: granted === undefined ? [] : scopes.filter((one) => !granted.includes(one)),
      };
    },
  };
}
