// Keeps what was installed, so that a later run can tell its own files from an operator's edits.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hashOf, type InstallRecord, recordPath, type Written } from '../../lib/probe/install-record.ts';

/** Whole or not at all; without an app or a service it is removed. */
export function writeRecord(root: string, record: InstallRecord): void {
  const path = join(root, recordPath);
  const isEmpty = Object.keys(record.apps).length === 0 && record.services === undefined;
  if (isEmpty) return rmSync(path, { force: true });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** What is kept of files that are written. */
export function hashesOf(files: ReadonlyMap<string, string>): Written {
  return Object.fromEntries([...files].map(([path, text]) => [path, hashOf(text)]));
}
