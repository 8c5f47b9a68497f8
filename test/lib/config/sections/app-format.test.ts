// `format`, `every` and what is decided of pages: what each means, what does not go together, and how that is said.
import { describe, expect, test } from 'vitest';
import { guardedApps } from '../../../../lib/config/config.ts';
import { appsConfig } from '../../../../lib/config/sections/apps.ts';
import { parseConfigFile } from '../../../../lib/config/parse.ts';

const file = 'database = "/srv/ctv.db"';
const server = 'postgres_url = "postgresql://ctv@localhost/ctv"';

describe('without a word about it', () => {
  test('a backup is a file, made at night alone', () => {
    expect(appWith('')).toMatchObject({
      formats: ['plain'],
      everyMs: undefined,
      pages: { levels: 2, full: 'when-due', keepsFull: true, fullWindow: undefined },
      expect: { backupMs: 36 * 3_600_000, backupCriticalMs: 7 * 86_400_000 },
    });
  });
});

describe('pages', () => {
  test('alone have no latest copy unless it has a name, and more of them stay', () => {
    expect(appWith('format = "pages"')).toMatchObject({
      formats: ['pages'],
      latest: undefined,
      keep: { last: 7, daily: 14, weekly: 8, monthly: 12 },
    });
    expect(appWith('format = ["pages"]\nlatest = "/database.db"').latest).toBe('database.db');
  });

  test.each(['["plain", "pages"]', '["pages", "plain"]'])(
    'beside files, %s, change nothing of those',
    (both) => {
      const app = appWith(`format = ${both}`);
      expect([...app.formats].sort()).toEqual(['pages', 'plain']);
      expect(app).toMatchObject({ latest: 'latest/ctv.db', keep: { ...appWith('').keep, hourly: 48 } });
    },
  );

  test('are kept as it was decided', () => {
    const decided = 'levels = 3\nfull = "monthly"\nkeep_full = false\nfull_window = "Sat 22:00 for 6h"';
    expect(appWith(`format = "pages"\n${decided}`).pages).toEqual({
      levels: 3,
      full: 'monthly',
      keepsFull: false,
      fullWindow: { weekday: 6, startMinutes: 1320, lengthMs: 6 * 3_600_000 },
    });
  });

  test.each<[string, object]>([
    ['Sat 22:00', { weekday: 6, startMinutes: 1320, lengthMs: 8 * 3_600_000 }],
    ['Sun 00:05 for 30min', { weekday: 0, startMinutes: 5, lengthMs: 1_800_000 }],
    ['23:59', { weekday: undefined, startMinutes: 1439, lengthMs: 8 * 3_600_000 }],
    ['01:00 for 1.5h', { weekday: undefined, startMinutes: 60, lengthMs: 5_400_000 }],
  ])('have a window %s', (text, window) => {
    expect(appWith(`format = "pages"\nfull_window = "${text}"`).pages.fullWindow).toEqual(window);
  });
});

describe('every', () => {
  test.each<[string, number, number, number]>([
    ['15min', 15, 120, 1440],
    ['30min', 30, 120, 1440],
    ['45min', 45, 135, 1440],
    ['1h', 60, 180, 1440],
    ['1.5h', 90, 270, 1440],
    ['6h', 360, 1080, 2880],
    ['12h', 720, 2160, 5760],
  ])(
    '"%s" is %d min: none for %d is a warning, for %d critical, with files as with pages',
    (text, ...minutes) => {
      const [everyMs, backupMs, backupCriticalMs] = minutes.map((each) => each * 60_000);
      for (const format of ['', 'format = "pages"\n'])
        expect(appWith(`${format}every = "${text}"`)).toMatchObject({
          everyMs,
          expect: { backupMs, backupCriticalMs },
        });
    },
  );

  test('leaves what is expected to who said it', () => {
    const app = appWith('every = "1h"\nexpect = { backup_hours = 1.5 }');
    expect(app.expect).toMatchObject({ backupMs: 5_400_000, backupCriticalMs: 86_400_000 });
  });

  test('is for databases of a server too', () => {
    expect(appWith('every = "1h"\nformat = "plain"', server)).toMatchObject({
      everyMs: 3_600_000,
      formats: ['plain'],
    });
  });
});

describe('is refused, with what to write instead', () => {
  test.each<[string, string]>([
    ['every = "10min"', 'every: must be between "15min" and "12h"'],
    ['every = "1d"', 'every: must be between "15min" and "12h"'],
    ['every = "50min"', 'every: must be a whole part of a day: "48min" or "1h"'],
    ['every = "7h"', 'every: must be a whole part of a day: "6h" or "8h"'],
    ['every = "0.33h"', 'every: must be a whole part of a day: "18min" or "20min"'],
    ['every = "often"', 'every: must be a time such as "1h" or "30min"'],
    ['every = 60', 'every: expected string, received number'],
    ['format = "page"', 'format: must be "plain" or "pages"'],
    ['format = []', 'format: must name a format'],
    ['format = ["pages", "pages"]', 'format: names a format twice'],
    ['format = "pages"\nlevels = 4', 'levels: must be 1, 2 or 3'],
    ['format = "pages"\nfull = "daily"', 'full: must be "weekly" or "monthly"'],
    ['format = "pages"\nfull_window = "Saturday 22:00"', 'full_window: must be a time of a week or a day'],
    ['format = "pages"\nfull_window = "Sat 24:00"', 'full_window: must be a time of a week or a day'],
    ['format = "pages"\nfull_window = "Sat 22:00 for 1d"', 'full_window: must be a time of a week or a day'],
    ['format = "pages"\nfull_window = "Abc 22:00"', 'full_window: must be a time of a week or a day'],
    ['levels = 2', 'levels: is of backups in pages: write format = "pages" beside it, or leave it out'],
    ['full = "weekly"', 'full: is of backups in pages'],
    ['full_window = "Sat 22:00"', 'full_window: is of backups in pages'],
    ['format = "plain"\nkeep_full = false', 'keep_full: is of backups in pages'],
  ])('%s', (keys, problem) => {
    expect(problemsOf(keys, file)).toContain(`apps.ctv.${problem}`);
  });

  test.each(['"pages"', '["plain", "pages"]'])('format = %s for PostgreSQL', (format) => {
    expect(problemsOf(`format = ${format}\nlevels = 2`, server)).toContain(
      'apps.ctv.format: cannot be "pages" for PostgreSQL, whose backups are dumps: write format = "plain"',
    );
  });

  test('without a database', () => {
    expect(problemsOf('format = "pages"\nevery = "1h"', 'services = []')).toMatch(
      /apps\.ctv\.format: needs database beside it.*\n.*apps\.ctv\.every: needs database beside it/,
    );
  });
});

function appWith(keys: string, database = file) {
  const { apps } = parseConfigFile(`[apps.ctv]\n${database}\n${keys}`, '/etc/holdfast/holdfast.toml');
  const [app] = guardedApps({ apps: appsConfig(apps, 'app', {}) });
  if (app === undefined) throw new Error('there is no app');
  return app;
}

function problemsOf(keys: string, database: string): string {
  try {
    appWith(keys, database);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}
