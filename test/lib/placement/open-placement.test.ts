// The protocol of a placement: who opened it keeps it or undoes it, once, and whatever else happens, its intent stays.
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { OpenPlacement } from '../../../lib/placement/open-placement.ts';
import { describeInterrupted, listUndoSets, settleInterrupted } from '../../support/by-path.ts';
import { makeDatabase, namesBeside, readRows, rowsOf } from '../../support/database-sets.ts';
import { placeOnce, placeOpen, recoverOnce, undoOnce, undoOpen } from '../../support/placements.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { scratch } from '../../support/scratch.ts';

const clock = { now: () => new Date('2026-11-20T02:05:13Z'), monotonicMs: () => 0 };
const context = { clock, log: recordingLog() };
const firstUndo = 'app.db.undo-20261120T020513Z';

/** A database, and another one placed over it that nobody has kept yet. */
async function opened(): Promise<{ target: string; source: string; open: OpenPlacement }> {
  const target = join(scratch(), 'app.db');
  const source = join(scratch(), 'source.db');
  makeDatabase(target, 'old', 10);
  makeDatabase(source, 'new', 5);
  return { target, source, open: await placeOpen(target, source, context) };
}

async function requireStillOpen(target: string): Promise<void> {
  expect(await describeInterrupted(target)).toMatchObject({ inPlace: 'new', intent: { phase: 'placed' } });
}

/** What the next command does about it. */
async function requireSettles(target: string): Promise<void> {
  expect(await recoverOnce(target, context)).toMatchObject({ outcome: 'rolled-forward' });
  expect((await namesBeside(target)).filter((name) => name.startsWith('.'))).toEqual([]);
  expect(await readRows(target)).toEqual(rowsOf('new', 5));
}

test('what is kept leaves the new database and the undo set, and nothing else', async () => {
  const { target, open } = await opened();
  await requireStillOpen(target);
  await open.keep();
  expect(await namesBeside(target)).toEqual([firstUndo]);
  expect(await readRows(target)).toEqual(rowsOf('new', 5));
});

test('what is undone brings back the database from before, through a placement that is kept', async () => {
  const { target, open } = await opened();
  const back = await open.undo?.(async (undo) => {
    expect(undo).toBe(join(dirname(target), firstUndo));
    return undoOnce(target, context);
  });
  expect(back).toMatchObject({ undo: join(dirname(target), `${firstUndo}-2`), previous: 'whole' });
  expect(await readRows(target)).toEqual(rowsOf('old', 10));
  expect(await describeInterrupted(target)).toBeUndefined();
});

test('an undo set is used from when its placement is kept', async () => {
  const { target, open } = await opened();
  await open.keep();
  const back = await undoOpen(target, context);
  const states = async () => (await listUndoSets(target)).map((set) => set.usable && set.record.state);
  expect(await states()).toEqual(['kept', 'kept']);
  await back.keep();
  expect(await states()).toEqual(['kept', 'used']);
});

const keep = (open: OpenPlacement) => open.keep();
const undo = (open: OpenPlacement, target: string) => open.undo?.(() => undoOnce(target, context));

test.each([
  ['keep', 'keep', keep, keep],
  ['keep', 'undo', keep, undo],
  ['undo', 'keep', undo, keep],
  ['undo', 'undo', undo, undo],
] as const)('after %s, %s is refused, and touches nothing', async (first, second, end, again) => {
  const { target, open } = await opened();
  await end(open, target);
  const [names, rows] = [await namesBeside(target), await readRows(target)];
  await expect(again(open, target)).rejects.toThrow(
    `cannot ${second} the placement of backups/ctv/new.db at ${target}: it was ended by ${first} already`,
  );
  expect([await namesBeside(target), await readRows(target)]).toEqual([names, rows]);
});

test('one that is neither kept nor undone is told when it is let go, and the next command settles it', async () => {
  const { target, source } = await opened();
  await recoverOnce(target, context);
  const log = recordingLog();
  {
    using open = await placeOpen(target, source, { clock, log });
    log.lines.length = 0; // what was said of the placing itself, and that a user without root sees no process of others
    void open;
  }
  expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([
    {
      level: 'warn',
      message:
        'the new database is in place, but its placement was not ended; restore run or restore undo settles that first',
      fields: { path: target, backup: 'backups/ctv/new.db' },
    },
  ]);
  await requireStillOpen(target);
  await requireSettles(target);
});

test('one that was ended is let go without a word', async () => {
  const { target, source } = await opened();
  await recoverOnce(target, context);
  const log = recordingLog();
  {
    using open = await placeOpen(target, source, { clock, log });
    log.lines.length = 0;
    await open.keep();
  }
  expect(log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
});

test('a throw between the placement and its end passes, and the next command starts the services before it ends it', async () => {
  const { target, source } = await opened();
  await recoverOnce(target, context);
  const restore = async () => {
    using open = await placeOpen(target, source, context);
    throw new Error(`the services of ${open.placement.previous} did not start`);
  };
  await expect(restore()).rejects.toThrow('did not start');
  await requireStillOpen(target);
  await settleInterrupted(target, context, () => requireStillOpen(target));
  expect(await describeInterrupted(target)).toBeUndefined();
});

test('one that cannot be kept stays open for the next command, not for a second try', async () => {
  const { target, open } = await opened();
  const intent = join(dirname(target), '.app.db.restore.json');
  const text = await readFile(intent, 'utf8');
  await writeFile(intent, 'unreadable');
  await expect(open.keep()).rejects.toMatchObject({ kind: 'damaged' });
  await writeFile(intent, text);
  await expect(open.keep()).rejects.toThrow('it was ended by keep already');
  await requireSettles(target);
});

test('an undo that throws passes the error on, and leaves the placement to the next command', async () => {
  const { target, open } = await opened();
  await expect(open.undo?.(() => Promise.reject(new Error('no space left')))).rejects.toThrow(
    'no space left',
  );
  await requireSettles(target);
});

test('an undo that puts nothing back is told, and so is one that is not kept', async () => {
  const first = await opened();
  const what = `cannot undo the placement of backups/ctv/new.db at ${first.target}`;
  await expect(first.open.undo?.(() => Promise.resolve())).rejects.toThrow(
    `${what}: that of backups/ctv/new.db is still open`,
  );
  await requireSettles(first.target);

  const second = await opened();
  await expect(second.open.undo?.(() => undoOpen(second.target, context))).rejects.toThrow(
    `that of ${firstUndo} is still open`,
  );
  expect(await readRows(second.target)).toEqual(rowsOf('old', 10));
  expect(await recoverOnce(second.target, context)).toMatchObject({ outcome: 'rolled-forward' });
});

test('where nothing was in place there is nothing to undo', async () => {
  const target = join(scratch(), 'app.db');
  const source = join(scratch(), 'source.db');
  makeDatabase(source, 'new', 5);
  const open = await placeOpen(target, source, context);
  expect(open.undo).toBeUndefined();
  await open.keep();
  expect(await namesBeside(target)).toEqual([]);
});

test('one that another was placed over is not kept in the place of that one', async () => {
  const { target, source, open } = await opened();
  const other = await placeOpen(target, source, context);
  await expect(open.keep()).rejects.toThrow('that of backups/ctv/new.db was made over it');
  await requireStillOpen(target);
  await other.keep();
  await placeOnce(target, source, context);
});
