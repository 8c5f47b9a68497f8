// The names of backups in both layouts, and the names of apps.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import {
  appNameFromPath,
  backupName,
  backupOfPart,
  backupPrefix,
  defaultLatestName,
  isAppName,
  labelOf,
  manifestName,
  namedBackupName,
  parseBackupName,
  requireAppName,
} from '../../../lib/backup/name.ts';
import type { Ending, Layout } from '../../../lib/backup/name.ts';

describe('the name of a backup', () => {
  test.each<[Layout, string, string, string, string]>([
    ['app', 'ctv', '2026-11-20T02:05:13.999Z', 'Europe/Berlin', 'backups/ctv/ctv-20261120T020513Z.db'],
    ['app', 'a.b_c-1', '2028-02-29T23:59:59Z', 'UTC', 'backups/a.b_c-1/a.b_c-1-20280229T235959Z.db'],
    ['classic', 'ctv', '2026-11-20T02:05:13Z', 'UTC', 'backups/database_backup_20261120_020513.db'],
    ['classic', 'ctv', '2026-11-20T23:05:13Z', 'Europe/Berlin', 'backups/database_backup_20261121_000513.db'],
    [
      'classic',
      'ctv',
      '2026-07-01T02:05:13Z',
      'America/New_York',
      'backups/database_backup_20260630_220513.db',
    ],
    ['classic', 'ctv', '1970-01-01T00:00:09Z', 'UTC', 'backups/database_backup_19700101_000009.db'],
  ])('in layout %s of %s at %s in %s is %s', (layout, app, takenAt, timeZone, expected) => {
    const name = backupName(layout, app, new Date(takenAt), { timeZone });
    expect(name).toBe(expected);
    const toTheSecond = new Date(Math.floor(Date.parse(takenAt) / 1000) * 1000);
    expect(parseBackupName(name, { layout, app, timeZone })).toEqual({ takenAt: toTheSecond });
    expect(name.startsWith(backupPrefix(layout, app))).toBe(true);
  });

  test('gives its manifest and the latest copy theirs', () => {
    expect(manifestName('backups/ctv/ctv-20261120T020513Z.db')).toBe('backups/ctv/ctv-20261120T020513Z.json');
    expect(manifestName('backups/x.db.sqlite')).toBe('backups/x.db.sqlite.json');
    expect(defaultLatestName('ctv')).toBe('latest/ctv.db');
    expect(backupPrefix('app', 'ctv')).toBe('backups/ctv/');
    expect(backupPrefix('classic', 'ctv')).toBe('backups/');
  });
});

describe('a name that is not exactly one of ours', () => {
  test.each([
    ['another app', 'backups/other/other-20261120T020513Z.db'],
    ['another app’s folder', 'backups/other/ctv-20261120T020513Z.db'],
    ['an app whose name begins like ours', 'backups/ctv/ctv-2-20261120T020513Z.db'],
    ['a leading slash', '/backups/ctv/ctv-20261120T020513Z.db'],
    ['a folder in between', 'backups/ctv/old/ctv-20261120T020513Z.db'],
    ['its manifest', 'backups/ctv/ctv-20261120T020513Z.json'],
    ['something after it', 'backups/ctv/ctv-20261120T020513Z.db.part'],
    ['a line break after it', 'backups/ctv/ctv-20261120T020513Z.db\n'],
    ['capitals', 'backups/ctv/CTV-20261120T020513Z.db'],
    ['no zone', 'backups/ctv/ctv-20261120T020513.db'],
    ['a digit too few', 'backups/ctv/ctv-20261120T02051Z.db'],
    ['digits of another script', 'backups/ctv/ctv-２０２６1120T020513Z.db'],
    ['month 13', 'backups/ctv/ctv-20261320T020513Z.db'],
    ['30 February', 'backups/ctv/ctv-20260230T020513Z.db'],
    ['29 February of a common year', 'backups/ctv/ctv-20270229T020513Z.db'],
    ['hour 25', 'backups/ctv/ctv-20261120T250513Z.db'],
    ['hour 24', 'backups/ctv/ctv-20261120T240000Z.db'],
    ['a leap second', 'backups/ctv/ctv-20161231T235960Z.db'],
    ['the classic name', 'backups/database_backup_20261120_020513.db'],
    ['nothing', ''],
  ])('has %s and is not read', (_, name) => {
    expect(parseBackupName(name, { layout: 'app', app: 'ctv', timeZone: 'UTC' })).toBeUndefined();
  });

  test.each([
    'backups/database_backup_20261320_020513.db',
    'backups/database_backup_20260230_020513.db',
    'backups/database_backup_20261120_250513.db',
    'backups/database_backup_20261120T020513Z.db',
    'backups/old/database_backup_20261120_020513.db',
    'database_backup_20261120_020513.db',
    'backups/database_backup_20261120_020513 (1).db',
  ])('is not read in the classic layout: %s', (name) => {
    expect(parseBackupName(name, { layout: 'classic', app: 'ctv', timeZone: 'UTC' })).toBeUndefined();
  });
});

describe('a classic name in the night of a clock change', () => {
  test.each([
    ['is the later instant of the two', '20261025_023000', 'Europe/Berlin', '2026-10-25T01:30:00Z'],
    ['is the first instant after the gap', '20260329_023000', 'Europe/Berlin', '2026-03-29T01:00:00Z'],
    ['is the later instant in New York', '20261101_013000', 'America/New_York', '2026-11-01T06:30:00Z'],
  ])('%s: %s in %s', (_, stamp, timeZone, expected) => {
    const name = `backups/database_backup_${stamp}.db`;
    const parsed = parseBackupName(name, { layout: 'classic', app: 'ctv', timeZone });
    expect(parsed?.takenAt).toEqual(new Date(expected));
  });
});

describe('the name of a backup that a person names', () => {
  test.each<[Layout, string, string]>([
    ['app', 'before-upgrade', 'backups/ctv/before-upgrade.db'],
    ['classic', 'before-upgrade', 'backups/before-upgrade.db'],
    ['app', 'v2.1_final', 'backups/ctv/v2.1_final.db'],
    ['app', 'x'.repeat(100), `backups/ctv/${'x'.repeat(100)}.db`],
  ])('in layout %s with the label %s is %s', (layout, label, expected) => {
    const name = namedBackupName(layout, 'ctv', label);
    expect(name).toBe(expected);
    expect(parseBackupName(name, { layout, app: 'ctv', timeZone: 'UTC' })).toBeUndefined();
  });

  test.each<[Layout, string, string]>([
    ['app', '', 'characters'],
    ['app', '../other/x', 'characters'],
    ['app', 'a b', 'characters'],
    ['app', 'a\n', 'characters'],
    ['app', '-rf', 'characters'],
    ['app', 'café', 'characters'],
    ['app', 'a..b', 'dots'],
    ['app', 'a.', 'dots'],
    ['app', 'before.db', 'its ending is added by itself'],
    ['app', 'before.JSON', 'its ending is added by itself'],
    ['app', 'x'.repeat(101), 'longer than 100 characters'],
    ['app', 'latest', 'that word for the newest proven backup'],
    ['classic', 'LATEST', 'that word for the newest proven backup'],
    ['app', 'ctv-20261120T020513Z', 'looks like that of a scheduled backup'],
    ['classic', 'database_backup_20261120_020513', 'looks like that of a scheduled backup'],
  ])('in layout %s may not have the label %j', (layout, label, cause) => {
    expect.assertions(2);
    try {
      namedBackupName(layout, 'ctv', label);
    } catch (error) {
      expect(error).toBeInstanceOf(OpsError);
      expect(error).toMatchObject({ kind: 'usage', message: expect.stringContaining(cause) as string });
    }
  });
});

describe('names of every layout, engine, format and label', () => {
  const layouts = fc.constantFrom<Layout>('app', 'classic');
  const endings = fc.record<Ending>({
    engine: fc.constantFrom('sqlite', 'postgres'),
    format: fc.constantFrom('plain', 'pages'),
    isSealed: fc.boolean(),
  });
  const letters = [...'abcxyzABCXYZ0123456789._-', '202611', 'T020513Z', '+', '.db', 'latest', 'ctv-'];
  const labels = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 12 });

  test('a label is read back from its name, and never for the time of another', () => {
    fc.assert(
      fc.property(layouts, endings, labels, (layout, ending, label) => {
        try {
          const name = namedBackupName(layout, 'ctv', label, ending);
          expect(labelOf(name, { layout, app: 'ctv' })).toBe(label);
          expect(parseBackupName(name, { layout, app: 'ctv', timeZone: 'UTC' })).toBeUndefined();
          expect(backupOfPart(name)).toBeUndefined();
        } catch (error) {
          if (!(error instanceof OpsError)) throw error;
        }
      }),
    );
  });

  test('a time is read back from its name to the second, and is no label', () => {
    const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
    fc.assert(
      fc.property(layouts, endings, seconds, (layout, ending, second) => {
        const takenAt = new Date(second * 1000);
        const name = backupName(layout, 'ctv', takenAt, { timeZone: 'UTC', ...ending });
        expect(parseBackupName(name, { layout, app: 'ctv', timeZone: 'UTC' })).toEqual({ takenAt });
        expect(labelOf(name, { layout, app: 'ctv' })).toBeUndefined();
      }),
    );
  });
});

describe('the name of an app', () => {
  test.each(['ctv', 'A', '0', 'tag-tracker', 'a.b_c-d', 'x-', 'a'.repeat(63)])('may be %s', (text) => {
    expect(requireAppName(text)).toBe(text);
  });

  test.each([
    ['', 'it is empty'],
    ['.ctv', 'begin with a letter or digit'],
    ['-ctv', 'begin with a letter or digit'],
    ['ctv.', 'ends in a dot'],
    ['a..b', 'two dots in a row'],
    ['a/b', 'a character other than'],
    ['a b', 'a character other than'],
    ['ctv\n', 'a character other than'],
    ['café', 'a character other than'],
    ['a'.repeat(64), 'longer than 63 characters'],
  ])('may not be %j', (text, cause) => {
    const error = (() => {
      try {
        return requireAppName(text);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(OpsError);
    expect(error).toMatchObject({ kind: 'config', message: expect.stringContaining(cause) as string });
    expect((error as OpsError).message).not.toContain('\n');
  });

  test.each([
    ['/opt/apps/ctv/data/production.db', 'production'],
    ['tracker.sqlite3', 'tracker'],
    ['/srv/my.app.db', 'my.app'],
    ['/srv/noending', 'noending'],
    ['/srv/my app (2).db', 'my-app--2-'],
    ['/srv/.db', 'db'],
    ['/srv/.hidden.db', 'hidden'],
    ['/srv/_private.db', 'private'],
    ['/srv/a..b.db', 'a-.b'],
    ['/srv/odd..db', 'odd'],
    ['/srv/odd...db', 'odd-'],
    ['/srv/数据.db', 'database'],
    ['/srv/🐄herd.db', 'herd'],
    ['/srv/café.db', 'caf-'],
    ['/srv/line\nbreak.d\nb', 'line-break'],
    [`/srv/${'x'.repeat(200)}.db`, 'x'.repeat(63)],
    [`/srv/${'x'.repeat(62)}.y.db`, 'x'.repeat(62)],
    ['/srv/folder/', 'database'],
    ['', 'database'],
    ['..', 'database'],
  ])('from the path %j is %s', (path, expected) => {
    expect(appNameFromPath(path)).toBe(expected);
  });

  test('from any path is acceptable', () => {
    const characters = ['.', '-', '_', '/', 'a', '9', ' ', 'é', '\n', '\u0000', '🐄'];
    const unacceptable: string[] = [];
    for (let number = 0; number < 20_000; number += 1) {
      const path = [...number.toString(characters.length)]
        .map((digit) => characters[parseInt(digit, characters.length)])
        .join('');
      if (!isAppName(appNameFromPath(path))) unacceptable.push(path);
    }
    expect(unacceptable).toEqual([]);
  });
});
