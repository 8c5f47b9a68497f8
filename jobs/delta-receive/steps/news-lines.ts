// The bad news of a command, for people, below what it did.
import type { View } from '../../../lib/run/job.ts';

export function newsLines({ findings }: View): string[] {
  return findings.flatMap(({ subject, severity, message, hint }) => [
    `${severity.toUpperCase()}: ${subject} ${message}`,
    ...(hint === undefined ? [] : [`  hint: ${hint}`]),
  ]);
}
