// What a run has outside of the directories that every run sweeps: scratch beside a file that a person named, an object
// that it tries the store with. A note in the run's own scratch says so, for the run that finds it dead.
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fields, ifWhole } from '../record/fields.ts';
import { parseJsonObject } from '../record/json-object.ts';
import type { HeldDirectory } from './held-directory.ts';
import { readSmallFile } from './read-small-file.ts';
import { noteBytesMax } from './scratch-leftover.ts';
import { syncDirectory } from './sync.ts';

/** What the next run has to remove if this one is killed. */
export interface LeftElsewhere {
  /** A directory in which the run makes scratch too. */
  scratchIn?: string | undefined;
  /** The name of an object in the store. */
  object?: string | undefined;
}

const noteName = 'left.json';

/** Writes the note into scratch of this run that has none yet; it is on the device when this returns. */
export async function noteLeftElsewhere(
  scratch: Pick<HeldDirectory, 'at'>,
  { scratchIn, object }: LeftElsewhere,
): Promise<void> {
  const path = scratch.at(noteName);
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(`${JSON.stringify({ scratch_in: scratchIn, object })}\n`);
  await file.sync();
  await syncDirectory(dirname(path));
}

/** The note in scratch of a dead run: believed when we wrote it. Nothing where there is none. */
export async function readLeftElsewhere(left: Pick<HeldDirectory, 'at'>): Promise<LeftElsewhere> {
  const options = { sizeBytesMax: noteBytesMax, follow: false };
  const note = await readSmallFile(left.at(noteName), options).catch(() => undefined);
  if (note === undefined || Number(note.status.uid) !== process.geteuid?.()) return {};
  const found = ifWhole((flaw) => {
    const fields = new Fields(parseJsonObject(note.bytes.toString('utf8')), '', flaw);
    const optional = (key: string) => (fields.has(key) ? fields.text(key) : undefined);
    return { scratchIn: optional('scratch_in'), object: optional('object') };
  });
  return found ?? {}; // cut short
}
