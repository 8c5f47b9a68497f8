// That a backup cannot be put together, with the one that is to blame: it may be another than the one that was asked for.
import { OpsError } from '../base/errors.ts';

/** OpsError `damaged`: the objects of `backup` are not what its manifest says. */
export class BadBackup extends OpsError {
  /** Its name in the store: what was asked for, or something that it is based on. */
  readonly backup: string;

  constructor(backup: string, message: string, details?: { hint?: string; cause?: unknown }) {
    super('damaged', message, details);
    this.backup = backup;
  }
}
