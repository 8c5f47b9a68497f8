// Measures the JSON documents of each app: how their runs went, whether both sides are the same, what waits for the reader.
import { join } from 'node:path';
import { fileApps } from '../config/config.ts';
import { exportNoteName } from '../export/note-name.ts';
import { parseParity } from '../export/parity.ts';
import { parseShipState, type ShipState } from '../export/ship-state.ts';
import { knownOf, pendingOf } from '../export/shipment.ts';
import { readRecord } from '../files/read-small-file.ts';
import type { DocumentsFacts } from '../health/documents.ts';
import { ifWhole, type Flaw } from '../record/fields.ts';
import { fileAppNamed } from './backup-age.ts';
import type { Probe, ProbeContext } from './probe.ts';

const runsLooked = 2000;
const noteBytesMax = 16 * 1024 * 1024;

export const documentsProbe: Probe<DocumentsFacts> = {
  subjects: ({ config }) =>
    fileApps(config)
      .filter((app) => app.export !== undefined)
      .map(({ name }) => name),
  async measure(context, subject) {
    const { history } = context;
    const runs = history
      .recentRuns(undefined, runsLooked)
      .filter(({ job, command }) => job === 'db-export-json' && command === 'run')
      .filter(({ app, outcome }) => (app === undefined || app === subject) && outcome !== 'running');
    const parity = await note(context, subject, 'parity', parseParity);
    return {
      lastGoodAt: runs.find(({ outcome }) => outcome === 'done')?.startedAt,
      lastOutcome: runs.find(({ outcome }) => outcome !== 'busy')?.outcome,
      sameSince: parity?.since,
      queue: await queueOf(context, subject),
    };
  },
};

async function queueOf(context: ProbeContext, subject: string): Promise<DocumentsFacts['queue']> {
  const ship = fileAppNamed(context, subject).export?.ship;
  if (ship === undefined) return undefined;
  const state: ShipState | undefined = await note(context, subject, 'shipped', parseShipState);
  const { since, names } = pendingOf(knownOf(ship.to, state, context.clock.now()));
  return { count: names.length, since, ageMaxMs: ship.queueAgeMaxMs };
}

/** What cannot be read is not known: the export itself tells of it. */
async function note<T>(
  { config }: ProbeContext,
  app: string,
  what: 'parity' | 'shipped',
  parse: (text: string, flaw: Flaw) => T,
): Promise<T | undefined> {
  const path = join(config.stateDirectory, exportNoteName(app, what));
  const text = await readRecord(path, noteBytesMax).catch(() => undefined);
  return text === undefined ? undefined : ifWhole((flaw) => parse(text, flaw));
}
