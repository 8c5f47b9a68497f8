// What was installed, so that a later run can tell its own files from an operator's edits.
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode, OpsError, systemError } from '../../lib/base/errors.ts';
import { readSmallFileSync } from '../../lib/files/read-small-file.ts';

export const recordPath = '/etc/holdfast/installed.json';
const recordBytesMax = 16 * 1024 * 1024;

/** Path on the system to the SHA-256 of what was written there. */
export type Written = Record<string, string>;

export interface InstallRecord {
  version: 1;
  shared: Written;
  apps: Record<string, InstalledApp>;
}

/** What was installed for an app. */
export interface InstalledApp {
  files: Written;
  environmentFile: string | undefined;
  /** Undefined where an environment file is all there is, and in records of an older installer. */
  configFile?: string | undefined;
  /** Undefined in records of an older installer. */
  user?: string | undefined;
}

export function readRecord(root: string): InstallRecord {
  const text = textOf(join(root, recordPath));
  if (text === undefined) return { version: 1, shared: {}, apps: {} };
  const record = parse(text);
  if (record !== undefined) return record;
  throw new OpsError('damaged', `cannot use ${recordPath}: it is not what an installation wrote`, {
    hint: `move it away: files that were installed then count as an operator's, and --replace-edited replaces them`,
  });
}

/** Empty for what no installation wrote: a link, a pipe, a file without an end. */
function textOf(path: string): string | undefined {
  try {
    return readSmallFileSync(path, { sizeBytesMax: recordBytesMax, follow: false }).toString('utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (error instanceof OpsError || errorCode(error) === 'ELOOP') return '';
    throw systemError(`read ${recordPath}`, error);
  }
}

/** Whole or not at all; without an app it is removed. */
export function writeRecord(root: string, record: InstallRecord): void {
  const path = join(root, recordPath);
  if (Object.keys(record.apps).length === 0) return rmSync(path, { force: true });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** What is kept of files that are written. */
export function hashesOf(files: ReadonlyMap<string, string>): Written {
  return Object.fromEntries([...files].map(([path, text]) => [path, hashOf(text)]));
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function parse(text: string): InstallRecord | undefined {
  try {
    const value = JSON.parse(text) as Partial<InstallRecord>;
    const isRecord =
      value.version === 1 && typeof value.shared === 'object' && typeof value.apps === 'object';
    return isRecord ? (value as InstallRecord) : undefined;
  } catch {
    return undefined; // not JSON: the caller says so
  }
}
