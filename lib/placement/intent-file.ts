// The intent as a file beside the database: whoever comes after a kill learns from it what was being done, and
// tells from the inode in place how far it got (R6).
import { readFile, readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ifThere } from '../files/if-there.ts';
import { publishFile } from '../files/publish-file.ts';
import { syncDirectory } from '../files/sync.ts';
import { type Intent, formatIntent, parseIntent } from './intent.ts';
import { abandonedIntentPrefix, intentPath, timeStamp } from './names.ts';
import { removeStaging } from './staging.ts';
import { wrapped } from './wrapped.ts';

/** The intent beside `target`, undefined when no placement is under way. Throws OpsError `damaged` when it is unreadable. */
export async function readIntent(target: string): Promise<Intent | undefined> {
  const path = intentPath(target);
  const text = await readTextIfThere(path);
  return text === undefined ? undefined : parseIntent(text, path, target);
}

/** Writes the intent, replacing an earlier one; durable when it returns, whole or unchanged when it is killed. */
export async function writeIntent(intent: Intent): Promise<void> {
  // Made in the staging directory: if the process is killed meanwhile, it goes where that goes.
  const temporary = join(intent.staging, 'intent.json');
  await wrapped(`write ${temporary}`, () => writeFile(temporary, formatIntent(intent), { mode: 0o600 }));
  await publishFile(temporary, intentPath(intent.target), { replace: true });
}

/**
 * Ends the placement that `intent` stands for, whichever database is in place: removes its staging directory, then the
 * intent. What is gone already is no error.
 */
export async function endPlacement({ target, staging }: Intent): Promise<void> {
  const path = intentPath(target);
  await removeStaging(staging);
  await wrapped(`remove ${path}`, () => ifThere(unlink(path)));
  await syncDirectory(dirname(path));
}

/** Gives the intent up but keeps it for people to read. Returns the path it has then. */
export async function abandonIntent(target: string, at: Date): Promise<string> {
  const kept = join(dirname(target), `${abandonedIntentPrefix(target)}${timeStamp(at)}`);
  await wrapped(`rename ${intentPath(target)}`, () => rename(intentPath(target), kept));
  await syncDirectory(dirname(target));
  return kept;
}

/** The names of the staging directories that an intent beside `target` names, given up or not. */
export async function namedStagings(target: string): Promise<Set<string>> {
  const directory = dirname(target);
  const prefix = abandonedIntentPrefix(target);
  const names = await wrapped(`list ${directory}`, () => readdir(directory));
  const intents = names.filter((name) => name === basename(intentPath(target)) || name.startsWith(prefix));
  const stagings = new Set<string>();
  for (const name of intents) {
    const path = join(directory, name);
    const text = await readTextIfThere(path);
    if (text !== undefined) stagings.add(basename(parseIntent(text, path, target).staging));
  }
  return stagings;
}

async function readTextIfThere(path: string): Promise<string | undefined> {
  return wrapped(`read ${path}`, () => ifThere(readFile(path, 'utf8')));
}
