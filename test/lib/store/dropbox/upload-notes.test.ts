// Notes of unfinished uploads: only the same bytes go on, and nothing stays for ever.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createUploadNotes } from '../../../../lib/store/dropbox/upload-notes.ts';
import { fixedClock } from '../../../support/fixed-clock.ts';
import { recordingLog } from '../../../support/recording-log.ts';
import { scratch } from '../../../support/scratch.ts';

const day = 24 * 3600 * 1000;
const content = { contentHash: 'a'.repeat(64), sizeBytes: 1000 };
const other = { contentHash: 'b'.repeat(64), sizeBytes: 1000 };
const path = '/latest/bookings.db';

function someNotes() {
  const [clock, log, directory] = [fixedClock(), recordingLog(), join(scratch(), 'uploads')];
  return { notes: createUploadNotes(directory, clock, log), clock, log, directory };
}

test('what is remembered is found again, by the next process too', async () => {
  const { notes, directory, clock, log } = someNotes();
  expect(await notes.find(content, path)).toBeUndefined();
  await notes.remember(content, path, 'session-1');
  expect(await notes.find(content, path)).toBe('session-1');
  expect(await createUploadNotes(directory, clock, log).find(content, path)).toBe('session-1');
});

test('is private', async () => {
  const { notes, directory } = someNotes();
  await notes.remember(content, path, 'session-1');
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777)).toEqual([0o600]);
});

test('other bytes find nothing', async () => {
  const { notes } = someNotes();
  await notes.remember(content, path, 'session-1');
  expect(await notes.find(other, '/elsewhere.db')).toBeUndefined();
  expect(await notes.find({ ...content, sizeBytes: 999 }, path)).toBeUndefined();
});

test('the same bytes on their way to another name go on', async () => {
  const { notes } = someNotes();
  await notes.remember(content, path, 'session-1');
  expect(await notes.find(content, '/backups/bookings/before.db')).toBe('session-1');
});

test('other bytes for the same path: the note is gone; one for another path stays', async () => {
  const { notes, directory } = someNotes();
  await notes.remember(content, path, 'session-1');
  await notes.remember({ ...content, contentHash: 'c'.repeat(64) }, '/latest/shop.db', 'session-2');
  await notes.find(other, path);
  expect(readdirSync(directory)).toEqual([`${'c'.repeat(64)}.json`]);
});

test('after six days it is gone', async () => {
  const { notes, clock, directory } = someNotes();
  await notes.remember(content, path, 'session-1');
  clock.advance(6 * day - 1);
  expect(await notes.find(content, path)).toBe('session-1');
  clock.advance(1);
  expect(await notes.find(content, path)).toBeUndefined();
  expect(readdirSync(directory)).toEqual([]);
});

test('a clock that was set back by more makes it gone too', async () => {
  const { notes, clock } = someNotes();
  await notes.remember(content, path, 'session-1');
  clock.advance(-7 * day);
  expect(await notes.find(content, path)).toBeUndefined();
});

test('forgotten is forgotten; again is fine', async () => {
  const { notes } = someNotes();
  await notes.remember(content, path, 'session-1');
  await notes.forget(content);
  await notes.forget(content);
  expect(await notes.find(content, path)).toBeUndefined();
});

test.each([
  ['half of one', (text: string) => text.slice(0, text.length / 2)],
  ['another format', (text: string) => text.replace('holdfast-upload', 'something')],
  ['a later version', (text: string) => text.replace('"version":1', '"version":2')],
  ['no time', (text: string) => text.replace(/"started_at":"[^"]*"/, '"started_at":"soon"')],
  ['nothing', () => ''],
  ['null', () => 'null'],
])('a note that is %s is as none, and is removed', async (_, change) => {
  const { notes, directory } = someNotes();
  await notes.remember(content, path, 'session-1');
  const file = join(directory, `${content.contentHash}.json`);
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  expect(await notes.find(content, path)).toBeUndefined();
  expect(readdirSync(directory)).toEqual([]);
});

test('a directory that cannot be made costs the resumption, and is told', async () => {
  const directory = join(scratch(), 'file', 'uploads');
  mkdirSync(join(directory, '..', '..'), { recursive: true });
  writeFileSync(join(directory, '..'), 'a file');
  const log = recordingLog();
  const notes = createUploadNotes(directory, fixedClock(), log);
  await notes.remember(content, path, 'session-1');
  expect(log.lines).toMatchObject(
    [{ level: 'warn', message: /cannot be remembered/ }].map(() => ({ level: 'warn' })),
  );
  expect(await notes.find(content, path)).toBeUndefined();
  await notes.forget(content);
});
