// db-backup info: the databases, the store, and how well each app is protected.
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { formatBytes, formatInstant } from '../../lib/base/format.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import type { SourceLook } from '../../lib/source/source.ts';
import type { Store } from '../../lib/store/store.ts';
import { newestProven, readCatalogue } from '../steps/catalogue.ts';
import { appsOutcome, eachApp, selectedApps } from '../steps/each-app.ts';
import { ago } from '../steps/words.ts';

interface AppInfo {
  database: string;
  source: SourceLook | { problem: string };
  newestProven: { name: string; takenAt: Date } | undefined;
  counts: Record<CatalogueEntry['state'], number>;
  storedBytes: number;
  latest: { name: string; modifiedAt: Date; sizeBytes: number } | undefined;
  lastDrill: { name: string; at: Date; outcome: string } | undefined;
}

export const run: CommandRun = async (context, input) => {
  const store = await context.openStore();
  const space = await store.space();
  const results = await eachApp(context, selectedApps(context, input), (app) =>
    describeApp(context, store, app),
  );
  const outcome = appsOutcome(results, {
    lines: (info, app) => infoLines(info, app, context.clock.now()),
    isBad: () => false,
  });
  const free = space.freeBytes === undefined ? '' : `, ${formatBytes(space.freeBytes)} free`;
  const { source, stateDirectory, timeZone } = context.config;
  const head = [`configuration: ${source}`, `store: ${store.description}${free}`, `state: ${stateDirectory}`];
  return {
    ...outcome,
    result: {
      configuration: source,
      stateDirectory,
      timeZone,
      store: store.description,
      space,
      apps: results,
    },
    lines: [...head, ...outcome.lines],
  };
};

async function describeApp(context: JobContext, store: Store, app: GuardedApp): Promise<AppInfo> {
  const entries = await readCatalogue(store, app, context.config);
  const newest = newestProven(entries);
  const counts = { proven: 0, suspect: 0, unfinished: 0, foreign: 0, damaged: 0, lost: 0 };
  for (const { state } of entries) counts[state] += 1;
  return {
    database: app.database,
    source: await look(context, app),
    newestProven: newest === undefined ? undefined : { name: newest.name, takenAt: newest.takenAt },
    counts,
    storedBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    latest: app.latest === undefined ? undefined : await store.stat(app.latest),
    lastDrill: context.history.lastDrill(app.name),
  };
}

/** A source that cannot be read is what this command is for: it is shown, and the rest as well. */
async function look(context: JobContext, app: GuardedApp): Promise<AppInfo['source']> {
  try {
    return await context.source(app).look();
  } catch (error) {
    if (error instanceof OpsError) return { problem: error.message };
    throw error;
  }
}

function infoLines(info: AppInfo, app: string, now: Date): string[] {
  const { source, newestProven, counts, latest, lastDrill } = info;
  const states = Object.entries(counts).filter(([, count]) => count > 0);
  return [
    `${app}:`,
    'problem' in source
      ? `  database: ${source.problem}`
      : `  database: ${info.database}, ${[formatBytes(source.sizeBytes), ...source.remarks].join(', ')}`,
    newestProven === undefined
      ? '  newest proven backup: NONE'
      : `  newest proven backup: ${newestProven.name}, ${ago(newestProven.takenAt, now)}`,
    `  backups: ${states.length === 0 ? 'none' : states.map(([state, count]) => `${count} ${state}`).join(', ')}, ` +
      `${formatBytes(info.storedBytes)}`,
    latest === undefined
      ? '  latest copy: none'
      : `  latest copy: ${latest.name}, ${formatBytes(latest.sizeBytes)}, of ${formatInstant(latest.modifiedAt)}`,
    lastDrill === undefined
      ? '  last restore drill: never; try: restore drill'
      : `  last restore drill: ${lastDrill.outcome}, ${lastDrill.name}, ${ago(lastDrill.at, now)}`,
  ];
}
