// db-export-json run: the documents of each app, as of one instant; only what differs is written.
import type { Day } from '../../lib/export/day.ts';
import type { ExportState, KnownDocument } from '../../lib/export/export-state.ts';
import type { FrozenDays } from '../../lib/export/frozen.ts';
import { type Stretches, stretchOf } from '../../lib/export/phases.ts';
import type { Rows } from '../../lib/export/rows.ts';
import { fileApps } from '../../lib/config/config.ts';
import { sweepTemporaries } from '../../lib/files/durable.ts';
import { type HeldDirectory, inKnownPaths } from '../../lib/files/held-directory.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppFinding, type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { notePhases, requireBegun } from './steps/begin-export.ts';
import { type Exported, exportFindings, exportLines } from './steps/export-words.ts';
import { type ExportedApp, exportedApps } from './steps/export-apps.ts';
import { frozenDays } from './steps/frozen-days.ts';
import { openDirectory } from './steps/open-directory.ts';
import { noteParity, readExportState, readPhases, writeExportState } from './steps/export-notes.ts';
import type { Imported } from './steps/import-documents.ts';
import { mirrorDocuments } from './steps/mirror-documents.ts';
import { namesIn } from './steps/read-document.ts';
import { documentsOfOtherDays } from './steps/read-documents.ts';
import { type Change, refreshDocument, sameAsBefore } from './steps/refresh-document.ts';
import type { Shipment } from './steps/ship.ts';
import { shipFindings, shipLines } from './steps/ship-words.ts';
import { tablesLeftOut, type WantedDocument, wantedDocuments } from './steps/wanted-documents.ts';
import { requireReader, type WhenWritten, withShipment } from './steps/with-shipment.ts';

type Given = Options<typeof parameters.run>;

/** And what became of them at the reader, where that was asked for. */
type Shipped = Exported & { shipment: Shipment | undefined };

export async function run(context: JobContext, given: Given): Promise<Outcome<AppsResult<Shipped>>> {
  const apps = exportedApps(context, given.app);
  requireReader(apps, given);
  const results = await eachApp(context, apps, (each) =>
    withShipment(context, each, { ...given, dryRun: false }, async (whenWritten) => {
      await using lock = await context.lock({ name: each.name, scope: 'export' }, 'db-export-json run');
      void lock;
      await requireBegun(context, each, given, () => lookAt(context, each));
      const exported = await exportApp(context, each, { dryRun: false, whenWritten });
      await notePhases(context, each);
      return exported;
    }),
  );
  return appsOutcome(results, findingsOf);
}

export function text(result: AppsResult<Shipped>, view: View): string[] {
  return appsText(result, (exported, app) => [
    ...exportLines(exported, app, ['new', 'changed']),
    ...shipLines(exported.shipment, app, view, { dryRun: false }),
  ]);
}

export const plan: Steps<Given, AppsResult<Shipped>> = {
  async run(context, given) {
    const apps = exportedApps(context, given.app);
    requireReader(apps, given);
    const results = await eachApp(context, apps, (each) =>
      withShipment(context, each, { ...given, dryRun: true }, async (whenWritten) => {
        await requireBegun(context, each, given, () => lookAt(context, each));
        return await exportApp(context, each, { dryRun: true, whenWritten });
      }),
    );
    return appsOutcome(results, findingsOf);
  },
  text: (result, view) =>
    appsText(result, (exported, app) => [
      ...exportLines(exported, app, ['would be new', 'would be changed']),
      ...shipLines(exported.shipment, app, view, { dryRun: true }),
    ]),
};

function findingsOf(exported: Shipped, app: string): AppFinding[] {
  return [...exportFindings(exported, app), ...shipFindings(exported.shipment, app)];
}

/** What a run would do. */
async function lookAt(context: JobContext, app: ExportedApp): Promise<Exported> {
  return await exportApp(context, app, { dryRun: true, whenWritten: async () => undefined });
}

async function exportApp(
  context: JobContext,
  app: ExportedApp,
  { dryRun, whenWritten }: { dryRun: boolean; whenWritten: WhenWritten },
): Promise<Exported> {
  using directory = await openDirectory(app);
  const stretches = await readPhases(context, app);
  const mirrored = await mirrorDocuments(context, app, { directory, stretches, dryRun });
  if (dryRun && mirrored?.isNew === true) return onlyMirrored(app, mirrored);
  await using rows = await context.openRows(app);
  const wanted = await wantedDocuments(app, rows);
  const frozen = await frozenDays(context, app, rows);
  if (!dryRun) await sweep(context, app, directory);
  const before = await readExportState(context, app.name);
  const vanished = await vanishedDocuments(app, directory, wanted, before);
  const work = { rows, directory, wanted, before, frozen, stretches, dryRun };
  const { sizeBytes, by, state } = await refreshAll(context, app, work);
  const isMade = ({ day }: { day: Day | undefined }) => stretchOf(stretches, day).phase === 'database';
  for (const { name } of vanished) {
    const known = before.get(name);
    if (known !== undefined) state.set(name, known); // or it would be told once only
  }
  const [gone, ofApp] = [vanished.filter(isMade), vanished.filter((each) => !isMade(each))];
  const lying = [...by.different, ...ofApp.map(({ name }) => name)].sort();
  const different = [...lying, ...by.absent].sort();
  if (!dryRun) await writeExportState(context, app.name, state);
  if (!dryRun) await noteParity(context, app.name, different.length + by.held.length === 0);
  const names = [...new Set([...wanted.map(({ name }) => name), ...lying])].sort();
  const unwritten = dryRun ? [...by.new, ...by.changed] : [];
  await whenWritten({ directory, names, state, held: by.held, ofApp: lying, unwritten });
  return {
    directory: app.export.directory,
    documents: wanted.length,
    sizeBytes,
    new: by.new,
    changed: by.changed,
    held: by.held,
    vanished: gone.map(({ name }) => name),
    leftOut: await tablesLeftOut(app, rows),
    different,
    mirrored,
  };
}

/** What a killed run has left, which can be large: its documents are nobody else's, whose lock we hold. */
async function sweep(context: JobContext, app: ExportedApp, directory: HeldDirectory): Promise<void> {
  const others = fileApps(context.config).filter(({ name }) => name !== app.name);
  const isAlone = !others.some((other) => other.export?.directory === app.export.directory);
  await sweepTemporaries(directory.at('.'), isAlone ? undefined : context.clock.now());
}

interface Work {
  rows: Rows;
  directory: HeldDirectory;
  wanted: readonly WantedDocument[];
  /** What was seen last. */
  before: ExportState;
  frozen: FrozenDays;
  stretches: Stretches;
  dryRun: boolean;
}

/** There is no database yet of which more could be said. */
function onlyMirrored(app: ExportedApp, mirrored: Imported): Exported {
  const none = { new: [], changed: [], held: [], vanished: [], leftOut: [], different: [] };
  return { directory: app.export.directory, documents: 0, sizeBytes: 0, ...none, mirrored };
}

/** What the same means where it is not for us to write: the app's document differs, or is not there. */
const unmade = { unchanged: 'unchanged', held: 'held', new: 'absent', changed: 'different' } as const;

async function refreshAll(
  context: JobContext,
  app: ExportedApp,
  { rows, directory, wanted, before, frozen, stretches, dryRun }: Work,
) {
  const { progress, signal } = context;
  const state = new Map<string, KnownDocument>();
  const by: Record<Change | 'different' | 'absent', string[]> = {
    unchanged: [],
    new: [],
    changed: [],
    held: [],
    different: [],
    absent: [],
  };
  let sizeBytes = 0;
  progress.start(`${app.name}: documents`, wanted.length, 'steps');
  try {
    const same = await sameAsBefore(rows, wanted, { directory, style: app.export.style, before });
    for (const [name, known] of same) {
      state.set(name, known);
      sizeBytes += known.sizeBytes;
    }
    for (const [index, document] of wanted.entries()) {
      signal.throwIfAborted();
      const { name, day } = document;
      if (same.has(name)) continue;
      const isMade = stretchOf(stretches, day).phase === 'database';
      const look = { known: before.get(name), dryRun: dryRun || !isMade };
      const options = { directory, style: app.export.style, ...look };
      const isFrozen = day !== undefined && frozen.has(day);
      const refreshed = await inKnownPaths(() =>
        refreshDocument(context, rows, document, { ...options, isFrozen }),
      );
      by[isMade ? refreshed.change : unmade[refreshed.change]].push(name);
      sizeBytes += refreshed.sizeBytes;
      if (refreshed.known !== undefined) state.set(name, refreshed.known);
      progress.update(index + 1);
    }
  } finally {
    progress.end();
  }
  return { sizeBytes, by, state };
}

/** Files that an earlier run has made, or would have, of days or tables that are no more. */
async function vanishedDocuments(
  app: ExportedApp,
  directory: HeldDirectory,
  wanted: readonly WantedDocument[],
  made: ExportState,
): Promise<{ name: string; day: Day | undefined }[]> {
  if (app.export.days !== undefined) return documentsOfOtherDays(app, directory, wanted);
  const names = new Set(wanted.map(({ name }) => name));
  const left = (await namesIn(directory)).filter((name) => made.has(name) && !names.has(name));
  return left.map((name) => ({ name, day: undefined }));
}
