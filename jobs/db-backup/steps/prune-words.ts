// What a person reads of pruning, done or planned: what goes, what stays and why, and the total last. All rules are in --json.
import type { RetentionPolicy } from '../../../lib/backup/retention.ts';
import { formatBytes, formatCount } from '../../../lib/base/format.ts';
import { formatTable } from '../../../lib/base/table.ts';
import type { View } from '../../../lib/run/job.ts';
import { keptCount, pruneLines, type PruneReport } from './prune.ts';

/** Whether it was carried out, or would be: a dry run says the same of what is not so yet. */
export type Tense = 'done' | 'would';

const verbs = { done: 'removed', would: 'would remove' };

/** A line for each backup, newest first, and the total. */
export function pruneTable(report: PruneReport, app: string, tense: Tense, view: View): string[] {
  const { decisions, removed, policy } = report;
  const rows = decisions.map(({ name, keep, storedBytes, reasons }) => [
    `  ${keep ? 'keep' : verbs[tense]}`,
    name,
    formatBytes(storedBytes),
    keep ? reasons.join('; ') : whyGone(reasons),
  ]);
  const worthless = removed.filter((name) => !decisions.some((one) => one.name === name));
  return [
    `${app}: keeps ${policyWords(policy)}`,
    ...formatTable(
      [
        ...rows,
        ...worthless.map((name) => [`  ${verbs[tense]}`, name, '', 'what it needs is gone or damaged']),
      ],
      view,
    ),
    ...pruneLines(report).map((line) => `  ${line}`),
    `${app}: ${pruneTotal(report, tense)}`,
  ];
}

/** `removed 2 backups, 2.8 GB are free again; 12 backups kept`; never that something was pruned where nothing was. */
function pruneTotal(report: PruneReport, tense: Tense): string {
  const { refused, removed, freedBytes } = report;
  const kept = keptCount(report);
  if (refused !== undefined)
    return `nothing ${tense === 'done' ? 'was' : 'would be'} pruned: ${refused}; ${kept} kept`;
  if (removed.length === 0) return `nothing to prune: ${kept}, all kept`;
  const free = tense === 'done' ? 'are free again' : 'would be free again';
  return `${verbs[tense]} ${formatCount(removed.length, 'backup')}, ${formatBytes(freedBytes)} ${free}; ${kept} kept`;
}

/** The same for a run that has more to say: which went, what is bad about what is there, and the total. */
export function pruneSummary(report: PruneReport, tense: Tense): string[] {
  const names = report.removed.join(', ');
  return [
    ...(names === '' ? [] : [`${tense === 'done' ? 'removed' : 'would then remove'} ${names}`]),
    ...pruneLines(report),
    pruneTotal(report, tense),
  ];
}

/** `last 7, daily 7, weekly 4, monthly 12`: what a policy keeps, in the words of the configuration. */
export function policyWords(policy: RetentionPolicy): string {
  const rules = Object.entries(policy).filter(([, count]) => count > 0);
  return rules.length === 0 ? 'nothing' : rules.map(([rule, count]) => `${rule} ${count}`).join(', ');
}

/** That no rule keeps it is all there is to say of most. */
function whyGone(reasons: readonly string[]): string {
  const [only] = reasons;
  return reasons.length === 1 && only !== undefined ? only : 'no rule keeps it';
}
