// Trouble with the other side as the reason why a command that a person typed cannot go on.
import { errorMessage, OpsError } from '../../../lib/base/errors.ts';
import type { ErrorKind } from '../../../lib/base/exit-code.ts';
import { PeerTrouble, type TroubleKind } from '../../../lib/delta/peer.ts';
import { ProtocolRefusal } from '../../../lib/delta/refusal.ts';

const kinds: Record<TroubleKind, ErrorKind> = {
  unreachable: 'unavailable',
  timeout: 'unavailable',
  busy: 'unavailable',
  failed: 'unavailable',
  'too-large': 'refused',
  denied: 'denied',
  certificate: 'denied',
};

/** The same error as an OpsError `cannot <act>: <why>`, where it is trouble with the receiver at `to`; else as it is. */
export function asOpsError(error: unknown, act: string, to: URL): unknown {
  if (!(error instanceof PeerTrouble) && !(error instanceof ProtocolRefusal)) return error;
  const kind = error instanceof PeerTrouble ? kinds[error.kind] : 'refused';
  return new OpsError(kind, `cannot ${act} at ${to.host}: ${errorMessage(error)}`, {
    hint: 'delta-push status shows what is known of it; docs/operations.md has what helps',
    cause: error,
  });
}
