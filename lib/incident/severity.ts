// How urgent the end of a run is. Bad news about data is; that a backup could not be made tonight is a warning, which
// becomes critical when it lasts.
import type { ErrorKind } from '../base/exit-code.ts';
import type { RunResult, Severity } from './observation.ts';

export function severityOf(result: RunResult, kind: ErrorKind | undefined): Severity {
  const isAboutData = result === 'bad-news' || kind === 'damaged' || kind === 'missing';
  return isAboutData ? 'critical' : 'warning';
}
