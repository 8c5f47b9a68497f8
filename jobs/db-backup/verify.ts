// db-backup verify: read backups back from the store and prove them.
import { chooseBackup } from '../../lib/backup/choose.ts';
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { formatCount } from '../../lib/base/format.ts';
import type { CommandRun, Input } from '../../lib/run/job.ts';
import { requireStoreName } from '../../lib/store/name.ts';
import { readCatalogue } from '../steps/catalogue.ts';
import { appsOutcome, eachApp, selectedApp, selectedApps } from '../steps/each-app.ts';
import { proveEntry, type Proof } from '../steps/prove-stored.ts';
import { proofLines } from '../steps/words.ts';

export const run: CommandRun = async (context, input) => {
  const name = input.argument(0);
  if (name !== undefined) requireStoreName(name);
  const apps = name === undefined ? selectedApps(context, input) : [selectedApp(context, input)];
  const store = await context.openStore();
  const results = await eachApp(context, apps, async (app) => {
    const entries = chosen(await readCatalogue(store, app, context.config), input);
    const proofs: Proof[] = [];
    for (const entry of entries) {
      context.signal.throwIfAborted();
      if (input.dryRun) continue;
      proofs.push(await proveEntry(context, store, app, entry));
    }
    return { chosen: entries.map((entry) => entry.name), proofs };
  });
  return appsOutcome(results, {
    lines: ({ chosen, proofs }, app) =>
      input.dryRun
        ? [`${app}: would verify ${formatCount(chosen.length, 'backup')}: ${chosen.join(', ')}`]
        : proofs.flatMap((proof) => proofLines(app, proof)),
    isBad: ({ proofs }) => proofs.some(({ sound }) => !sound),
  });
};

function chosen(entries: readonly CatalogueEntry[], input: Input): CatalogueEntry[] {
  const name = input.argument(0);
  if (name !== undefined) {
    if (input.flag('all'))
      throw new OpsError('usage', 'cannot verify one backup and all of them: give a name or --all');
    return [chooseBackup(entries, { kind: 'name', name })];
  }
  if (!input.flag('all')) return [chooseBackup(entries, { kind: 'latest' })];
  const all = entries.filter(({ state }) => state !== 'lost');
  if (all.length > 0) return all;
  throw new OpsError('missing', 'cannot verify any backup: there is none', {
    hint: 'make one: db-backup backup',
  });
}
