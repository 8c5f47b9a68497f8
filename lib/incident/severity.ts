// How urgent the end of a run is. Bad news about data is; that a backup could not be made tonight is a warning, which
// becomes critical when it lasts.
import type { ErrorKind } from '../base/exit-code.ts';
import { severityOfError } from '../base/finding.ts';
import type { Severity } from '../base/verdict.ts';
import type { RunResult } from './observation.ts';

export function severityOf(result: RunResult, kind: ErrorKind | undefined): Severity {
  if (result === 'bad-news') return 'critical';
  return kind === undefined ? 'warning' : severityOfError(kind);
}
