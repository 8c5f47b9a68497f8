// health-check doctor: whether Holdfast is installed well, and what mends it. Looks, and changes nothing.
import { resolve } from 'node:path';
import type { Finding } from '../../lib/base/finding.ts';
import { formatRows } from '../../lib/base/table.ts';
import { type Looked, lookAt } from '../../lib/probe/doctor.ts';
import { doctorParts } from '../../lib/probe/doctor-parts.ts';
import { askProgram } from '../../lib/process/abandon.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';

interface Doctored {
  /** What was looked at, also where all is well; what mends it stands in the findings. */
  looked: readonly Omit<Looked, 'hint'>[];
}

export async function run(
  { config, runCommand, signal }: JobContext,
  { root }: Options<typeof parameters.doctor>,
): Promise<Outcome<Doctored>> {
  const looked = await lookAt(
    {
      ...{ config, signal, run: runCommand, ask: askProgram, rootId: 0 },
      root: resolve(root ?? '/'),
      isRunning: root === undefined,
    },
    doctorParts,
  );
  const shown = looked.map(({ subject, verdict, message }) => ({ subject, verdict, message }));
  return { result: { looked: shown }, findings: looked.flatMap(findingOf) };
}

export function text({ looked }: Doctored, view: View): string[] {
  const { findings } = view;
  const rows = looked.map(({ verdict, subject, message }) => [verdict.toUpperCase(), subject, message]);
  let told = 0;
  const lines = formatRows(rows, view).flatMap((row, index) => {
    if (looked[index]?.verdict === 'ok') return row;
    const hint = findings[told++]?.hint;
    return hint === undefined ? row : [...row, `  hint: ${hint}`];
  });
  return [
    ...lines,
    findings.length === 0
      ? `all ${looked.length} are well`
      : `${findings.length} of ${looked.length} are not well; "Is it installed well?" in docs/operations.md`,
  ];
}

/** In the order in which they were looked at, which `text` counts on. */
function findingOf({ subject, verdict, message, hint }: Looked): Finding[] {
  return verdict === 'ok' ? [] : [{ subject, severity: verdict, message, hint }];
}
