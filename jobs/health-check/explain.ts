// health-check explain: one check, what it asks and how it is judged, how it stands, and what to do about it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import { formatDuration, formatInstant } from '../../lib/base/format.ts';
import { didYouMean } from '../../lib/base/nearest.ts';
import { settingNames } from '../../lib/config/sections/health.ts';
import { allChecks, checksByName } from '../../lib/health/all-checks.ts';
import { type AnyCheck, settled } from '../../lib/health/check.ts';
import { formatValue, limitsWords } from '../../lib/health/limits.ts';
import type { CheckState } from '../../lib/health/reading.ts';
import type { CheckChange } from '../../lib/history/check-rows.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';

interface Explained {
  name: string;
  question: string;
  judged: string;
  asked: string;
  settings: string;
  explainedBy: readonly string[];
  states: CheckState[];
  changes: CheckChange[];
  /** What the runbook says of it. */
  page: string[];
}

const changesShown = 10;
const changesLooked = 5000;
const looksBackMs = 90 * 86_400_000;

export async function run(
  { config, history, clock }: JobContext,
  { check: name }: Options<typeof parameters.explain>,
): Promise<Outcome<Explained>> {
  const check = requireCheck(name);
  const rules = settled(check, config.health.checks[name]);
  const since = new Date(clock.now().getTime() - looksBackMs);
  const result = {
    name,
    question: check.question,
    judged: limitsWords(rules.limits, check.unit, check.worse),
    asked: `${rules.off ? 'never: it is off' : rules.everyMs === 0 ? 'with each run' : `every ${formatDuration(rules.everyMs)}`}; told after ${rules.failures} in a row, over after ${rules.recoveries}`,
    settings: `[health.${name}] ${settingNames(check).join(', ')}; docs/configuration.md`,
    explainedBy: check.causedBy ?? [],
    states: history.checkStates().filter((state) => state.check === name),
    changes: history
      .checkChanges(since, changesLooked)
      .filter((change) => change.check === name)
      .slice(0, changesShown),
    page: await pageOf(name),
  };
  return { result, findings: [] };
}

export function text(explained: Explained, { timeZone }: View): string[] {
  const { name, question, judged, asked, settings, explainedBy, states, changes, page } = explained;
  const { unit = '' } = checksByName.get(name) ?? {};
  return [
    `${name}: ${question}`,
    `  judged: ${judged}`,
    `  asked: ${asked}`,
    `  settings: ${settings}`,
    ...(explainedBy.length === 0
      ? []
      : [`  shown and not told while one of these is bad: ${explainedBy.join(', ')}`]),
    '',
    states.length === 0 ? 'It was not asked yet, or there is nothing here for it to ask.' : 'Now:',
    ...states.map(
      ({ verdict, subject, value, message, since }) =>
        `  ${verdict.toUpperCase()} ${subject}: ${message}${value === undefined ? '' : ` [${formatValue(value, unit)}]`}, since ${formatInstant(since, timeZone)}`,
    ),
    ...(changes.length === 0 ? [] : ['', 'Lately:']),
    ...changes.map(
      ({ at, subject, before, after, message }) =>
        `  ${formatInstant(at, timeZone)} ${subject}: ${before} to ${after}: ${message}`,
    ),
    ...(page.length === 0
      ? []
      : ['', 'What to do (docs/operations.md):', ...page.map((line) => `  ${line}`.trimEnd())]),
  ];
}

/** Throws OpsError `usage` for a name that is none. */
function requireCheck(name: string): AnyCheck {
  const found = checksByName.get(name);
  if (found !== undefined) return found;
  const names = allChecks.map((check) => check.name);
  throw new OpsError(
    'usage',
    `cannot explain ${JSON.stringify(name)}: there is no such check${didYouMean(name, names)}`,
    {
      hint: 'health-check list shows all of them',
    },
  );
}

/** The section of the runbook, without its heading; nothing where the docs are not there. */
async function pageOf(name: string): Promise<string[]> {
  const path = join(import.meta.dirname, '../../docs/operations.md');
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text.split('\n');
  const at = lines.indexOf(`### ${name}`);
  if (at < 0) return [];
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => /^#{1,3} /.test(line));
  return rest
    .slice(0, end < 0 ? undefined : end)
    .join('\n')
    .trim()
    .split('\n');
}
