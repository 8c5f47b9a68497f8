// Words that several commands use.
import type { Finding } from '../../lib/base/finding.ts';
import { formatDuration } from '../../lib/base/format.ts';

/** How long ago, in words: `3 h ago`; `in 2 h` for what lies ahead. */
export function ago(instant: Date, now: Date): string {
  const ms = now.getTime() - instant.getTime();
  return ms >= 0 ? `${formatDuration(ms)} ago` : `in ${formatDuration(-ms)}`;
}

/** A finding as a person reads it below a result. */
export function findingLines({ subject, severity, message, hint }: Finding): string[] {
  const line = `${severity.toUpperCase()}: ${subject}: ${message}`;
  return hint === undefined ? [line] : [line, `  hint: ${hint}`];
}
