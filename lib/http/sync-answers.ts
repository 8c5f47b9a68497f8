// What an answer to a replica means: the master's, somebody else's, or none.
import { errorCode, OpsError } from '../base/errors.ts';
import { networkReason } from '../base/network-reason.ts';
import { OtherCertificate } from '../process/tls-connection.ts';

export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly location: string | undefined;
  readonly sizeBytes: number;
}

/** A good answer, or why it is none. */
export function requireGood<Given extends Answered>(master: string, answered: Given): Given {
  const { status, type, location } = answered;
  if (status === 200 && /^application\/(json|x-ndjson)$/.test(type)) return answered;
  if (status === 401 || status === 403)
    throw new OpsError('denied', `cannot pull from ${master}: it does not take our key`, {
      hint: 'give this machine a key that the master knows: delta-serve key makes one there',
    });
  const words =
    status === 200
      ? `what answers there is no master: it sends ${type === '' ? 'no JSON' : type}`
      : location === undefined
        ? `it answers ${status}`
        : `what answers there is no master: it answers ${status} and leads to ${hostIn(location)}`;
  throw away(master, words);
}

/** Why nothing came of it. */
export function troubleOf(master: string, error: unknown): unknown {
  if (error instanceof OpsError || ['ENOSPC', 'EDQUOT', 'EIO'].includes(errorCode(error) ?? '')) return error;
  if (error instanceof OtherCertificate)
    return new OpsError(
      'refused',
      `cannot pull from ${master}: it shows another certificate than the pinned one: sha256:${error.sha256}`,
      { hint: 'see what the master itself says: delta-serve status there; if it is the same, pin it here' },
    );
  const reason = networkReason(error);
  if (/CERT|ALTNAME|SELF_SIGNED|UNABLE_TO/.test(errorCode(error) ?? ''))
    return new OpsError(
      'refused',
      `cannot pull from ${master}: nobody whom this machine trusts vouches for it (${reason})`,
      { hint: 'pin its certificate: delta-pull fingerprint shows it', cause: error },
    );
  return away(master, reason, error);
}

/** The master is out of reach. */
export function away(master: string, words: string, cause?: unknown): OpsError {
  return new OpsError('unavailable', `cannot pull from ${master}: ${words}`, { cause });
}

function hostIn(location: string): string {
  return URL.parse(location)?.host ?? 'another page';
}
