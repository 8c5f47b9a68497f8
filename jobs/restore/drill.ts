// restore drill: proves that a backup restores, each backup in its turn, by reading it back from the store.
import { nextDrill } from '../../lib/backup/rotation.ts';
import type { Finding } from '../../lib/base/finding.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { Proof } from '../../lib/repository/proof.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import type { Store } from '../../lib/store/store.ts';
import { chooseNamed } from '../steps/choose-entry.ts';
import { type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import { proofFindings, proofLines } from '../steps/proof-report.ts';
import { proveEntry } from '../steps/prove-entry.ts';
import { backupsOf, type RestorableApp, restorableApp, restorableApps } from '../steps/restorable-apps.ts';
import type * as parameters from './parameters.ts';

type Given = Options<typeof parameters.drill>;

/** One app's drill. */
interface Drill {
  backup: string;
  proof: Proof;
}

type DrillPlan = Pick<Drill, 'backup'>;

export async function run(context: JobContext, options: Given): Promise<Outcome<AppsResult<Drill>>> {
  const store = await context.openStore();
  const results = await eachApp(context, await appsOf(context, options), async (app) => {
    const entry = await entryToDrill(context, store, app, options.name);
    const proof = await proveEntry(context, app, {
      repository: await context.openRepository(app),
      ...{ entry, foundBy: 'restore drill' },
    });
    // That sealed bytes are whole is no drill: whether they open is what it would have shown.
    if (isUnopened(proof)) return { backup: entry.name, proof };
    context.history.recordDrill({
      runId: context.runId,
      app: app.name,
      name: entry.name,
      outcome: proof.sound ? 'passed' : 'failed',
      detail: detailOf(proof),
    });
    return { backup: entry.name, proof };
  });
  const { result, findings } = appsOutcome(results, ({ proof }) => proofFindings(proof));
  return { result, findings: [...findings, ...(await otherKeys(context))] };
}

/** An identity that opens what there is, and not what is made from now on: the page in the safe is an old one. */
async function otherKeys({ config, identityRecipients }: JobContext): Promise<Finding[]> {
  const [own, sealedFor] = [await identityRecipients(), config.encryption?.recipients ?? []];
  if (own.length === 0 || sealedFor.length === 0 || own.some((key) => sealedFor.includes(key))) return [];
  return [
    {
      subject: 'encryption',
      severity: 'warning',
      message: `backups are sealed for ${sealedFor.join(', ')} from now on, and the identity is that of ${own.join(', ')}`,
      hint: 'put the page of one of these keys into the safe beside the old one, or make a new one: db-backup keygen',
    },
  ];
}

export function text(result: AppsResult<Drill>, { findings }: View): string[] {
  const ofDrills = appsText(result, ({ proof }, app) => [
    ...proofLines(app, proof),
    `${app}: restore drill ${outcomeWords(proof)}`,
  ]);
  const ofKeys = findings.filter(({ subject }) => subject === 'encryption');
  return [...ofDrills, ...ofKeys.flatMap(({ message, hint }) => [`WARNING: ${message}`, `  hint: ${hint}`])];
}

export const plan: Steps<Given, AppsResult<DrillPlan>> = {
  async run(context, options) {
    const store = await context.openStore();
    const results = await eachApp(context, await appsOf(context, options), async (app) => ({
      backup: (await entryToDrill(context, store, app, options.name)).name,
    }));
    return appsOutcome(results);
  },
  text: (result) => appsText(result, ({ backup }, app) => [`${app}: would drill ${backup}`]),
};

async function appsOf(context: JobContext, { name, app }: Given): Promise<readonly RestorableApp[]> {
  return name === undefined ? restorableApps(context, app) : [await restorableApp(context, app)];
}

function outcomeWords(proof: Proof): string {
  if (isUnopened(proof))
    return 'NOT DONE: the backup is sealed, and no identity was given: restore drill --identity <file>';
  return proof.sound ? 'passed' : 'FAILED';
}

/** Sealed, and as far as that can be told sound. */
function isUnopened({ basis, sound }: Proof): boolean {
  return basis === 'sealed' && sound;
}

function detailOf({ sound, proven, problems }: Proof): string {
  if (!sound) return problems.join('; ');
  return proven ? 'proven against its manifest' : 'sound, unproven';
}

async function entryToDrill(context: JobContext, store: Store, app: RestorableApp, name: string | undefined) {
  if (name !== undefined) return (await chooseNamed(context, store, app, name)).entry;
  const proven = (await backupsOf(context, app)).filter(({ state }) => state === 'proven');
  const next = nextDrill(proven, context.history.passedDrills(app.name));
  const entry = proven.find((candidate) => candidate.name === next);
  if (entry !== undefined) return entry;
  throw new OpsError('missing', `cannot drill ${app.name}: it has no proven backup`, {
    hint: 'make one: db-backup backup',
  });
}
