// A restore that is planned, in words: printed by `restore plan`, and shown before the question.
import { formatBytes, formatInstant } from '../../../lib/base/format.ts';
import { processWords } from '../../../lib/placement/holder-words.ts';
import { shellWord } from '../../../lib/base/shell-word.ts';
import type { View } from '../../../lib/run/job.ts';
import { chainLines } from '../../steps/needed-backups.ts';
import { ago } from '../../steps/words.ts';
import type { RestorePlan } from './restore-plan.ts';
import { stakesLines } from './stakes.ts';

/** Line by line, without the name of the app. */
export function planLines(plan: RestorePlan, { now, timeZone }: View): string[] {
  const { backup, target, currentBytes, neededBytes, freeBytes, services, stakes, obstacles } = plan;
  const { name, state, sizeBytes, takenAt } = backup;
  const isThere = currentBytes !== undefined;
  const free = freeBytes === undefined ? '' : `, ${formatBytes(freeBytes)} are free`;
  return [
    `backup    ${name} (${state}), ${formatBytes(sizeBytes)}, of ${formatInstant(takenAt, timeZone)}, ${ago(takenAt, now)}`,
    ...(backup.note === undefined ? [] : [`note      ${backup.note}`]),
    ...chainLines(backup, { timeZone }),
    ...(plan.asOf === undefined ? [] : [`as of     ${plan.asOf.said}`]),
    `goes to   ${target}${isThere ? '' : ' (nothing is there now)'}`,
    `space     ${formatBytes(neededBytes)} needed${free}`,
    ...(stakes === undefined
      ? []
      : [
          ...stakesLines(stakes),
          `compare   which rows differ: restore diff ${shellWord(name)} --app ${plan.app}`,
        ]),
    ...(services !== undefined && isThere
      ? [
          `moves     the database of now (${formatBytes(currentBytes)}) aside as an undo set, with all that was written since`,
        ]
      : []),
    ...(services === undefined
      ? []
      : [`services  ${plan.stopsServices ? services : 'none are configured: stop the app yourself first'}`]),
    ...(plan.stopsServices ? (plan.holders ?? []) : []).map(
      (holder) => `open in   ${processWords(holder)}, until it is stopped`,
    ),
    ...(plan.connected === undefined ? [] : [`open      ${plan.connected}, until they are ended`]),
    ...(plan.interrupted ?? []).map((sentence) => `note      ${sentence}`),
    ...obstacles.map((obstacle) => `OBSTACLE  ${obstacle}`),
  ];
}
