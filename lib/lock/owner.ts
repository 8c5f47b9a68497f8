// Who holds a lock: a small file beside it, for people. The kernel decides; this file only gives the holder a name.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../base/errors.ts';
import { clip, printable } from '../base/printable.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { readRecord } from '../files/read-small-file.ts';
import { processAlive } from '../files/process-identity.ts';
import { Fields, ifWhole } from '../record/fields.ts';
import { parseJsonObject } from '../record/json-object.ts';
import { parseProcess, type ProcessIdentity, processFields } from '../record/process-identity.ts';

/** One process that holds, or held, a lock. */
export interface LockOwner extends ProcessIdentity {
  /** What it does, as messages name it: `db-backup run`. */
  purpose: string;
  runId: string;
  since: Date;
}

/** What the owner file of a lock says. */
export interface OwnerRecord {
  owner: LockOwner;
  alive: boolean;
}

const textLengthMax = 200;
const ownerBytesMax = 64 * 1024;

export function ownerPath(directory: string, name: string): string {
  return join(directory, `${name}.owner.json`);
}

/** Writes the owner file and returns its text, by which `removeOwner` knows it again. */
export async function writeOwner(directory: string, name: string, owner: LockOwner): Promise<string> {
  const text = formatOwner(owner);
  // For whoever finds the lock taken, of whatever group: it says which process, and nothing that is secret.
  await writeFileAtomically(ownerPath(directory, name), text, { mode: 0o644 });
  return text;
}

/** What the owner file says; undefined when there is none, or none that can be understood. */
export async function readOwner(directory: string, name: string): Promise<OwnerRecord | undefined> {
  const owner = parseOwner((await readText(ownerPath(directory, name))) ?? '');
  return owner === undefined ? undefined : { owner, alive: processAlive(owner) };
}

/** Whether the owner file is the one with this text. `unknown` when there is no file, or was no text. */
export async function compareOwner(
  directory: string,
  name: string,
  text: string | undefined,
): Promise<'ours' | 'other' | 'unknown'> {
  const found = await readText(ownerPath(directory, name));
  if (found === undefined || text === undefined) return 'unknown';
  return found === text ? 'ours' : 'other';
}

/** Removes the owner file. One that is gone already is fine. */
export async function removeOwner(directory: string, name: string): Promise<void> {
  await rm(ownerPath(directory, name), { force: true });
}

/** Who holds a lock, for display; undefined when nobody does, and when a program does that leaves no owner file. */
export async function lockHolder(directory: string, name: string): Promise<LockOwner | undefined> {
  const record = await readOwner(directory, name);
  return record?.alive === true ? record.owner : undefined;
}

function formatOwner({ purpose, runId, since, ...identity }: LockOwner): string {
  const fields = { ...processFields(identity), purpose, run_id: runId, since: since.toISOString() };
  return `${JSON.stringify(fields)}\n`;
}

/** Undefined where it was not written by us; the lock is held all the same. */
function parseOwner(text: string): LockOwner | undefined {
  return ifWhole((flaw) => {
    const fields = new Fields(parseJsonObject(text), '', flaw);
    const identity = parseProcess(fields);
    if (identity.pid === 0) throw flaw('pid is 0');
    return {
      ...identity,
      host: shown(identity.host),
      purpose: shown(fields.string('purpose')),
      runId: shown(fields.string('run_id')),
      since: fields.instant('since'),
    };
  });
}

/** Whoever may take the lock may write this file, and its words go to a terminal. */
function shown(text: string): string {
  return clip(printable(text), textLengthMax);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readRecord(path, ownerBytesMax);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined; // absent, or not ours to read: the holder has no name then
  }
}
