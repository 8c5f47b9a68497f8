// A small note in the state directory about work under way: if this run is killed, the next one finds it.
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createDirectories, writeFileAtomically } from './durable.ts';
import { readRecord } from './read-small-file.ts';
import { inStateDirectory } from './state-directory.ts';

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

/**
 * The note about `work`: `<state directory>/<work>/<app>/note.json`. The directory is the app's own, so that under the
 * app's lock it may be removed with whatever a killed run left in it.
 */
export function stateNote(stateDirectory: string, work: string, app: string): StateNote {
  const path = join(stateDirectory, work, app, 'note.json');
  return {
    path,
    write: (text) =>
      inStateDirectory(`write ${path}`, async () => {
        await createDirectories(dirname(path), 0o750);
        await writeFileAtomically(path, text, { mode: 0o640 });
      }),
    read: () => inStateDirectory(`read ${path}`, () => readRecord(path, noteBytesMax)),
    remove: () =>
      inStateDirectory(`remove ${path}`, () => rm(dirname(path), { recursive: true, force: true })),
  };
}
