// Who holds a lock: a small file beside it, for people. The kernel decides; this file only gives the holder a name.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../base/errors.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { processAlive, type ProcessIdentity } from '../files/process-identity.ts';

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

function ownerPath(directory: string, name: string): string {
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
  const owner = parseOwner(await readText(ownerPath(directory, name)));
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

function formatOwner(owner: LockOwner): string {
  const fields = {
    host: owner.host,
    machine: owner.machine,
    boot_id: owner.bootId,
    pid_namespace: owner.pidNamespace,
    pid: owner.pid,
    start_ticks: owner.startTicks,
    purpose: owner.purpose,
    run_id: owner.runId,
    since: owner.since.toISOString(),
  };
  return `${JSON.stringify(fields)}\n`;
}

function parseOwner(text: string | undefined): LockOwner | undefined {
  const fields = parseObject(text);
  if (fields === undefined) return undefined;
  const { host, machine, boot_id, pid_namespace, pid, start_ticks, purpose, run_id, since } = fields;
  const texts = [host, machine, boot_id, pid_namespace, purpose, run_id, since].map(shownText);
  const [hostText, machineText, bootId, pidNamespace, purposeText, runId, sinceText] = texts;
  if (hostText === undefined || machineText === undefined || bootId === undefined) return undefined;
  if (pidNamespace === undefined || purposeText === undefined || runId === undefined) return undefined;
  if (!isCount(pid) || pid === 0 || !isCount(start_ticks)) return undefined;
  const sinceDate = new Date(sinceText ?? '');
  if (Number.isNaN(sinceDate.getTime())) return undefined;
  return {
    host: hostText,
    machine: machineText,
    bootId,
    pidNamespace,
    pid,
    startTicks: start_ticks,
    purpose: purposeText,
    runId,
    since: sinceDate,
  };
}

/** Whoever may take the lock may write this file, and its words go to a terminal: no control characters. */
function shownText(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  // eslint-disable-next-line no-control-regex -- control characters are what is removed
  return value.slice(0, textLengthMax).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined; // not written by us; the lock is held all the same
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined; // absent, or not ours to read: the holder has no name then
  }
}
