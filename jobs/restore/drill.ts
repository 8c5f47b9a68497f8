// restore drill: proves that a backup restores, each backup in its turn, by reading it back from the store.
import { nextDrill } from '../../lib/backup/rotation.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import type { Store } from '../../lib/store/store.ts';
import { readCatalogue } from '../steps/catalogue.ts';
import { chooseNamed } from '../steps/choose-entry.ts';
import { appsOutcome, eachApp, selectedApp, selectedApps } from '../steps/each-app.ts';
import { proveEntry, type Proof } from '../steps/prove-stored.ts';
import { proofLines } from '../steps/words.ts';

export const run: CommandRun = async (context, input) => {
  const name = input.argument(0);
  const apps = name === undefined ? selectedApps(context, input) : [selectedApp(context, input)];
  const store = await context.openStore();
  const results = await eachApp(context, apps, async (app) => {
    const entry = await entryToDrill(context, store, app, name);
    if (input.dryRun) return { backup: entry.name, proof: undefined };
    const proof = await proveEntry(context, store, app, entry);
    context.history.recordDrill({
      runId: context.runId,
      app: app.name,
      name: entry.name,
      outcome: proof.sound ? 'passed' : 'failed',
      detail: proof.sound
        ? proof.proven
          ? 'proven against its manifest'
          : 'sound, unproven'
        : proof.problems.join('; '),
    });
    return { backup: entry.name, proof };
  });
  return appsOutcome<{ backup: string; proof: Proof | undefined }>(results, {
    lines: ({ backup, proof }, app) =>
      proof === undefined
        ? [`${app}: would drill ${backup}`]
        : [...proofLines(app, proof), `${app}: restore drill ${proof.sound ? 'passed' : 'FAILED'}`],
    isBad: ({ proof }) => proof !== undefined && !proof.sound,
  });
};

async function entryToDrill(context: JobContext, store: Store, app: GuardedApp, name: string | undefined) {
  if (name !== undefined) return (await chooseNamed(context, store, app, name)).entry;
  const proven = (await readCatalogue(store, app, context.config)).filter(({ state }) => state === 'proven');
  const next = nextDrill(proven, context.history.passedDrills(app.name));
  const entry = proven.find((candidate) => candidate.name === next);
  if (entry !== undefined) return entry;
  throw new OpsError('missing', `cannot drill ${app.name}: it has no proven backup`, {
    hint: 'make one: db-backup backup',
  });
}
