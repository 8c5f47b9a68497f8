import { chmod, link, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import Database from 'better-sqlite3';
import { accountName } from '../../../lib/files/accounts.ts';
import { findHolders, requireNoHolders } from '../../support/by-path.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { scratch } from '../../support/scratch.ts';
import { spawnTypeScript } from '../../support/spawn-lines.ts';

const holdOpen = fileURLToPath(new URL('../../fixtures/hold-open.ts', import.meta.url));

const me = accountName('user', process.geteuid?.() ?? 0);

async function heldDatabase() {
  const directory = scratch();
  const path = join(directory, 'app.db');
  new Database(path).pragma('journal_mode = wal');
  const holder = spawnTypeScript(holdOpen, [path, 'hunter2']);
  onTestFinished(() => holder.kill('SIGKILL'));
  await holder.line('open');
  return { directory, path, holder };
}

test('a process that holds the database open is named, without its arguments', async () => {
  const { path, holder } = await heldDatabase();
  const { holders } = await findHolders(path);
  expect(holders).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ pid: holder.pid, command: 'node hold-open.ts', path, user: me }),
      expect.objectContaining({
        pid: holder.pid,
        command: 'node hold-open.ts',
        path: `${path}-shm`,
        user: me,
      }),
    ]),
  );
  expect(JSON.stringify(holders)).not.toContain('hunter2');
});

test('it is found by the file, whatever names the file has or had', async () => {
  const { directory, path, holder } = await heldDatabase();
  await link(path, join(directory, 'second-name'));
  await rename(path, join(directory, 'renamed'));
  for (const name of ['second-name', 'renamed']) {
    const { holders } = await findHolders(join(directory, name));
    expect(holders.map(({ pid }) => pid)).toEqual([holder.pid]);
  }
  const { holders } = await findHolders(path);
  expect(holders.map((one) => one.path)).not.toContain(path);
});

test('our own process does not count, nor does one that has ended', async () => {
  const { path, holder } = await heldDatabase();
  await holder.kill('SIGKILL');
  const own = new Database(path);
  own.pragma('schema_version');
  expect((await findHolders(path)).holders).toEqual([]);
  own.close();
});

test('a database that is held open is not replaced, and the refusal names the holder once', async () => {
  const { path, holder } = await heldDatabase();
  await expect(requireNoHolders(path, recordingLog())).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringMatching(
      `^cannot replace ${path}: node hold-open\\.ts \\(process ${holder.pid} of ${me}.*\\) has it open$`,
    ) as string,
  });
});

const isRoot = process.geteuid?.() === 0;

test.runIf(isRoot)('a process of another user shows by its locks (needs root)', async () => {
  const { directory, path, holder } = await heldDatabase();
  await chmod(directory, 0o755);
  const found = await asNobody(() => findHolders(path));
  const command = 'node hold-open.ts';
  expect(found.partial).toBe(true);
  expect(found.holders).toContainEqual(expect.objectContaining({ pid: holder.pid, command, path, user: me }));
});

test('that there may be more holders is a warning, not a refusal', async () => {
  const path = join(scratch(), 'app.db');
  await writeFile(path, '');
  await chmod(join(path, '..'), 0o755);
  const log = recordingLog();
  await asNobody(() => requireNoHolders(path, log));
  expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
});

test('where there is nothing, nobody holds it', async () => {
  expect(await findHolders(join(scratch(), 'nothing'))).toEqual({ holders: [], partial: false });
});
