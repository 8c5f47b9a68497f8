// db-export-json status: which documents there are, in which phase, and which are frozen, since when and why.
import { OpsError } from '../../lib/base/errors.ts';
import { formatBytes, formatCount, formatInstant } from '../../lib/base/format.ts';
import { formatTable } from '../../lib/base/table.ts';
import { dayFileName, type Day, dayOfFile } from '../../lib/export/day.ts';
import type { FrozenDays } from '../../lib/export/frozen.ts';
import { parityDays } from '../../lib/export/parity.ts';
import { type Phase, type Stretch, type Stretches, stretchOf } from '../../lib/export/phases.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { type ExportedApp, exportedApps } from './steps/export-apps.ts';
import { readFrozen, readParity, readPhases } from './steps/export-notes.ts';
import { frozenDays } from './steps/frozen-days.ts';
import { openDirectory } from './steps/open-directory.ts';
import { lookAt } from './steps/read-document.ts';
import { documentsOfOtherDays } from './steps/read-documents.ts';
import { type ShipStatus, shipStatus, shipStatusLines } from './steps/ship-status.ts';
import { type WantedDocument, wantedDocuments } from './steps/wanted-documents.ts';

interface ListedDocument {
  name: string;
  day: Day | undefined;
  /** Undefined where it is not there yet. */
  sizeBytes: number | undefined;
  modifiedAt: Date | undefined;
  phase: Phase;
  phaseSince: Date | undefined;
  frozen: boolean;
  frozenSince: Date | undefined;
  reason: string | undefined;
}

/** Days that are in one phase. */
interface ListedPhase extends Stretch {
  documents: number;
}

interface ExportStatus {
  directory: string;
  /** In the order of their days. */
  phases: ListedPhase[];
  /** How long both have been the same, in whole days. */
  parityDays: number;
  /** Each is to be shown. */
  everyDay: boolean;
  documents: ListedDocument[];
  /** What is known of them at the reader; undefined where none is configured. */
  shipping: ShipStatus | undefined;
}

export async function run(
  context: JobContext,
  { app, days }: Options<typeof parameters.status>,
): Promise<Outcome<AppsResult<ExportStatus>>> {
  const apps = exportedApps(context, app);
  return appsOutcome(await eachApp(context, apps, (each) => describe(context, each, days)));
}

/** More than these are too many to read. */
const listedMax = 40;

export function text(result: AppsResult<ExportStatus>, view: View): string[] {
  return appsText(result, ({ directory, phases, documents, everyDay, shipping }, app) => [
    `${app}: ${formatCount(documents.length, 'document')} in ${directory}`,
    ...phases.map(phaseLine),
    ...shipStatusLines(shipping),
    ...(everyDay || documents.length <= listedMax
      ? formatTable(documents.map(documentRow), view)
      : [`  ${frozenWords(documents)}; every one of them: db-export-json status --app ${app} --days`]),
  ]);
}

function phaseLine({ phase, from, since, reason, documents }: ListedPhase): string {
  const days = from === undefined ? 'phase' : `from ${from} phase`;
  const when = since === undefined ? 'as configured' : `since ${formatInstant(since)}`;
  const why = reason === undefined ? '' : `: ${reason}`;
  return `  ${days} ${phase}, ${when}${why} (${formatCount(documents, 'document')})`;
}

function frozenWords(documents: readonly ListedDocument[]): string {
  const [first, last] = [documents[0]?.name ?? '', documents.at(-1)?.name ?? ''];
  const frozen = documents.filter((document) => document.frozen).length;
  const missing = documents.filter(({ sizeBytes }) => sizeBytes === undefined).length;
  return `${first} to ${last}, ${frozen} frozen, ${missing} not written yet`;
}

async function describe(context: JobContext, app: ExportedApp, everyDay: boolean): Promise<ExportStatus> {
  using directory = await openDirectory(app);
  const stretches = await readPhases(context, app);
  const { frozen, wanted } = await inDatabase(context, app, stretches);
  const others = await documentsOfOtherDays(app, directory, wanted);
  const names = new Set([...wanted, ...others].map(({ name }) => name));
  for (const day of frozen.keys()) names.add(dayFileName(app.export.file, day));
  const documents = [...names]
    .sort()
    .map((name) => listed(app, name, lookAt(directory, name), { frozen, stretches }));
  const phases = stretches.map((stretch) => ({
    ...stretch,
    documents: documents.filter(({ day }) => stretchOf(stretches, day) === stretch).length,
  }));
  const same = parityDays(await readParity(context, app.name), context.clock.now());
  const shipping = await shipStatus(
    context,
    app,
    wanted.map(({ name }) => name),
  );
  return { directory: app.export.directory, phases, parityDays: same, everyDay, documents, shipping };
}

/** What the database says; nothing of one that the first run has yet to make of documents. */
async function inDatabase(
  context: JobContext,
  app: ExportedApp,
  stretches: Stretches,
): Promise<{ frozen: FrozenDays; wanted: WantedDocument[] }> {
  try {
    await using rows = await context.openRows(app);
    return { frozen: await frozenDays(context, app, rows), wanted: await wantedDocuments(app, rows) };
  } catch (error) {
    const isYetToBe = error instanceof OpsError && error.kind === 'missing' && stretches[0].phase === 'json';
    if (!isYetToBe) throw error;
    return { frozen: await readFrozen(context, app.name), wanted: [] };
  }
}

function listed(
  app: ExportedApp,
  name: string,
  status: { size: bigint; mtime: Date } | undefined,
  { frozen, stretches }: { frozen: FrozenDays; stretches: Stretches },
): ListedDocument {
  const day = app.export.days === undefined ? undefined : dayOfFile(app.export.file, name);
  const freeze = day === undefined ? undefined : frozen.get(day);
  const { phase, since } = stretchOf(stretches, day);
  return {
    name,
    day,
    sizeBytes: status && Number(status.size),
    modifiedAt: status?.mtime,
    phase,
    phaseSince: since,
    frozen: freeze !== undefined,
    frozenSince: freeze?.since,
    reason: freeze?.reason,
  };
}

function documentRow({
  name,
  sizeBytes,
  modifiedAt,
  phase,
  frozen,
  frozenSince,
  reason,
}: ListedDocument): string[] {
  const since = frozenSince === undefined ? 'by the query' : `since ${formatInstant(frozenSince)}`;
  return [
    `  ${name}`,
    sizeBytes === undefined ? 'not written yet' : formatBytes(sizeBytes),
    modifiedAt === undefined ? '' : formatInstant(modifiedAt),
    phase,
    frozen ? `frozen ${since}${reason === undefined ? '' : `: ${reason}`}` : '',
  ];
}
