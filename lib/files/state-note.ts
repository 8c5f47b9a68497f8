// A small note in the state directory about work under way: if this run is killed, the next one finds it.
import { rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeFileAtomically } from './durable.ts';
import { ifPathThere } from './if-there.ts';
import { locateDirectory } from './locate-file.ts';
import { createDirectories } from './make-directories.ts';
import { readRecord } from './read-small-file.ts';
import { removeIn } from './remove-in.ts';
import { inStateDirectory } from './state-directory.ts';

const noteName = 'note.json';
/** The longest of them is a manifest. */
const noteBytesMax = 1024 * 1024;

/** The note of one app about one kind of work. Every method throws OpsError where the state directory cannot be used. */
export interface StateNote {
  readonly path: string;
  write(text: string): Promise<void>;
  /** Undefined when there is none, and empty where something else has its name. */
  read(): Promise<string | undefined>;
  /** Removes it; again is fine. */
  remove(): Promise<void>;
}

/** Removes the directory of a note; that the note is gone is on the device first, whatever becomes of the directory. */
async function removeNotes(path: string): Promise<void> {
  using parent = await ifPathThere(locateDirectory(dirname(path)));
  using directory = await ifPathThere(parent?.hold(basename(path)) ?? Promise.resolve(undefined));
  if (parent === undefined || directory === undefined) return;
  for (const name of await directory.names()) {
    const removal = removeIn(directory, name);
    await (name === noteName ? removal : removal.catch(() => undefined)); // what else lies there says nothing
  }
  await directory.sync();
  await rmdir(parent.at(basename(path))).catch(() => undefined); // without its note it says nothing either
}

/** Writes a note at `path` in the state directory. Throws OpsError where that cannot be used. */
export function writeStateNote(path: string, text: string): Promise<void> {
  return inStateDirectory(`write ${path}`, async () => {
    await createDirectories(dirname(path), 0o750);
    await writeFileAtomically(path, text, { mode: 0o640, toOwner: true });
  });
}

/**
 * The note about `work`: `<state directory>/<work>/<app>/note.json`. The directory is the app's own, so that under the
 * app's lock it may be removed with whatever a killed run left in it.
 */
export function stateNote(stateDirectory: string, work: string, app: string): StateNote {
  const path = join(stateDirectory, work, app, noteName);
  return {
    path,
    write: (text) => writeStateNote(path, text),
    read: () => inStateDirectory(`read ${path}`, () => readRecord(path, noteBytesMax)),
    remove: () => inStateDirectory(`remove ${path}`, () => removeNotes(dirname(path))),
  };
}
