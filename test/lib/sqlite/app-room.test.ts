import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { watchAppRoom } from '../../../lib/sqlite/app-room.ts';
import { scratch } from '../../support/scratch.ts';

const MB = 1024 * 1024;

/** A watch over a disk of which the test says how much is free. */
function watch(freeBytes: number) {
  const disk = { freeBytes };
  return { disk, room: watchAppRoom('/srv/app/app.db', () => disk.freeBytes) };
}

const refused = expect.objectContaining({
  kind: 'io',
  message: expect.stringMatching(/only .+ are free on its disk, and the app needs room to write/) as string,
  hint: 'free some space: df -h /srv',
}) as Error;

test('of a roomy disk 32 MiB are left to the app', () => {
  const { disk, room } = watch(1000 * MB);
  disk.freeBytes = 32 * MB;
  expect(room.requireRoom()).toBe(0);
  disk.freeBytes -= 1;
  expect(() => room.requireRoom()).toThrow(refused);
});

test('of a disk that was nearly full before, half of what was free', () => {
  const { disk, room } = watch(10 * MB);
  expect(room.requireRoom()).toBe(0);
  disk.freeBytes = 5 * MB - 1;
  expect(() => room.requireRoom()).toThrow(refused);
});

test('a disk on which nothing can be free, such as a read-only image, is no reason to stop', () => {
  expect(watch(0).room.requireRoom()).toBe(0);
});

test('tells how long the log is, on the disk where it lies', () => {
  const source = join(scratch(), 'app.db');
  const room = watchAppRoom(source);
  expect(room.requireRoom()).toBe(0);
  writeFileSync(`${source}-wal`, 'a log');
  expect(room.requireRoom()).toBe(5);
});
