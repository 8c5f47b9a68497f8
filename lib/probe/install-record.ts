// What an installation has put on this machine: its record, read. units/install/record.ts writes it.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { readSmallFileSync } from '../files/read-small-file.ts';

export const recordPath = '/etc/holdfast/installed.json';
const recordBytesMax = 16 * 1024 * 1024;

/** Path on the system to the SHA-256 of what was written there. */
export type Written = Record<string, string>;

export interface InstallRecord {
  version: 1;
  shared: Written;
  apps: Record<string, InstalledApp>;
  /** What belongs to none of them; undefined where nothing does. */
  services?: { files: Written; configFile: string; user: string } | undefined;
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

/** Empty where nothing is installed. Throws OpsError `damaged` for what no installation wrote. */
export function readRecord(root: string): InstallRecord {
  const text = textOf(join(root, recordPath));
  if (text === undefined) return { version: 1, shared: {}, apps: {} };
  const record = parse(text);
  if (record !== undefined) return record;
  throw new OpsError('damaged', `cannot use ${recordPath}: it is not what an installation wrote`, {
    hint: `move it away: files that were installed then count as an operator's, and --replace-edited replaces them`,
  });
}

/** The same where something else says that it cannot be used; then it is empty. */
export function knownRecord(root: string): InstallRecord {
  try {
    return readRecord(root);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return { version: 1, shared: {}, apps: {} };
  }
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
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

function parse(text: string): InstallRecord | undefined {
  try {
    const value = JSON.parse(text) as Partial<InstallRecord>;
    const isRecord =
      value.version === 1 &&
      isWritten(value.shared) &&
      isTable(value.apps) &&
      Object.values(value.apps).every(isApp) &&
      (value.services === undefined || isApp(value.services));
    return isRecord ? (value as InstallRecord) : undefined;
  } catch {
    return undefined; // not JSON: the caller says so
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWritten(value: unknown): boolean {
  return isTable(value) && Object.values(value).every((hash) => typeof hash === 'string');
}

function isApp(value: unknown): boolean {
  return isTable(value) && isWritten(value.files);
}
