// What is copied for a reader are the bytes that were hashed, or nothing: the owner of the directory may do there what they like.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashLying, stageDocuments } from '../../../jobs/db-export-json/steps/stage-documents.ts';
import { holdDirectory } from '../../../lib/files/held-directory.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { scratch } from '../../support/scratch.ts';

const context = { signal: new AbortController().signal } as JobContext;
const text = '{"date":"2026-11-27"}\n';
const sha256 = createHash('sha256').update(text).digest('hex');

const changes: [string, (path: string, home: string) => void][] = [
  ['is gone', (path) => rmSync(path)],
  ['has other bytes of the same length', (path) => writeFileSync(path, text.replace('7', '8'))],
  ['has grown', (path) => writeFileSync(path, `${text}more`)],
  ['is empty', (path) => writeFileSync(path, '')],
  ['is a directory', (path) => (rmSync(path), mkdirSync(path))],
  ['is a link to the very same bytes', (path, home) => (rmSync(path), symlinkSync(join(home, 'same'), path))],
  ['is a link to a secret', (path, home) => (rmSync(path), symlinkSync(join(home, 'secret'), path))],
  ['is a pipe', (path) => (rmSync(path), void execFileSync('mkfifo', [path]))],
  ['is a device without an end', (path) => (rmSync(path), symlinkSync('/dev/zero', path))],
];

test.each(changes)('a document that %s is not sent, and the others are', async (_, change) => {
  const home = scratch();
  const documents = join(home, 'documents');
  mkdirSync(documents);
  writeFileSync(join(home, 'secret'), 'a secret');
  writeFileSync(join(home, 'same'), text);
  for (const name of ['a.json', 'b.json']) {
    writeFileSync(join(documents, name), text);
    utimesSync(join(documents, name), 1_600_000_000, 1_600_000_000);
  }
  const offered = ['a.json', 'b.json'].map((name) => ({ name, sha256, isHeld: false }));
  change(join(documents, 'a.json'), home);
  using directory = await holdDirectory(documents);
  const private_ = join(home, 'private');
  mkdirSync(private_);
  using held = await holdDirectory(private_);
  expect(await stageDocuments(context, directory, offered, held)).toEqual([offered[1]]);
  const staged = join(private_, 'documents');
  expect(readFileSync(join(staged, 'b.json'), 'utf8')).toBe(text);
  expect(statSync(join(staged, 'b.json')).mtimeMs).toBe(1_600_000_000_000);
  for (const name of readdirSync(staged))
    expect(readFileSync(join(staged, name), 'utf8')).not.toContain('secret');
  expect(await hashLying(context, directory, 'a.json')).not.toBe(sha256);
});

test.each([
  ['a document that the app has written to its end', text, true],
  ['one that it is about to write', text.slice(0, -3), false],
  ['one that it has just begun', '', false],
  ['one with half a character at its end', Buffer.from('"\u00fc"').subarray(0, 2), false],
])('of what no database vouches for, %s', async (_, content, isStaged) => {
  const home = scratch();
  for (const folder of ['documents', 'private']) mkdirSync(join(home, folder));
  writeFileSync(join(home, 'documents/a.json'), content);
  using directory = await holdDirectory(join(home, 'documents'));
  const lying = createHash('sha256').update(content).digest('hex');
  const offered = [{ name: 'a.json', sha256: lying, isHeld: false, isUnproven: true }];
  using held = await holdDirectory(join(home, 'private'));
  const staged = await stageDocuments(context, directory, offered, held);
  expect(staged).toEqual(isStaged ? offered : []);
});
