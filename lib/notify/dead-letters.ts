// Messages that a service refused for good, kept for a person: dead letters.
import { randomBytes } from 'node:crypto';
import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemError } from '../base/errors.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { createDirectories } from '../files/make-directories.ts';
import { ifPathThere } from '../files/if-there.ts';
import { readRecord } from '../files/read-small-file.ts';
import { formatJsonRecord, type RecordFormat } from '../record/json-record.ts';
import { parseJsonObject } from '../record/json-object.ts';
import type { Message } from './channel.ts';

/** A dead letter, or a spool file that was none of ours. */
export interface DeadLetter {
  name: string;
  /** Why it lies there; undefined where nobody knows. */
  reason: string | undefined;
  modifiedAt: Date;
}

const lettersMax = 200;
const letterBytesMax = 1024 * 1024;
const format: RecordFormat = { name: 'holdfast-dead-letter', version: 1 };

/** Keeps a refused message. The oldest letters give way when there are 200. */
export async function keepDeadLetter(
  directory: string,
  { channel, reason, message, now }: { channel: string; reason: string; message: Message; now: number },
): Promise<string> {
  await createDirectories(directory);
  const at = new Date(now).toISOString();
  const name = `${at.replace(/[-:.]/g, '')}-${channel}-${randomBytes(4).toString('hex')}.json`;
  const { title, body, priority } = message;
  const letter = formatJsonRecord(format, { at, channel, reason, title, body, priority }, 2);
  await writeFileAtomically(join(directory, name), letter, { mode: 0o640 });
  const names = (await namesIn(directory)).sort();
  for (const old of names.slice(0, -lettersMax)) await unlink(join(directory, old)).catch(() => undefined); // the next one tries again
  return join(directory, name);
}

/** What lies there, oldest first. */
export async function deadLetters(directory: string): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for (const name of (await namesIn(directory)).sort()) {
    const status = await lstat(join(directory, name)).catch(() => undefined);
    if (status === undefined) continue; // removed by a person meanwhile
    letters.push({
      name,
      reason: status.isFile() ? await reasonOf(join(directory, name)) : undefined,
      modifiedAt: status.mtime,
    });
  }
  return letters;
}

async function reasonOf(path: string): Promise<string | undefined> {
  try {
    // A spool file that could not be parsed has none.
    const reason = parseJsonObject((await readRecord(path, letterBytesMax)) ?? '')?.['reason'];
    return typeof reason === 'string' ? reason : undefined;
  } catch {
    return undefined; // it cannot even be read
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    const names = (await ifPathThere(readdir(directory))) ?? [];
    return names.filter((name) => !name.startsWith('.'));
  } catch (error) {
    throw systemError(`read ${directory}`, error);
  }
}
