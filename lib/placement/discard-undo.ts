// Undo sets that are no longer wanted: removed file by file, by names that we gave, in directories of ours
// (docs/threat-model.md, rule 5). What else lies in one was put there by a person, and keeps the whole of it.
import { shellWord } from '../base/shell-word.ts';
import { lstat, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { ifThere } from '../files/if-there.ts';
import { memberSuffixes, type SetPlace } from './database-set.ts';
import { undoOrder } from './names.ts';
import { holdOwnDirectory } from './own.ts';
import type { UndoSet } from './undo-list.ts';
import { undoRecordName } from './undo-record.ts';
import { wrapped } from './wrapped.ts';

/** How old an undo set may become before it is a finding, and before it is discarded without being named. */
export const undoAgeMsMax = 14 * 24 * 60 * 60 * 1000;

/** The instant that an undo set was made, by its name; undefined where that is not one. */
export function undoMadeAt(database: string, { name }: Pick<UndoSet, 'name'>): Date | undefined {
  const stamp = undoOrder(database, name)?.stamp;
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp ?? '');
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second] = found;
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/**
 * Removes the undo set `name` beside `target`. Its record goes first, so that a kill leaves nothing that could be brought
 * back in part. Throws OpsError `refused` where it is not ours or holds what we did not put there, and then nothing of it is
 * gone; `missing` where it is not there.
 */
export async function discardUndoSet(target: SetPlace, name: string): Promise<void> {
  const { directory: parent } = target;
  const path = join(parent.path, name);
  const ours = [undoRecordName, ...memberSuffixes.toReversed().map((suffix) => `${target.name}${suffix}`)];
  {
    using directory = await holdOwnDirectory(parent, name);
    await wrapped(`remove ${path}`, async () => {
      for (const found of await directory.names()) {
        const isFile = ours.includes(found) && (await lstat(directory.at(found))).isFile();
        if (!isFile)
          throw new OpsError('refused', `cannot remove ${path}: ${found} in it is not of Holdfast's making`, {
            hint: `look at it, and move it away: ls -la ${shellWord(path)}`,
          });
      }
      for (const file of ours) {
        await ifThere(unlink(directory.at(file)));
        await directory.sync();
      }
    });
  }
  await wrapped(`remove ${path}`, () => rmdir(parent.at(name)));
  await parent.sync();
}
