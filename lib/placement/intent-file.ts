// The intent as a file beside the database: whoever comes after a kill learns from it what was being done, and
// tells from the inode in place how far it got (R6).
import { rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from '../files/if-there.ts';
import { publishFile } from '../files/publish-file.ts';
import type { SetPlace } from './database-set.ts';
import { type Intent, formatIntent, parseIntent } from './intent.ts';
import { abandonedIntentPrefix, intentName, timeStamp } from './names.ts';
import { readOwnRecord } from './own.ts';
import { removeLeftover, type Staging } from './staging.ts';
import { wrapped } from './wrapped.ts';

/**
 * The intent beside `target`, undefined when no placement is under way. Throws OpsError `damaged` when it is unreadable,
 * `refused` when it is not ours.
 */
export async function readIntent(target: SetPlace): Promise<Intent | undefined> {
  return readIntentAt(target, intentName(target.name));
}

/** Writes the intent, replacing an earlier one; durable when it returns, whole or unchanged when it is killed. */
export async function writeIntent(
  target: SetPlace,
  { directory: staging }: Pick<Staging, 'directory'>,
  intent: Intent,
): Promise<void> {
  // Made in the staging directory: if the process is killed meanwhile, it goes where that goes.
  const temporary = staging.at('intent.json');
  const called = join(target.directory.path, intentName(target.name));
  await wrapped(`write ${called}`, () => writeFile(temporary, formatIntent(intent), { mode: 0o600 }));
  await publishFile(temporary, target.directory.at(intentName(target.name)), { replace: true });
}

/**
 * Ends the placement that `intent` stands for, whichever database is in place: removes its staging directory, then the
 * intent. What is gone already is no error.
 */
export async function endPlacement(target: SetPlace, { staging }: Intent): Promise<void> {
  const name = intentName(target.name);
  await removeLeftover(target, staging);
  const called = join(target.directory.path, name);
  await wrapped(`remove ${called}`, () => ifThere(unlink(target.directory.at(name))));
  await target.directory.sync();
}

/** Gives the intent up but keeps it for people to read. Returns the path it has then. */
export async function abandonIntent({ directory, name }: SetPlace, at: Date): Promise<string> {
  const kept = `${abandonedIntentPrefix(name)}${timeStamp(at)}`;
  const called = join(directory.path, intentName(name));
  await wrapped(`rename ${called}`, () => rename(directory.at(intentName(name)), directory.at(kept)));
  await directory.sync();
  return join(directory.path, kept);
}

/** The names of the staging directories that an intent beside `target` names, given up or not. */
export async function namedStagings(target: SetPlace): Promise<Set<string>> {
  const { directory, name: database } = target;
  const prefix = abandonedIntentPrefix(database);
  const names = await wrapped(`list ${directory.path}`, () => directory.names());
  const intents = names.filter((name) => name === intentName(database) || name.startsWith(prefix));
  const stagings = new Set<string>();
  for (const name of intents) {
    const intent = await readIntentAt(target, name);
    if (intent !== undefined) stagings.add(intent.staging);
  }
  return stagings;
}

async function readIntentAt(target: SetPlace, name: string): Promise<Intent | undefined> {
  const text = await readOwnRecord(target.directory, name);
  return text === undefined ? undefined : parseIntent(text, join(target.directory.path, name), target.name);
}
