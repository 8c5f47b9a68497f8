// Which backups a person may remove: what nobody named is retention's, and its guards hold for the others.
import { describe, expect, test } from 'vitest';
import type { BackupState, CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { requireRemovable } from '../../../lib/backup/removal.ts';
import { exampleManifest } from './examples.ts';

const now = new Date('2026-11-20T12:00:00Z');

interface Given extends Partial<CatalogueEntry> {
  day: number;
  /** Of one in pages: the day of its base, 0 for a full. */
  on?: number;
}

const endingOf = ({ on }: Given) => (on === undefined ? 'db' : 'pages');
const nameOf = (given: Given) => given.name ?? `backups/ctv/day-${given.day}.${endingOf(given)}`;

function entryOf(given: Given): CatalogueEntry {
  const { day, on, state = 'proven', ...more } = given;
  const takenAt = new Date(`2026-11-${String(day).padStart(2, '0')}T02:05:13Z`);
  const base = on === undefined || on === 0 ? undefined : { name: nameOf({ day: on, on: 0 }), id: '' };
  const pages = { series: '', sequence: 0, level: on === 0 ? 0 : 1, full: base, base, changedPages: 1 };
  const stored = on === undefined ? {} : { stored: { objects: [], pages, recipients: undefined } };
  const manifest = exampleManifest({
    backup: nameOf(given),
    suspect: state === 'suspect' ? ['rows fell'] : [],
    ...stored,
  });
  return { name: nameOf(given), sizeBytes: 1, storedBytes: 1, takenAt, state, manifest, ...more };
}

/** Why the first of them may not go; undefined where it may. */
function refusal(given: Given, others: readonly Given[], clock: 'unknown' | 'unsynchronised' = 'unknown') {
  const entry = entryOf(given);
  const entries = [entry, ...others.map(entryOf)].sort((a, b) => b.takenAt.getTime() - a.takenAt.getTime());
  try {
    requireRemovable(entry, { entries, now, clock });
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ kind: 'refused', hint: expect.any(String) as string });
    return (error as Error).message;
  }
}

const mine = { day: 10, named: true };
const newer = { day: 19 };

describe('a backup that somebody named', () => {
  test.each<BackupState>(['proven', 'suspect', 'damaged', 'future', 'lost'])(
    'may go when it is %s',
    (state) => {
      expect(refusal({ ...mine, state }, [newer])).toBeUndefined();
    },
  );

  test('stays while it is the newest proven one, named or not', () => {
    expect(refusal(mine, [])).toMatch(/: it is the newest proven backup$/);
    expect(refusal(mine, [{ day: 5 }, { day: 19, state: 'suspect', named: true }])).toMatch(/newest proven/);
    expect(refusal(mine, [{ day: 19, named: true }])).toBeUndefined();
  });

  test.each<BackupState>(['suspect', 'damaged', 'future'])(
    'stays, though it is %s, while there is no proven one',
    (state) => {
      expect(refusal({ ...mine, state }, [{ day: 5, state: 'damaged' }])).toMatch(
        /there is no proven backup/,
      );
    },
  );

  test('whose data is gone is no backup that could be the last', () => {
    expect(refusal({ ...mine, state: 'lost' }, [])).toBeUndefined();
  });

  test('stays while what is newest by retention is suspect, or the clock is wrong, unless it is known to be bad', () => {
    const emptied: Given = { day: 20, state: 'suspect' };
    expect(refusal(mine, [newer, emptied])).toMatch(/the newest backup, \S+day-20.db, is suspect$/);
    expect(refusal(mine, [newer], 'unsynchronised')).toMatch(/the clock is not synchronised$/);
    const bad = { ...mine, state: 'damaged', isBad: true } as const;
    expect(refusal(bad, [newer, emptied], 'unsynchronised')).toBeUndefined();
  });

  test('in pages stays while something is based on it, which is named', () => {
    const full = { ...mine, on: 0 };
    const on = (day: number, state?: BackupState): Given => ({ day, on: 10, ...(state && { state }) });
    expect(refusal(full, [newer])).toBeUndefined();
    expect(refusal(full, [newer, on(11)])).toMatch(/: backups\/ctv\/day-11.pages is based on it$/);
    expect(refusal(full, [newer, on(11, 'damaged'), on(12)])).toMatch(
      /day-12.pages, \S+day-11.pages are based on it$/,
    );
    expect(refusal(full, [newer, on(11, 'lost')])).toBeUndefined();
    expect(refusal({ ...full, state: 'damaged', isBad: true }, [newer, on(11)])).toMatch(/is based on it/);
  });

  test('in pages stays while nobody can say what another one is based on', () => {
    const unread: Given = { day: 12, on: 10, state: 'damaged' };
    const others = [newer, { ...unread, manifest: exampleManifest({}) }];
    expect(refusal({ ...mine, on: 0 }, others)).toMatch(/nobody can read what \S+day-12.pages is based on$/);
    expect(refusal(mine, others)).toBeUndefined();
    expect(refusal({ ...mine, on: 0, state: 'damaged', isBad: true }, others)).toBeUndefined();
  });
});

describe('a backup that nobody named', () => {
  test.each<[BackupState, RegExp]>([
    ['proven', /retention decides how long it stays/],
    ['suspect', /retention decides how long it stays/],
    ['unfinished', /it was never finished/],
    ['foreign', /Holdfast did not make it/],
  ])('stays when it is %s', (state, cause) => {
    expect(refusal({ day: 10, state }, [newer])).toMatch(cause);
  });

  test.each<BackupState>(['damaged', 'future', 'lost'])(
    'may go when it is %s: no retention lets it go',
    (state) => {
      expect(refusal({ day: 10, state }, [newer])).toBeUndefined();
    },
  );
});
