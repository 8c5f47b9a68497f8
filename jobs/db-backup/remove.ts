// db-backup remove: a backup that a person names goes, under the guards of retention, and what that frees is said.
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { chooseToRemove } from '../../lib/backup/choose.ts';
import { type BackupCounts, countBackups, countWords } from '../../lib/backup/counts.ts';
import { requireRemovable } from '../../lib/backup/removal.ts';
import { formatBytes, formatInstant } from '../../lib/base/format.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { requireStoreName } from '../../lib/store/name.ts';
import { requireYes } from '../steps/consent.ts';
import { selectedApp } from '../steps/each-app.ts';
import { type ListedBackup, listedBackup } from '../steps/listed-backup.ts';
import type * as parameters from './parameters.ts';

type Given = Options<typeof parameters.remove>;

interface Removal {
  app: string;
  removed: ListedBackup;
  /** What it took in the store. */
  freedBytes: number;
  /** How many there are without it. */
  left: BackupCounts;
}

export async function run(context: JobContext, options: Given): Promise<Outcome<Removal>> {
  const app = selectedApp(context, options.app);
  requireStoreName(options.name);
  const repository = await context.openRepository(app);
  await using lock = await context.lock(app, 'db-backup remove');
  void lock;
  await repository.finishPending();
  const { entry, removal } = await choose(context, repository, app, options);
  if (!options.yes) await requireConsent(context, entry);
  context.signal.throwIfAborted();
  await repository.remove(entry.name);
  context.noteLeft(`${entry.name} was removed`);
  context.history.recordRemoved(app.name, [entry.name]);
  return { result: removal, findings: [] };
}

export function text(removal: Removal): string[] {
  return lines(removal, 'removed', 'freed');
}

export const plan: Steps<Given, Removal> = {
  async run(context, options) {
    const app = selectedApp(context, options.app);
    requireStoreName(options.name);
    const { removal } = await choose(context, await context.openRepository(app), app, options);
    return { result: removal, findings: [] };
  },
  text: (removal) => lines(removal, 'would remove', 'would be free'),
};

/** The backup that is meant, and may go. What is seen here is what is removed. */
async function choose(
  { clock, config, clockState }: JobContext,
  repository: Repository,
  { name: app }: GuardedApp,
  { name }: Given,
): Promise<{ entry: CatalogueEntry; removal: Removal }> {
  const entries = await repository.list();
  const entry = chooseToRemove(entries, name, config.timeZone);
  requireRemovable(entry, { entries, now: clock.now(), clock: await clockState() });
  const left = countBackups(entries.filter((other) => other !== entry));
  return { entry, removal: { app, removed: listedBackup(entry), freedBytes: entry.storedBytes, left } };
}

function requireConsent(context: JobContext, entry: CatalogueEntry): Promise<void> {
  const { name, storedBytes, takenAt, note } = listedBackup(entry);
  const facts = [formatBytes(storedBytes), `of ${formatInstant(takenAt, context.config.timeZone)}`, note];
  const said = facts.filter((each) => each !== undefined).join(', ');
  return requireYes(context, `Remove ${name} (${said}) for good?`, { act: `remove ${name}` });
}

function lines({ app, removed, freedBytes, left }: Removal, done: string, freed: string): string[] {
  return [`${app}: ${done} ${removed.name}: ${formatBytes(freedBytes)} ${freed}; ${countWords(left)} kept`];
}
