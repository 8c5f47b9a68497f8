// health-check list: every check there is, what it asks, and from where on the answer is bad.
import { formatTable } from '../../lib/base/table.ts';
import { allChecks } from '../../lib/health/all-checks.ts';
import { type Limits, settled } from '../../lib/health/check.ts';
import { limitsWords } from '../../lib/health/limits.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';

interface Listed {
  checks: ListedCheck[];
}

interface ListedCheck {
  name: string;
  question: string;
  unit: string;
  worse: 'above' | 'below' | 'none';
  limits: Limits;
  /** Those of the check itself, where the configuration has others. */
  usualLimits: Limits;
  everyMs: number;
  failures: number;
  recoveries: number;
  off: boolean;
  /** Where the runbook says what to do. */
  page: string;
}

export async function run({ config }: JobContext): Promise<Outcome<Listed>> {
  const checks = allChecks.map((check) => {
    const { name, question, unit, worse, limits: usualLimits } = check;
    const { limits, everyMs, failures, recoveries, off } = settled(check, config.health.checks[name]);
    const page = `docs/operations.md#${name}`;
    return { name, question, unit, worse, limits, usualLimits, everyMs, failures, recoveries, off, page };
  });
  return { result: { checks }, findings: [] };
}

export function text({ checks }: Listed, view: View): string[] {
  return [
    ...formatTable(
      checks.map(({ name, question, limits, unit, worse, off }) => [
        name,
        question,
        off ? 'off' : limitsWords(limits, unit as Parameters<typeof limitsWords>[1], worse),
      ]),
      view,
    ),
    'what one means, and what to do: health-check explain NAME',
  ];
}
