// Looks at the installation: whether it is as it was made and as it should be. Changes nothing. Every part says of each thing how
// it is, also where all is well, and what one of them cannot see is `unknown` and takes nothing from the rest.
import { OpsError } from '../base/errors.ts';
import type { CommandRunner } from '../base/command.ts';
import type { Verdict } from '../base/verdict.ts';
import type { Config } from '../config/config.ts';
import type { askProgram } from '../process/abandon.ts';

/** Where a doctor looks. */
export interface DoctorContext {
  readonly config: Config;
  readonly run: CommandRunner;
  /** Looks at paths that may lie on a dead mount. */
  readonly ask: typeof askProgram;
  readonly signal: AbortSignal;
  /** `/`, or the tree of another system. */
  readonly root: string;
  /** Whether that system is the one that runs here, and can be asked. */
  readonly isRunning: boolean;
  /** The number of the user who is root there: 0, but in a tree that somebody else made. */
  readonly rootId: number;
}

/** One thing that was looked at. */
export interface Looked {
  readonly subject: string;
  readonly verdict: Verdict;
  /** One sentence that stands alone beside the subject. */
  readonly message: string;
  /** The command that mends it. */
  readonly hint?: string | undefined;
}

export type Part = (context: DoctorContext) => Promise<readonly Looked[]>;

/** What parts say, in their order. An OpsError of one is what could not be found out; everything else thrown is a bug. */
export async function lookAt(
  context: DoctorContext,
  parts: readonly (readonly [subject: string, part: Part])[],
): Promise<Looked[]> {
  const looked: Looked[] = [];
  for (const [subject, part] of parts) {
    context.signal.throwIfAborted();
    looked.push(...(await part(context).catch((error: unknown) => [unknownOf(subject, error)])));
  }
  return looked;
}

/** What could not be found out, and how it could be: where rights are missing, as root. Throws what is no OpsError. */
export function unknownOf(subject: string, error: unknown): Looked {
  if (!(error instanceof OpsError)) throw error;
  const hint = error.kind === 'denied' ? asRoot : error.hint;
  return { subject, verdict: 'unknown', message: error.message, hint };
}

export const asRoot = 'only root may see it: sudo health-check doctor';

export function well(subject: string, message: string): Looked {
  return { subject, verdict: 'ok', message };
}

export function amiss(subject: string, message: string, help: string): Looked {
  return { subject, verdict: 'warning', message, hint: help };
}
