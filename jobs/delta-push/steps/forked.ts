// Somebody else sends under our name, or this machine was copied or put back whole: only a person can tell which.
import { OpsError } from '../../../lib/base/errors.ts';
import type { SourceState } from '../../../lib/delta/agreement.ts';

export class Forked extends OpsError {
  constructor({ source }: SourceState) {
    super(
      'refused',
      `cannot push as ${source}: somebody else has pushed under this name since this machine did: it was copied, or put back whole`,
      {
        hint: 'stop the other machine; then run delta-push takeover here, and everything is compared and sent anew',
      },
    );
  }
}
