// Whether a standby was made the machine that an app lives on. What was begun and not finished is told by the file that is
// in place, so that a kill at any instant leaves one answer and not two.
import { OpsError } from '../base/errors.ts';
import { locateFile } from '../files/locate-file.ts';
import { type StateNote, stateNote } from '../files/state-note.ts';
import { memberAt } from './database-set.ts';
import { fileMark, isSameFile } from './file-mark.ts';
import type { StandbyOf } from './warm-copy.ts';
import { formatPromotion, parsePromotion, type Promotion } from './warm-copy-record.ts';

/** The folder of its notes in the state directory: units look whether there is one. */
const promotedNotes = 'promoted';

/**
 * The promotion by which the app lives on this machine; undefined where there was none, or it did not come so far. Throws
 * OpsError `damaged` for a note that cannot be used, and what looking at the database throws.
 */
export async function livePromotion(of: StandbyOf & { database: string }): Promise<Promotion | undefined> {
  const note = noteOf(of);
  const text = await note.read();
  const promotion = text === undefined ? undefined : parsePromotion(text, note.path);
  if (promotion === undefined || promotion.state === 'live') return promotion;
  return (await isInPlace(promotion, of.database)) ? promotion : undefined;
}

/** Writes the note of a promotion; durable when it returns. */
export async function writePromotion(of: StandbyOf, promotion: Promotion): Promise<void> {
  await noteOf(of).write(formatPromotion(promotion));
}

/**
 * Ends what was begun, whatever came of it: a promotion whose database is in place is live, any other one never was. Called
 * under the app's lock; again is fine.
 */
export async function settlePromotion(of: StandbyOf & { database: string }): Promise<void> {
  const note = noteOf(of);
  const text = await note.read();
  const promotion = text === undefined ? undefined : parsePromotion(text, note.path);
  if (promotion?.state !== 'placing') return;
  if (await isInPlace(promotion, of.database)) await writePromotion(of, { ...promotion, state: 'live' });
  else await removePromotion(of);
}

/** Removes it; again is fine. */
export async function removePromotion(of: StandbyOf): Promise<void> {
  await noteOf(of).remove();
}

async function isInPlace({ placed }: Promotion, database: string): Promise<boolean> {
  try {
    using target = await locateFile(database);
    return isSameFile(await fileMark(memberAt(target), target.path), placed);
  } catch (error) {
    if (error instanceof OpsError && (error.kind === 'missing' || error.kind === 'refused')) return false;
    throw error;
  }
}

function noteOf({ stateDirectory, app }: StandbyOf): StateNote {
  return stateNote(stateDirectory, promotedNotes, app);
}
