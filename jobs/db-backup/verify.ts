// db-backup verify: read backups back from the store and prove them.
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { chooseBackup } from '../../lib/backup/choose.ts';
import { type BackupCounts, countBackups, countWords } from '../../lib/backup/counts.ts';
import { latestWord } from '../../lib/backup/name.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { Proof } from '../../lib/repository/proof.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { requireStoreName } from '../../lib/store/name.ts';
import {
  type AppsResult,
  appsOutcome,
  appsText,
  eachApp,
  selectedApp,
  selectedApps,
} from '../steps/each-app.ts';
import { proofFindings, proofLines } from '../steps/proof-report.ts';
import { proveEntry } from '../steps/prove-entry.ts';
import type * as parameters from './parameters.ts';

type Given = Options<typeof parameters.verify>;

/** The backups of one app that were read back. */
interface Verification {
  proofs: Proof[];
}

interface VerificationPlan {
  /** The names of the backups that would be read. */
  backups: string[];
  counts: BackupCounts;
}

export async function run(context: JobContext, options: Given): Promise<Outcome<AppsResult<Verification>>> {
  const apps = appsOf(context, options);
  const results = await eachApp(context, apps, async (app) => {
    const repository = await context.openRepository(app);
    await using shared = repository.keepShared();
    void shared;
    const proofs: Proof[] = [];
    let entries = await chosen(repository, options);
    for (let next = entries.shift(); next !== undefined; next = entries.shift()) {
      context.signal.throwIfAborted();
      const proof = await proveEntry(context, app, { repository, entry: next, foundBy: 'db-backup verify' });
      proofs.push(proof);
      // What is based on it is damaged by now, and needs no fetching to be told.
      if (!proof.sound) entries = await asListedNow(repository, entries);
    }
    return { proofs };
  });
  return appsOutcome(results, ({ proofs }) => proofFindings(...proofs));
}

export function text(result: AppsResult<Verification>): string[] {
  return appsText(result, ({ proofs }, app) => proofs.flatMap((proof) => proofLines(app, proof)));
}

export const plan: Steps<Given, AppsResult<VerificationPlan>> = {
  async run(context, options) {
    const apps = appsOf(context, options);
    const results = await eachApp(context, apps, async (app) => {
      const entries = await chosen(await context.openRepository(app), options);
      return { backups: entries.map(({ name }) => name), counts: countBackups(entries) };
    });
    return appsOutcome(results);
  },
  text: (result) =>
    appsText(result, ({ backups, counts }, app) => [
      `${app}: would verify ${countWords(counts)}: ${backups.join(', ')}`,
    ]),
};

function appsOf(context: JobContext, { name, app }: Given): readonly GuardedApp[] {
  if (name === undefined) return selectedApps(context, app);
  requireStoreName(name);
  return [selectedApp(context, app)];
}

async function asListedNow(
  repository: Repository,
  entries: readonly CatalogueEntry[],
): Promise<CatalogueEntry[]> {
  const now = new Map((await repository.list()).map((entry) => [entry.name, entry]));
  return entries.map((entry) => now.get(entry.name) ?? entry);
}

async function chosen(repository: Repository, { name, all }: Given): Promise<CatalogueEntry[]> {
  if (name !== undefined && all)
    throw new OpsError('usage', 'cannot verify one backup and all of them: give a name or --all');
  const entries = await repository.list();
  if (name !== undefined && name !== latestWord) return [chooseBackup(entries, { kind: 'name', name })];
  if (!all) return [chooseBackup(entries, { kind: 'latest' })];
  const present = entries.filter(({ state }) => state !== 'lost');
  if (present.length > 0) return present;
  throw new OpsError('missing', 'cannot verify any backup: there is none', {
    hint: 'make one: db-backup backup',
  });
}
