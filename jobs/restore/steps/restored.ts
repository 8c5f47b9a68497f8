// A restore, from what was chosen to how it went: what files and servers have in common.
import { shellWord } from '../../../lib/base/shell-word.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { Proof } from '../../../lib/repository/proof.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { requireYes } from '../../steps/consent.ts';
import { chooseEntry, type ChosenEntry, requireRestorable } from '../../steps/choose-entry.ts';
import type { PassedOver } from './next-sound.ts';
import { planLines } from './plan-words.ts';
import type { Replaced } from './replace-database.ts';
import type { RestorePlan } from './restore-plan.ts';

/** What a restore is told, whatever it is in the place of. */
export interface RestoreOrder {
  name: string | undefined;
  at: string | undefined;
  yes: boolean;
  /** See `requireRestorable`. */
  unproven: boolean;
  recheck: boolean;
}

/** A restore that came to its end. */
export interface Restored {
  app: string;
  backup: string;
  target: string;
  /** Whether the backup is in place there: not, where the app was unwell with it and it was undone. */
  isInPlace: boolean;
  proof: Proof;
  /** What became of the database before and of the app; undefined with --to, which touches neither. */
  replaced: Replaced | undefined;
  /** The same for going back. */
  wentBack: Replaced | undefined;
  /** What an earlier restore had left, in sentences. */
  settled: string[];
  /** Newer backups that were not taken, where the backup was not named. */
  passedOver: PassedOver[];
}

/** One that went well, as far as is known. */
export function restored(app: GuardedApp, target: string, backup: string, proof: Proof, settled: string[]) {
  return {
    app: app.name,
    backup,
    target,
    isInPlace: true,
    proof,
    wentBack: undefined,
    settled,
  };
}

/** The backup that was meant. Throws OpsError where there is none, or it cannot be restored as it is. */
export async function choose(
  context: JobContext,
  app: GuardedApp,
  options: RestoreOrder,
): Promise<ChosenEntry> {
  const choice = await chooseEntry(context, await context.openStore(), app, options);
  if (choice.asOf !== undefined)
    context.log.info(`${app.name}: as of ${choice.asOf.said}`, { backup: choice.entry.name });
  const entry = requireRestorable(app, choice.entry, options.unproven);
  await (await context.openRepository(app)).requireOpen(entry); // before a person says yes to what cannot be done
  return { ...choice, entry };
}

/** Shows what would happen, and asks. Throws what `requireYes` throws; `shownBy` is the command that shows the same. */
export async function requireConsent(
  context: JobContext,
  app: GuardedApp,
  plan: RestorePlan,
  {
    question = 'Replace the live database?',
    shownBy = `restore plan ${shellWord(plan.backup.name)}`,
  }: { question?: string; shownBy?: string } = {},
): Promise<void> {
  const view = { now: context.clock.now(), timeZone: context.config.timeZone, findings: [] };
  for (const line of planLines(plan, view)) context.log.info(`${app.name}: ${line}`);
  await requireYes(context, question, { act: `replace ${plan.target}`, shownBy });
}
