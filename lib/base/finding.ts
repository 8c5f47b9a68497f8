// What an operator should know of one thing: the one shape that jobs, checks, incidents, alerts and reports share.
import type { ErrorKind } from './exit-code.ts';
import { type Severity, type Verdict, worst } from './verdict.ts';

/** One piece of bad news, as data: nothing is ever read back out of its words. */
export interface Finding {
  /** What it is about: an app's name, `store`, a channel. */
  readonly subject: string;
  readonly severity: Severity | 'unknown';
  /** One sentence that can stand alone beside the subject. */
  readonly message: string;
  /** The command or key that helps. */
  readonly hint?: string | undefined;
  /** Where an error is the reason, its kind. */
  readonly kind?: ErrorKind | undefined;
}

/** The worst of the findings; `ok` where there is none. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  return worst(findings.map(({ severity }) => severity));
}

/** How urgent it is that something could not go on: what is damaged or gone is about data, the rest may pass. */
export function severityOfError(kind: ErrorKind): Severity {
  return kind === 'damaged' || kind === 'missing' ? 'critical' : 'warning';
}

/** The first of the sentences, and how many more there are: what fits into one finding. */
export function firstOf(sentences: readonly string[], otherwise: string): string {
  const [first = otherwise, ...others] = sentences;
  return others.length === 0 ? first : `${first} (and ${others.length} more)`;
}
