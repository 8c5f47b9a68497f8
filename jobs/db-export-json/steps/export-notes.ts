// What an export keeps in the state directory: what it saw last, here and at the reader, and which days a
// person has frozen.
import { shellWord } from '../../../lib/base/shell-word.ts';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OpsError } from '../../../lib/base/errors.ts';
import { type ExportState, formatExportState, parseExportState } from '../../../lib/export/export-state.ts';
import { type ExportNote, exportNoteName } from '../../../lib/export/note-name.ts';
import { formatShipState, parseShipState, type ShipState } from '../../../lib/export/ship-state.ts';
import { afterLook, formatParity, type Parity, parseParity } from '../../../lib/export/parity.ts';
import { asConfigured, formatPhases, parsePhases, type Stretches } from '../../../lib/export/phases.ts';
import { formatFrozen, type FrozenDays, parseFrozen } from '../../../lib/export/frozen.ts';
import { writeFileAtomically } from '../../../lib/files/durable.ts';
import { createDirectories } from '../../../lib/files/make-directories.ts';
import { readRecord } from '../../../lib/files/read-small-file.ts';
import { inStateDirectory } from '../../../lib/files/state-directory.ts';
import { ifWhole } from '../../../lib/record/fields.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { ExportedApp } from './export-apps.ts';

/** Room for some ten thousand documents. */
const stateBytesMax = 16 * 1024 * 1024;
const frozenBytesMax = 1024 * 1024;

/** What was seen last; empty where that is not known, which only costs work. */
export async function readExportState(context: JobContext, app: string): Promise<ExportState> {
  const text = await readRecord(pathOf(context, app, 'documents'), stateBytesMax).catch(() => undefined);
  return (text === undefined ? undefined : ifWhole((flaw) => parseExportState(text, flaw))) ?? new Map();
}

export async function writeExportState(context: JobContext, app: string, state: ExportState): Promise<void> {
  const text = formatExportState(state);
  // In a night without changes nothing is written, and no disk is waited for.
  const before = await readRecord(pathOf(context, app, 'documents'), stateBytesMax).catch(() => undefined);
  if (text !== before) await write(context, app, 'documents', text);
}

/** What is known of the documents at the reader; undefined where nothing is, which only costs a look at all of them. */
export async function readShipState(context: JobContext, app: string): Promise<ShipState | undefined> {
  const text = await readRecord(pathOf(context, app, 'shipped'), stateBytesMax).catch(() => undefined);
  return text === undefined ? undefined : ifWhole((flaw) => parseShipState(text, flaw));
}

export async function writeShipState(context: JobContext, app: string, state: ShipState): Promise<void> {
  await write(context, app, 'shipped', formatShipState(state));
}

/** The days frozen by hand. Throws OpsError `damaged` where the file cannot be used: then nobody knows which. */
export async function readFrozen(context: JobContext, app: string): Promise<FrozenDays> {
  const path = pathOf(context, app, 'frozen');
  const text = await inStateDirectory(`read ${path}`, () => readRecord(path, frozenBytesMax));
  if (text === undefined) return new Map();
  return parseFrozen(
    text,
    (cause) =>
      new OpsError('damaged', `cannot read the frozen days in ${path}: ${cause}`, {
        hint: `correct it, or move it away and freeze the days anew: mv ${shellWord(path)} ${shellWord(`${path}.old`)}`,
      }),
  );
}

export async function writeFrozen(context: JobContext, app: string, frozen: FrozenDays): Promise<void> {
  await write(context, app, 'frozen', formatFrozen(frozen));
}

/** The phases of the days: those that are noted, else that of the configuration for all. Throws as `notedPhases` does. */
export async function readPhases(context: JobContext, app: ExportedApp): Promise<Stretches> {
  return (await notedPhases(context, app.name)) ?? asConfigured(app.export.phase);
}

/**
 * Those that are noted; undefined where no run has ended well here yet, or the note was lost. Throws OpsError `damaged` where it
 * cannot be used: then nobody knows which side is the truth.
 */
export async function notedPhases(context: JobContext, app: string): Promise<Stretches | undefined> {
  const path = pathOf(context, app, 'phases');
  const text = await inStateDirectory(`read ${path}`, () => readRecord(path, frozenBytesMax));
  if (text === undefined) return undefined;
  return parsePhases(
    text,
    (cause) =>
      new OpsError('damaged', `cannot read the phases in ${path}: ${cause}`, {
        hint: `correct it; else make sure that the phase in the configuration is that of all days, and move it away: mv ${shellWord(path)} ${shellWord(`${path}.old`)}`,
      }),
  );
}

export async function writePhases(context: JobContext, app: string, stretches: Stretches): Promise<void> {
  await write(context, app, 'phases', formatPhases(stretches));
}

/** Since when documents and database have been the same; undefined where they are not, or nobody knows. */
export async function readParity(context: JobContext, app: string): Promise<Parity | undefined> {
  const text = await readRecord(pathOf(context, app, 'parity'), frozenBytesMax).catch(() => undefined);
  return text === undefined ? undefined : ifWhole((flaw) => parseParity(text, flaw));
}

/** Notes what a look at all days found. */
export async function noteParity(context: JobContext, app: string, isSame: boolean): Promise<void> {
  const now = context.clock.now();
  const parity = afterLook(await readParity(context, app), isSame, now);
  if (parity !== undefined) await write(context, app, 'parity', formatParity(parity));
  else await rm(pathOf(context, app, 'parity'), { force: true });
}

function pathOf({ config }: JobContext, app: string, what: ExportNote): string {
  return join(config.stateDirectory, exportNoteName(app, what));
}

async function write(context: JobContext, app: string, what: ExportNote, text: string): Promise<void> {
  const path = pathOf(context, app, what);
  await inStateDirectory(`write ${path}`, async () => {
    await createDirectories(join(context.config.stateDirectory, 'export'));
    await writeFileAtomically(path, text, { mode: 0o640, toOwner: true });
  });
}
