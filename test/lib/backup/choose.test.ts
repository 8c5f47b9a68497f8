// Which backup is meant, and what is said when there is none or more than one.
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import type { BackupState, CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { chooseBackup } from '../../../lib/backup/choose.ts';
import type { BackupRequest } from '../../../lib/backup/choose.ts';

function entry(name: string, takenAt: string, state: BackupState): CatalogueEntry {
  return { name, sizeBytes: 1, storedBytes: 1, takenAt: new Date(takenAt), state };
}

const suspect21 = entry('backups/ctv/ctv-20261121T020513Z.db', '2026-11-21T02:05:13.400Z', 'suspect');
const proven20 = entry('backups/ctv/ctv-20261120T020513Z.db', '2026-11-20T02:05:13.400Z', 'proven');
const damaged19 = entry('backups/ctv/ctv-20261119T020513Z.db', '2026-11-19T02:05:13Z', 'damaged');
const lost18 = entry('backups/ctv/ctv-20261118T020513Z.db', '2026-11-18T02:05:13Z', 'lost');
const proven17 = entry('backups/ctv/ctv-20261117T020513Z.db', '2026-11-17T02:05:13Z', 'proven');
const foreign = entry('backups/ctv/production.sqlite', '2026-11-16T00:00:00Z', 'foreign');
const classic = entry('backups/database_backup_20261115_020513.db', '2026-11-15T01:05:13Z', 'foreign');
const all = [suspect21, proven20, damaged19, lost18, proven17, foreign, classic];

function errorOf(entries: readonly CatalogueEntry[], request: BackupRequest): OpsError {
  try {
    chooseBackup(entries, request);
  } catch (error) {
    if (error instanceof OpsError) return error;
    throw error;
  }
  throw new Error('something was chosen');
}

describe('the latest backup', () => {
  test('is the newest proven one, in whatever order they come', () => {
    expect(chooseBackup(all, { kind: 'latest' })).toBe(proven20);
    expect(chooseBackup(all.toReversed(), { kind: 'latest' })).toBe(proven20);
  });

  test('is missing when there is nothing', () => {
    const error = errorOf([], { kind: 'latest' });
    expect(error.kind).toBe('missing');
    expect(error.message).toBe('cannot choose the latest backup: there is no backup at all');
    expect(error.hint).toContain('restore list');
  });

  test('is missing when only lost ones remain', () => {
    expect(errorOf([lost18], { kind: 'latest' }).message).toContain('there is no backup at all');
  });

  test('is missing when none is proven, and it is said what there is and how to use that', () => {
    const error = errorOf([suspect21, lost18, foreign, classic], { kind: 'latest' });
    expect(error.kind).toBe('missing');
    expect(error.message).toBe(
      'cannot choose the latest backup: there is no proven one (1 suspect, 1 lost, 2 foreign); ' +
        'the newest is backups/ctv/ctv-20261121T020513Z.db of 2026-11-21 02:05:13Z',
    );
    expect(error.hint).toContain('restore list');
    expect(error.hint).toContain('give its name, such as backups/ctv/ctv-20261121T020513Z.db');
  });

  test('is missing when what is left cannot be put together, and no such name is offered', () => {
    const broken: CatalogueEntry = {
      ...entry('backups/ctv/ctv-20261122T020513Z.pages', '2026-11-22T02:05:13Z', 'damaged'),
      ...{ isBad: true, brokenBy: lost18.name },
    };
    expect(errorOf([broken, lost18], { kind: 'latest' }).hint).not.toContain('such as');
    expect(errorOf([broken, damaged19], { kind: 'latest' }).hint).toContain(`such as ${damaged19.name}`);
  });
});

describe('the backup as of a time', () => {
  test.each([
    ['2030-01-01T00:00:00Z', proven20],
    ['2026-11-21T03:00:00Z', proven20],
    ['2026-11-20T02:05:14Z', proven20],
    // Taken at 13.400 s, shown as 13 s: whoever types what is shown means this one.
    ['2026-11-20T02:05:13Z', proven20],
    ['2026-11-20T02:05:12.999Z', proven17],
    ['2026-11-17T02:05:13Z', proven17],
  ])('%s is the newest proven one until then', (at, expected) => {
    expect(chooseBackup(all, { kind: 'at', at: new Date(at) })).toBe(expected);
  });

  test('is missing before the first, which is named', () => {
    const at = new Date('2026-11-17T02:05:12Z');
    const error = errorOf(all, { kind: 'at', at });
    expect(error.kind).toBe('missing');
    expect(error.message).toBe(
      'cannot choose a backup as of 2026-11-17 02:05:12Z: ' +
        'the oldest of 2 is backups/ctv/ctv-20261117T020513Z.db of 2026-11-17 02:05:13Z',
    );
    expect(error.hint).toMatch(
      /^one that is foreign is \S+ of 2026-11-1\d .*to use it all the same, give its name/,
    );
    expect(errorOf([proven17, foreign], { kind: 'at', at }).message).toContain('the only proven one is');
    expect(errorOf([proven17], { kind: 'at', at }).message).toContain(
      'the only one is backups/ctv/ctv-20261117T020513Z.db of',
    );
  });

  test('is missing when none is proven', () => {
    const error = errorOf([foreign], { kind: 'at', at: new Date('2030-01-01T00:00:00Z') });
    expect(error.message).toContain('there is no proven one (1 foreign)');
  });
});

describe('a backup by its name', () => {
  test.each([
    ['backups/ctv/ctv-20261120T020513Z.db', proven20],
    ['/backups/ctv/ctv-20261120T020513Z.db', proven20],
    ['//backups/ctv/ctv-20261120T020513Z.db', proven20],
    ['ctv-20261120T020513Z.db', proven20],
    ['ctv-20261120T020513Z', proven20],
    ['20261120T020513Z', proven20],
    ['20261121T020513Z', suspect21],
    ['20261119T020513Z', damaged19],
    ['production.sqlite', foreign],
    ['production', foreign],
    ['database_backup_20261115_020513.db', classic],
    ['database_backup_20261115_020513', classic],
    ['20261115_020513', classic],
  ])('%s is found, whatever its state', (name, expected) => {
    expect(chooseBackup(all, { kind: 'name', name })).toBe(expected);
  });

  test.each([
    ['', ''],
    ['/', ''],
    ['.db', ''],
    ['20261120', ''],
    ['2026112', ''],
    ['ctv', ''],
    ['CTV-20261120T020513Z', '; did you mean ctv-20261120T020513Z?'],
    ['ctv/ctv-20261120T020513Z.db', '; did you mean ctv-20261120T020513Z.db?'],
    ['lastest', '; did you mean latest?'],
  ])('that is only a part of one, or mistyped, %j, is missing%s', (name, suggestion) => {
    const error = errorOf(all, { kind: 'name', name });
    expect(error.kind).toBe('missing');
    expect(error.message).toBe(
      `cannot find backup ${name}: there are 6, the newest is ` +
        `backups/ctv/ctv-20261121T020513Z.db of 2026-11-21 02:05:13Z${suggestion}`,
    );
    expect(error.hint).toContain('restore list');
  });

  test('that is missing among one or none says so', () => {
    expect(errorOf([proven17], { kind: 'name', name: 'x' }).message).toContain('the only one is');
    expect(errorOf([], { kind: 'name', name: 'x' }).message).toContain('there is no backup at all');
  });

  test.each([
    'backups/ctv/ctv-20261122T020513Z.db',
    'ctv-20261122T020513Z.db',
    'ctv-20261122T020513Z.pages',
    'ctv-20261122T020513Z.pages.age',
    'ctv-20261122T020513Z',
    '20261122T020513Z',
  ])('%s is found however it is kept', (name) => {
    for (const ending of ['.pages', '.pages.age', '.db.age']) {
      const kept = entry(`backups/ctv/ctv-20261122T020513Z${ending}`, '2026-11-22T02:05:13Z', 'proven');
      expect(chooseBackup([kept, ...all], { kind: 'name', name }).name).toBe(kept.name);
    }
  });

  test('of one database in two formats it means the one that is proven, else the plain file', () => {
    const at = '2026-11-22T02:05:13Z';
    const twins = (plain: BackupState, pages: BackupState) => [
      entry('backups/ctv/ctv-20261122T020513Z.pages', at, pages),
      entry('backups/ctv/ctv-20261122T020513Z.db', at, plain),
    ];
    const chosen = (entries: CatalogueEntry[], request: BackupRequest) => chooseBackup(entries, request).name;
    for (const request of [
      { kind: 'name', name: '20261122T020513Z' },
      { kind: 'latest' },
      { kind: 'at', at: new Date(at) },
    ] as const) {
      expect(chosen(twins('proven', 'proven'), request)).toMatch(/db$/);
      expect(chosen(twins('damaged', 'proven'), request)).toMatch(/pages$/);
      expect(chosen(twins('proven', 'unfinished'), request)).toMatch(/db$/);
    }
    const byName = (name: string) => chosen(twins('proven', 'proven'), { kind: 'name', name });
    expect(byName('ctv-20261122T020513Z.pages')).toMatch(/pages$/);
    expect(errorOf(twins('foreign', 'proven'), { kind: 'name', name: '20261122T020513Z' }).kind).toBe(
      'usage',
    );
  });

  test('that is lost is missing, and it is said why', () => {
    const error = errorOf(all, { kind: 'name', name: '20261118T020513Z' });
    expect(error.kind).toBe('missing');
    expect(error.message).toBe(
      'cannot choose backup backups/ctv/ctv-20261118T020513Z.db: its data is no longer in the store',
    );
  });

  test('that fits several lists them, but the whole name of one is enough', () => {
    const other = entry('backups/ctv/old-20261120T020513Z.db', '2026-11-20T02:05:13Z', 'foreign');
    const error = errorOf([...all, other], { kind: 'name', name: '20261120T020513Z' });
    expect(error.kind).toBe('usage');
    expect(error.message).toBe(
      'cannot choose backup 20261120T020513Z: ' +
        'it may be backups/ctv/ctv-20261120T020513Z.db, backups/ctv/old-20261120T020513Z.db',
    );
    expect(chooseBackup([...all, other], { kind: 'name', name: other.name })).toBe(other);
  });

  test('that is the whole name of one is that one, although it is the file name of another', () => {
    const outer = entry('production.sqlite', '2026-11-01T00:00:00Z', 'foreign');
    expect(chooseBackup([foreign, outer], { kind: 'name', name: 'production.sqlite' })).toBe(outer);
  });

  test('that fits one that is there and one that is lost means the one that is there', () => {
    const lost = entry('backups/ctv/production.db', '2026-11-30T00:00:00Z', 'lost');
    expect(chooseBackup([foreign, lost], { kind: 'name', name: 'production' })).toBe(foreign);
  });

  test('that fits very many lists ten of them', () => {
    const many = Array.from({ length: 12 }, (_, index) =>
      entry(`backups/ctv/x${index}-20261120T020513Z.db`, '2026-11-20T02:05:13Z', 'foreign'),
    );
    const error = errorOf(many, { kind: 'name', name: '20261120T020513Z' });
    expect(error.message).toContain(' and 2 more');
    expect(error.message.split(', ').length).toBe(10);
  });
});
