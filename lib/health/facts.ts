// Shapes that the facts of several checks have.
import type { ErrorKind } from '../base/exit-code.ts';

/** Why something could not be done, where that is the answer and no reason to give up. */
export interface OpsErrorFacts {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly hint: string | undefined;
}
