import { copyFileSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestFile } from '../../../lib/files/hash-file.ts';
import { openSource } from '../../../lib/sqlite/live-reader.ts';
import { requireSource } from '../../../lib/sqlite/look.ts';
import { measureDatabase } from '../../../lib/sqlite/measure.ts';
import { openImmutable, openLive } from '../../../lib/sqlite/open.ts';
import { openDescriptors, openExpected, requireBeside } from '../../../lib/sqlite/opened-file.ts';
import { takeSnapshot } from '../../../lib/sqlite/snapshot.ts';
import { scratch } from '../../support/scratch.ts';
import { fileNumber, makeLedger, type LedgerOptions } from './databases.ts';

const exchanged = { kind: 'refused', message: expect.stringContaining('another file was put in its place') };

/** The database of an app and that of another one, under the same name in directories side by side. */
function twoApps(options: LedgerOptions = {}): { ours: string; other: string } {
  const root = realpathSync(scratch());
  const [ours, other] = [join(root, 'a/app.db'), join(root, 'b/app.db')];
  for (const path of [ours, other]) {
    mkdirSync(dirname(path));
    makeLedger(path, options);
  }
  return { ours, other };
}

const exchanges: [string, (ours: string, other: string) => void][] = [
  ['another file', (ours, other) => renameSync(other, ours)],
  ['the same bytes anew', (ours) => (renameSync(ours, `${ours}.old`), copyFileSync(`${ours}.old`, ours))],
  ['a link', (ours, other) => (renameSync(ours, `${ours}.old`), symlinkSync(other, ours))],
  [
    'another directory',
    (ours, other) => (moveAway(dirname(ours)), renameSync(dirname(other), dirname(ours))),
  ],
  [
    'a link to a directory',
    (ours, other) => (moveAway(dirname(ours)), symlinkSync(dirname(other), dirname(ours))),
  ],
];

const moveAway = (path: string) => renameSync(path, `${path}.old`);

describe.each(exchanges)('%s in the place of what was looked at', (_, exchange) => {
  test.each(['wal', 'delete'] as const)('is not copied (journal_mode=%s)', async (journalMode) => {
    for (const now of [new Date('2100-01-01'), new Date(0)]) {
      const { ours, other } = twoApps({ journalMode });
      const look = await requireSource(ours);
      exchange(ours, other);
      const copy = takeSnapshot(
        { ...look, walBytes: now.getTime() === 0 ? 0 : look.walBytes },
        join(scratch(), 'copy'),
        { now },
      );
      await expect(copy).rejects.toMatchObject(exchanged);
    }
  });

  test('is not measured, however it is read', async () => {
    for (const room of [() => 0, () => 1e9]) {
      const { ours, other } = twoApps();
      const { identity } = await digestFile(ours);
      exchange(ours, other);
      await expect(measureDatabase(ours, { file: identity }, { room })).rejects.toMatchObject(exchanged);
    }
  });

  test('is known when it comes in the middle of the opening, and is closed again', () => {
    for (const open of [openImmutable, openLive]) {
      const { ours, other } = twoApps();
      const expected = fileNumber(ours);
      let opened: Database.Database | undefined;
      const openLate = () => {
        exchange(ours, other);
        return (opened = open(ours));
      };
      expect(() => openExpected(ours, expected, openLate)).toThrow(expect.objectContaining(exchanged));
      expect(opened?.open).toBe(false);
    }
  });
});

test('what was expected is opened, also beside another connection to it', () => {
  const { ours } = twoApps();
  const database = new Database(ours);
  onTestFinished(() => void database.close());
  for (const open of [openImmutable, openLive]) open(ours, { file: fileNumber(ours) }).close();
});

test('a -wal or -shm from elsewhere is known when it is open', () => {
  const { ours, other } = twoApps({ journalMode: 'wal' });
  const open = (path: string) => {
    const before = openDescriptors();
    const database = new Database(path);
    onTestFinished(() => void database.close());
    database.exec("UPDATE ledger SET note = 'x'");
    return before;
  };
  requireBeside(ours, open(ours));
  const before = open(other);
  expect(() => requireBeside(ours, before)).toThrow(expect.objectContaining(exchanged));
  requireBeside(ours, openDescriptors());
});

test('a log that the app takes away in the meantime is no exchange', () => {
  const { ours } = twoApps({ journalMode: 'wal' });
  const database = new Database(ours);
  onTestFinished(() => void database.close());
  const before = openDescriptors();
  database.exec("UPDATE ledger SET note = 'x'");
  for (const suffix of ['-wal', '-shm']) rmSync(ours + suffix);
  requireBeside(ours, before);
});

test('a live database whose directory became a link after the look is not read', async () => {
  const { ours, other } = twoApps({ journalMode: 'wal' });
  const { path, file, wal } = await requireSource(ours);
  moveAway(dirname(ours));
  symlinkSync(dirname(other), dirname(ours));
  expect(() => openSource({ source: path, file, wal })).toThrow(expect.objectContaining(exchanged));
});
