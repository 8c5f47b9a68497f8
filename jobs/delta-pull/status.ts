// delta-pull status: how old each replica is, and what keeps it from being younger.
import type { Finding } from '../../lib/base/finding.ts';
import { formatDuration, formatInstant } from '../../lib/base/format.ts';
import type { PullConfig } from '../../lib/config/pull-config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type * as parameters from './parameters.ts';
import { findingLines } from '../steps/words.ts';
import { chosenPull } from './steps/chosen-pull.ts';
import { pullNotes, secondsBetween, type SyncStatus } from './steps/pull-status.ts';

interface PullStatus {
  pull: string;
  replica: string;
  /** Undefined where no service has run since the machine was started. */
  status: SyncStatus | undefined;
}

export async function run(
  { config, clock }: JobContext,
  { pull: name }: Options<typeof parameters.status>,
): Promise<Outcome<{ pulls: PullStatus[] }>> {
  const chosen = name === undefined && config.pulls.length > 1 ? config.pulls : [chosenPull(config, name)];
  const pulls: PullStatus[] = [];
  const findings: Finding[] = [];
  for (const pull of chosen) {
    const left = await pullNotes(config.runDirectory, pull.name).readStatus();
    const status = left && { ...left, age: ageOf(left, clock.now()) };
    pulls.push({ pull: pull.name, replica: pull.replica, status });
    const finding = judge(pull, status);
    if (finding !== undefined) findings.push(finding);
  }
  return { result: { pulls }, findings };
}

function ageOf({ last_sync_time: last }: SyncStatus, now: Date): number | null {
  return last === null ? null : secondsBetween(new Date(last), now);
}

function judge({ name, ageMaxMs }: PullConfig, status: SyncStatus | undefined): Finding | undefined {
  const bad = (message: string, hint: string): Finding => ({
    subject: name,
    severity: 'warning',
    message,
    hint,
  });
  if (status === undefined) return bad('no service keeps this replica', `systemctl start delta-pull@${name}`);
  if (status.age !== null && status.age * 1000 <= ageMaxMs) return undefined;
  const age =
    status.age === null ? 'it was never as the master is' : `it is ${formatDuration(status.age * 1000)} old`;
  const why = status.error ?? (status.running ? undefined : 'its service has stopped');
  return bad(why === undefined ? age : `${age}: ${why}`, `systemctl status delta-pull@${name}`);
}

export function text({ pulls }: { pulls: PullStatus[] }, { timeZone, findings }: View): string[] {
  const lines = pulls.flatMap(({ pull, replica, status }) => {
    if (status === undefined) return [`${pull}: ${replica}`];
    const at = (time: string | null) => (time === null ? 'never' : formatInstant(new Date(time), timeZone));
    return [
      `${pull}: ${replica}, from ${status.master}`,
      `  as the master was  ${at(status.last_sync_time)}`,
      `  last change        ${at(status.last_change_time)}`,
      `  last full sync     ${at(status.last_full_sync_time)}`,
      `  looks              ${status.total_syncs}, of which ${status.failed_syncs} failed`,
    ];
  });
  return [...lines, ...findings.flatMap(findingLines)];
}
