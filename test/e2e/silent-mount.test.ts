// A share whose server is gone: what only looks says so, and ends, though what it has asked never will.
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backUpIn } from '../support/bad-input.ts';
import { canBeSilent, mountSilence } from '../support/silent-mount.ts';
import { World } from '../support/world.ts';

type Row = [command: string, exitCode: number, says: RegExp];

const noAnswer = (directory: string) =>
  `${directory} \\(fuse\\.silent from nas:/copies\\) did not answer within 15 s`;

describe.skipIf(!canBeSilent())('a mount that never answers (skipped without root and /dev/fuse)', () => {
  test.concurrent('below the store', async () => {
    await using world = await backUpIn(new World());
    await using silence = await mountSilence(world.store);
    void silence;
    const words = new RegExp(noAnswer(world.store));
    await expectEach(world, [
      ['restore status', 0, words],
      ['restore list', 69, words],
      ['restore plan latest', 69, words],
      ['db-backup info', 69, words],
      ['db-backup list-backups', 69, words],
      ['db-backup run', 69, words],
    ]);
  });

  test.concurrent('below the database and the documents', async () => {
    await using world = await backUpIn(new World());
    const documents = join(world.home, 'app/documents');
    mkdirSync(documents);
    world.configure({ app: `[apps.bookings.export]\ndirectory = ${JSON.stringify(documents)}` });
    await using silence = await mountSilence(join(world.home, 'app'));
    void silence;
    const words = new RegExp(noAnswer(join(world.home, 'app')));
    await expectEach(world, [
      ['restore status', 0, words],
      ['restore list', 0, /proven/],
      ['restore plan latest', 69, words],
      ['restore diff latest', 69, words],
      ['db-backup info', 1, words],
      ['db-export-json status', 69, words],
      ['db-backup run', 69, words],
    ]);
  });

  test.concurrent('on which some other program has a file open', async () => {
    await using world = await backUpIn(new World());
    const share = join(world.home, 'share');
    mkdirSync(share);
    await using silence = await mountSilence(share);
    void silence;
    // Only named, and not read: that asks nothing.
    const O_PATH = 0o10000000;
    const descriptor = openSync(share, O_PATH);
    await expectEach(world, [['restore plan latest', 0, /rows +in the backup/]]);
    closeSync(descriptor);
  });
});

/** All of them at once, for each waits as long as the others. */
async function expectEach(world: World, rows: readonly Row[]): Promise<void> {
  const ended = await Promise.all(
    rows.map(async ([line]) => {
      const [command = '', ...args] = line.split(' ');
      const { exitCode, stdout, stderr } = await world.run(command, args);
      return { line, exitCode, said: stdout + stderr };
    }),
  );
  rows.forEach(([line, exitCode, says], at) => {
    expect(ended[at], line).toEqual({ line, exitCode, said: expect.stringMatching(says) as unknown });
  });
}
