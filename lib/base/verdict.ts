// What is to be thought of something that was looked at, in the four words of monitoring.

/** `warning` may wait for the morning; `critical` may not. */
export type Severity = 'warning' | 'critical';

/** Of a whole run. `unknown`: it could not be found out. */
export type Verdict = 'ok' | Severity | 'unknown';

const fromBestToWorst: readonly Verdict[] = ['ok', 'warning', 'unknown', 'critical'];

/** The worst of them; `ok` where there is none. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return fromBestToWorst[Math.max(0, ...verdicts.map((verdict) => fromBestToWorst.indexOf(verdict)))] ?? 'ok';
}
