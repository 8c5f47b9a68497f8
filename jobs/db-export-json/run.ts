// db-export-json run: the documents of each app, as of one instant; only what differs is written.
import { formatBytes, formatCount } from '../../lib/base/format.ts';
import { dayOfFile } from '../../lib/export/day.ts';
import type { ExportState, KnownDocument } from '../../lib/export/export-state.ts';
import type { FrozenDays } from '../../lib/export/frozen.ts';
import type { Rows } from '../../lib/export/rows.ts';
import { guardedApps } from '../../lib/config/config.ts';
import { sweepTemporaries } from '../../lib/files/durable.ts';
import { type HeldDirectory, inKnownPaths } from '../../lib/files/held-directory.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { type AppFinding, type AppsResult, appsOutcome, appsText, eachApp } from '../steps/each-app.ts';
import type * as parameters from './parameters.ts';
import { type ExportedApp, exportedApps } from './steps/export-apps.ts';
import { frozenDays } from './steps/frozen-days.ts';
import { openDirectory } from './steps/open-directory.ts';
import { readExportState, writeExportState } from './steps/export-notes.ts';
import { namesIn } from './steps/read-document.ts';
import { type Change, refreshDocument } from './steps/refresh-document.ts';
import type { Shipment } from './steps/ship.ts';
import { shipFindings, shipLines } from './steps/ship-words.ts';
import { tablesLeftOut, type WantedDocument, wantedDocuments } from './steps/wanted-documents.ts';
import { requireReader, type WhenWritten, withShipment } from './steps/with-shipment.ts';

type Given = Options<typeof parameters.run>;

/** The documents of one app. */
interface Exported {
  directory: string;
  documents: number;
  /** Of all of them together. */
  sizeBytes: number;
  new: string[];
  changed: string[];
  /** Frozen, and not what the database says: left as they are. */
  held: string[];
  /** There, though the database has no such day or table any more: left as they are. */
  vanished: string[];
  /** Tables whose data no document can have. */
  leftOut: string[];
}

/** And what became of them at the reader, where that was asked for. */
type Shipped = Exported & { shipment: Shipment | undefined };

export async function run(context: JobContext, given: Given): Promise<Outcome<AppsResult<Shipped>>> {
  const apps = exportedApps(context, given.app);
  requireReader(apps, given);
  const results = await eachApp(context, apps, (each) =>
    withShipment(context, each, { ...given, dryRun: false }, async (whenWritten) => {
      await using lock = await context.lock({ name: each.name, scope: 'export' }, 'db-export-json run');
      void lock;
      return await exportApp(context, each, { dryRun: false, whenWritten });
    }),
  );
  return appsOutcome(results, findingsOf);
}

export function text(result: AppsResult<Shipped>): string[] {
  return appsText(result, (exported, app) => [
    ...exportLines(exported, app, ['new', 'changed']),
    ...shipLines(exported.shipment, 'sent'),
  ]);
}

export const plan: Steps<Given, AppsResult<Shipped>> = {
  async run(context, given) {
    const apps = exportedApps(context, given.app);
    requireReader(apps, given);
    const results = await eachApp(context, apps, (each) =>
      withShipment(context, each, { ...given, dryRun: true }, (whenWritten) =>
        exportApp(context, each, { dryRun: true, whenWritten }),
      ),
    );
    return appsOutcome(results, findingsOf);
  },
  text: (result) =>
    appsText(result, (exported, app) => [
      ...exportLines(exported, app, ['would be new', 'would be changed']),
      ...shipLines(exported.shipment, 'would be sent'),
    ]),
};

function findingsOf(exported: Shipped, app: string): AppFinding[] {
  return [...exportFindings(exported, app), ...shipFindings(exported.shipment, app)];
}

async function exportApp(
  context: JobContext,
  app: ExportedApp,
  { dryRun, whenWritten }: { dryRun: boolean; whenWritten: WhenWritten },
): Promise<Exported> {
  await using rows = await context.openRows(app);
  using directory = await openDirectory(app);
  const wanted = await wantedDocuments(app, rows);
  const frozen = await frozenDays(context, app, rows);
  if (!dryRun) await sweep(context, app, directory);
  const before = await readExportState(context, app.name);
  const vanished = await vanishedDocuments(app, directory, wanted, before);
  const work = { rows, directory, wanted, before, frozen, dryRun };
  const { sizeBytes, by, state } = await refreshAll(context, app, work);
  for (const name of vanished) {
    const known = before.get(name);
    if (known !== undefined) state.set(name, known); // or it would be told once only
  }
  if (!dryRun) await writeExportState(context, app.name, state);
  await whenWritten({ directory, names: wanted.map(({ name }) => name), state, held: by.held });
  return {
    directory: app.export.directory,
    documents: wanted.length,
    sizeBytes,
    new: by.new,
    changed: by.changed,
    held: by.held,
    vanished,
    leftOut: await tablesLeftOut(app, rows),
  };
}

/** What a killed run has left, which can be large: its documents are nobody else's, whose lock we hold. */
async function sweep(context: JobContext, app: ExportedApp, directory: HeldDirectory): Promise<void> {
  const others = guardedApps(context.config).filter(({ name }) => name !== app.name);
  const isAlone = !others.some((other) => other.export?.directory === app.export.directory);
  await sweepTemporaries(directory.at('.'), context.clock.now(), { isAlone });
}

interface Work {
  rows: Rows;
  directory: HeldDirectory;
  wanted: readonly WantedDocument[];
  /** What was seen last. */
  before: ExportState;
  frozen: FrozenDays;
  dryRun: boolean;
}

async function refreshAll(
  context: JobContext,
  app: ExportedApp,
  { rows, directory, wanted, before, frozen, dryRun }: Work,
) {
  const { progress, signal } = context;
  const state = new Map<string, KnownDocument>();
  const by: Record<Change, string[]> = { unchanged: [], new: [], changed: [], held: [] };
  let sizeBytes = 0;
  progress.start(`${app.name}: documents`, 0);
  try {
    for (const document of wanted) {
      signal.throwIfAborted();
      const { name, day } = document;
      const options = { directory, style: app.export.style, known: before.get(name), dryRun };
      const isFrozen = day !== undefined && frozen.has(day);
      const refreshed = await inKnownPaths(() =>
        refreshDocument(context, rows, document, { ...options, isFrozen }),
      );
      by[refreshed.change].push(name);
      sizeBytes += refreshed.sizeBytes;
      if (refreshed.known !== undefined) state.set(name, refreshed.known);
      progress.update(0);
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
): Promise<string[]> {
  const names = new Set(wanted.map(({ name }) => name));
  const isOurs = (name: string) =>
    app.export.days === undefined ? made.has(name) : dayOfFile(app.export.file, name) !== undefined;
  return (await namesIn(directory)).filter((name) => !names.has(name) && isOurs(name));
}

function exportFindings({ documents, held, vanished, leftOut }: Exported, app: string): AppFinding[] {
  const findings: AppFinding[] = [];
  if (documents === 0)
    findings.push({
      severity: 'warning',
      message: 'the days query lists no service day: there is nothing to export',
      hint: `look at days in [apps.${app}.export]`,
    });
  if (held.length > 0)
    findings.push({
      severity: 'warning',
      message: `${some(held)} frozen, and the database has changed since: left as it was`,
      hint: `db-export-json check --app ${app} shows what differs`,
    });
  if (vanished.length > 0)
    findings.push({
      severity: 'warning',
      message: `${some(vanished)} there, but no longer in the database: left as it is`,
      hint: 'delete what is no longer wanted by hand',
    });
  if (leftOut.length > 0)
    findings.push({
      severity: 'warning',
      message: `the data of ${leftOut.join(', ')} cannot be read row by row, and is in no document`,
      hint: `where that is as it should be, name the tables that are wanted: tables in [apps.${app}.export]`,
    });
  return findings;
}

function some(names: readonly string[]): string {
  const [first = ''] = names;
  return names.length === 1 ? `${first} is` : `${first} and ${names.length - 1} more are`;
}

function exportLines(exported: Exported, app: string, [isNew, isChanged]: [string, string]): string[] {
  const { directory, documents, sizeBytes, held, vanished, leftOut } = exported;
  const counts = `${exported.new.length} ${isNew}, ${exported.changed.length} ${isChanged}`;
  return [
    `${app}: ${formatCount(documents, 'document')} in ${directory}, ${formatBytes(sizeBytes)}: ${counts}`,
    ...exported.new.map((name) => `  ${isNew}: ${name}`),
    ...exported.changed.map((name) => `  ${isChanged}: ${name}`),
    ...held.map((name) => `  FROZEN, and differs: ${name}`),
    ...vanished.map((name) => `  no longer in the database: ${name}`),
    ...leftOut.map((table) => `  in no document: ${table}`),
  ];
}
