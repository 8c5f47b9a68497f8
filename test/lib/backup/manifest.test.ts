// The manifest's text: what is written, what is read back, and everything that is refused.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { formatManifest, parseManifest } from '../../../lib/backup/manifest.ts';
import type { Manifest } from '../../../lib/backup/manifest.ts';
import { differences } from '../../../lib/source/differences.ts';
import { exampleFacts, exampleManifest, type SqliteManifest } from './examples.ts';

const name = 'backups/ctv/ctv-20261120T020513Z.json';
const text = formatManifest(exampleManifest());

type Keys = Record<string, unknown>;

const keys = JSON.parse(text) as Keys & { sqlite: Keys };

function changed(changes: Keys): string {
  return JSON.stringify({ ...keys, ...changes });
}

/** The same in SQLite's part. */
function changedPart(changes: Keys): string {
  return changed({ sqlite: { ...keys.sqlite, ...changes } });
}

function refusalOf(damagedText: string): OpsError {
  try {
    parseManifest(damagedText, name);
  } catch (error) {
    if (error instanceof OpsError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a manifest', () => {
  test('is written in one way only', () => {
    expect(text).toBe(`{
  "format": "holdfast-manifest",
  "version": 2,
  "app": "ctv",
  "backup": "backups/ctv/ctv-20261120T020513Z.db",
  "taken_at": "2026-11-20T02:05:13.250Z",
  "engine": "sqlite",
  "source": "/opt/apps/ctv/production.db",
  "host": "pi5",
  "size_bytes": 4096000,
  "sha256": "${'b'.repeat(64)}",
  "content_hash": "${'c'.repeat(64)}",
  "tables": [
    {
      "name": "customers",
      "rows": 40
    },
    {
      "name": "orders",
      "rows": 135
    }
  ],
  "integrity": {
    "check": "full",
    "result": "ok"
  },
  "holdfast_version": "0.1.0",
  "run_id": "2f0c5a5e9d8e4a6f8b7c6d5e4f3a2b1c",
  "clock": "synchronised",
  "suspect": [],
  "sqlite": {
    "page_size": 4096,
    "page_count": 1000,
    "user_version": 7,
    "application_id": 0,
    "journal_mode": "wal",
    "encoding": "UTF-8",
    "schema_sha256": "${'a'.repeat(64)}",
    "foreign_key_violations": 0,
    "sqlite_version": "3.53.1"
  }
}
`);
  });

  test('has its keys in the same order however it was put together', () => {
    const backwards = Object.fromEntries(Object.entries(exampleManifest()).reverse()) as unknown as Manifest;
    expect(formatManifest(backwards)).toBe(text);
  });

  test.each<[string, Partial<SqliteManifest>]>([
    ['as it usually is', {}],
    ['with free pages', { freePageCount: 12 }],
    ['with a note', { integrity: { check: 'quick', result: 'ok', note: 'indexes were not compared' } }],
    ['with its owner', { ownership: { uid: 1000, gid: 0, mode: 0o640 } }],
    ['with odd permission bits', { ownership: { uid: 0, gid: 4294967294, mode: 0o4007 } }],
    ['that nobody may read', { ownership: { uid: 0, gid: 0, mode: 0 } }],
    ['that is suspect', { suspect: ['table orders is gone, it had 135 rows'], clock: 'unknown' }],
    ['with negative header numbers', { userVersion: -2147483648, applicationId: -1 }],
    ['with unsigned header numbers', { userVersion: 4294967295, applicationId: 0x8000_0000 }],
    ['of one page', { pageSize: 65536, pageCount: 1, sizeBytes: 65536, tables: [] }],
    ['of a terabyte', { pageSize: 4096, pageCount: 268_435_456, sizeBytes: 2 ** 40 }],
    [
      'with odd tables',
      {
        tables: [
          { name: '__proto__', rows: 1 },
          { name: '', rows: 0 },
          { name: 'a"\n', rows: 2 },
        ],
      },
    ],
    ['taken on a leap day', { takenAt: new Date('2028-02-29T23:59:59.999Z') }],
    ['of a path with odd characters', { source: '/srv/🐄 "herd"/\u0001.db' }],
  ])('%s is read back as it was', (_, changes) => {
    const manifest = exampleManifest(changes);
    expect(parseManifest(formatManifest(manifest), name)).toEqual(manifest);
  });

  test('may have facts that this version does not know, and they are left out', () => {
    const more = changed({ compressed: true, __proto__x: 1 }).replace('"rows":40', '"rows":40,"bytes":9');
    expect(parseManifest(more, name)).toEqual(exampleManifest());
  });

  test.each<[string, Partial<SqliteManifest>]>([
    ['of no page', { pageCount: 0, sizeBytes: 0 }],
    ['of a size that is not its pages', { sizeBytes: 1 }],
    ['of nowhere', { source: '' }],
    ['with a table twice', { tables: ['a', 'a'].map((table) => ({ name: table, rows: 1 })) }],
  ])('%s is not even written, because nobody could read it', (_, changes) => {
    expect(() => formatManifest(exampleManifest(changes))).toThrow(/^cannot use manifest backups/);
  });

  test.each<[string, (index: number) => string, number]>([
    ['40,000 tables', (index) => `table_${index}`, 40_000],
    ['tables whose names are long', (index) => `${'länger '.repeat(1000)}${index}`, 300],
    [
      'a table whose name alone is too long',
      (index) => (index === 0 ? 'x'.repeat(2 ** 21) : `table_${index}`),
      3,
    ],
    ['names of which JSON makes six times as much', (index) => '\u0001'.repeat(5000) + String(index), 100],
  ])('of %s lists the largest, and tells the others apart all the same', (_, nameOf, count) => {
    const tables = Array.from({ length: count }, (__, index) => ({ name: nameOf(index), rows: index }));
    const text = formatManifest(exampleManifest({ tables }));
    expect(Buffer.byteLength(text)).toBeLessThan(2 ** 20);
    expect(JSON.parse(text)).toMatchObject({ version: 3 });
    const read = parseManifest(text, name);
    expect(formatManifest(read)).toBe(text);
    expect(read.tables.length + (read.moreTables?.count ?? 0)).toBe(count);
    expect(differences(read, exampleFacts({ tables: tables.toReversed() }))).toEqual([]);
    for (const index of [0, count - 1]) {
      const changed = tables.map((table, at) => (at === index ? { ...table, rows: table.rows + 1 } : table));
      expect(differences(read, exampleFacts({ tables: changed }))).toHaveLength(1);
      expect(differences(read, exampleFacts({ tables: tables.toSpliced(index, 1) }))).toHaveLength(1);
    }
  });

  test('that cannot be read again whatever is left out of it is not written', () => {
    const suspect = ['x'.repeat(2 ** 20)];
    expect(() => formatManifest(exampleManifest({ suspect }))).toThrow(
      expect.objectContaining({
        kind: 'refused',
        message: expect.stringMatching(/it has \d+ bytes, and at most 1048576/) as string,
      }) as Error,
    );
  });

  test('shows the permission bits as people read them', () => {
    const written = formatManifest(exampleManifest({ ownership: { uid: 1000, gid: 33, mode: 0o640 } }));
    expect(written).toContain('"host": "pi5",\n  "owner": 1000,\n  "group": 33,\n  "mode": "0640",\n');
  });

  test.each([
    { owner: 65534, group: 65534 },
    { owner: 65534, group: 33 },
    { owner: 1000, group: 65534 },
  ])('does not know whose it was where a namespace hid it: $owner:$group', (seen) => {
    expect(parseManifest(changed({ ...seen, mode: '0640' }), name).ownership).toBeUndefined();
  });

  test.each([
    ['2026-11-20T02:05:13Z', '2026-11-20T02:05:13.000Z'],
    ['2026-11-20T02:05:13.5Z', '2026-11-20T02:05:13.500Z'],
  ])('may say %s', (takenAt, expected) => {
    expect(parseManifest(changed({ taken_at: takenAt }), name).takenAt.toISOString()).toBe(expected);
  });
});

describe('a manifest that cannot be trusted', () => {
  test.each([
    ['', 'it is empty'],
    [' \n', 'it is empty'],
    ['<html>captive portal</html>', 'it is not JSON, or it is cut short'],
    [text.slice(0, -3), 'it is not JSON, or it is cut short'],
    [text.slice(0, text.indexOf('"orders"')), 'it is not JSON, or it is cut short'],
    ['[]', 'it is not an object'],
    ['null', 'it is not an object'],
    ['"holdfast-manifest"', 'it is not an object'],
    ['{}', 'it is no Holdfast manifest'],
    ['{"format":"other","version":1}', 'it is no Holdfast manifest'],
  ])('because its text is %j', (damagedText, cause) => {
    const error = refusalOf(damagedText);
    expect(error.kind).toBe('damaged');
    expect(error.message).toBe(`cannot use manifest ${name}: ${cause}`);
  });

  test('at whatever byte it was cut off', () => {
    for (let length = 0; length < text.length - 1; length += 1) {
      expect(refusalOf(text.slice(0, length)).kind).toBe('damaged');
    }
  });

  test('because any one of its fields is missing', () => {
    for (const key of Object.keys(keys)) {
      if (key !== 'format')
        expect(refusalOf(changed({ [key]: undefined })).message).toContain(`${key} is missing`);
    }
    for (const key of Object.keys(keys.sqlite))
      expect(refusalOf(changedPart({ [key]: undefined })).message).toContain(`sqlite.${key} is missing`);
  });

  test('because any one of its fields is of another type', () => {
    const change = (part: Keys, changedTo: (changes: Keys) => string) => {
      for (const [key, value] of Object.entries(part)) {
        for (const wrong of [null, true, {}, typeof value === 'string' ? 3 : 'three', [[]]]) {
          const error = refusalOf(changedTo({ [key]: wrong }));
          expect(error.kind, `${key} = ${JSON.stringify(wrong)}`).toBe('damaged');
        }
      }
    };
    change(keys, changed);
    change(keys.sqlite, changedPart);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ version: 0 }, 'version is not from 1 to'],
    [{ version: 1.5 }, 'version is not a whole number'],
    [{ app: '../x' }, 'app is not a name that an app can have'],
    [{ backup: '' }, 'backup is not a text with something in it'],
    [{ taken_at: 'yesterday' }, 'taken_at is not a time'],
    [{ taken_at: '2026-02-30T00:00:00Z' }, 'taken_at is not a time'],
    [{ taken_at: '2026-11-20T24:00:00Z' }, 'taken_at is not a time'],
    [{ taken_at: '2026-11-20T02:05:13+01:00' }, 'taken_at is not a time'],
    [{ taken_at: '2026-11-20 02:05:13Z' }, 'taken_at is not a time'],
    [{ mode: 'rw-r-----', owner: 0, group: 0 }, 'mode is not an octal number'],
    [{ mode: '0680', owner: 0, group: 0 }, 'mode is not an octal number'],
    [{ mode: 416, owner: 0, group: 0 }, 'mode is not a text'],
    [{ mode: '0640', owner: -1, group: 0 }, 'owner is not from 0 to'],
    [{ mode: '0640', owner: 0 }, 'group is missing'],
    [{ size_bytes: -4096000 }, 'size_bytes is negative'],
    [{ size_bytes: -0.5 }, 'size_bytes is negative'],
    [{ size_bytes: 4096001 }, 'size_bytes is not page_size times page_count'],
    [{ size_bytes: 1e300 }, 'size_bytes is not a whole number'],
    [{ sha256: 'b'.repeat(63) }, 'sha256 is not 64 lower-case hex digits'],
    [{ sha256: 'B'.repeat(64) }, 'sha256 is not 64 lower-case hex digits'],
    [{ content_hash: 'g'.repeat(64) }, 'content_hash is not 64 lower-case hex digits'],
    [{ tables: {} }, 'tables is not a list'],
    [{ tables: [3] }, 'tables[0] is not an object'],
    [{ tables: [{ name: 'a' }] }, 'tables[0].rows is missing'],
    [{ tables: [{ name: 'a', rows: -1 }] }, 'tables[0].rows is negative'],
    [
      {
        tables: [
          { name: 'a', rows: 1 },
          { name: 'a', rows: 1 },
        ],
      },
      'tables[1] has the name of a table before it',
    ],
    [{ integrity: { check: 'full', result: 'row 5 missing' } }, 'integrity.result is not ok'],
    [{ integrity: { check: 'none', result: 'ok' } }, 'integrity.check is not full or quick'],
    [{ integrity: { check: 'full', result: 'ok', note: 1 } }, 'integrity.note is not a text'],
    [{ clock: 'fine' }, 'clock is not synchronised or unknown or unsynchronised'],
    [{ suspect: 'no' }, 'suspect is not a list'],
    [{ suspect: [''] }, 'suspect[0] is not a reason'],
  ])('because it says %j', (changes, cause) => {
    const error = refusalOf(changed(changes));
    expect(error.kind).toBe('damaged');
    expect(error.message).toContain(`cannot use manifest ${name}: ${cause}`);
  });

  test.each<[Keys, string]>([
    [{ page_count: 0 }, 'sqlite.page_count is not from 1 to'],
    [{ page_count: 999 }, 'size_bytes is not page_size times page_count'],
    [{ page_size: 4000 }, 'page_size is not a power of two'],
    [{ page_size: 256 }, 'sqlite.page_size is not from 512 to 65536'],
    [{ page_size: 131_072 }, 'sqlite.page_size is not from 512 to 65536'],
    [{ free_page_count: 1001 }, 'sqlite.free_page_count is not from 0 to 1000'],
    [{ free_page_count: null }, 'sqlite.free_page_count is not a whole number'],
    [{ schema_sha256: `${'a'.repeat(64)}\n` }, 'sqlite.schema_sha256 is not 64 lower-case hex digits'],
    [{ user_version: 2 ** 32 }, 'sqlite.user_version is not from'],
    [{ application_id: '7' }, 'sqlite.application_id is not a whole number'],
    [{ journal_mode: '' }, 'sqlite.journal_mode is not a text with something in it'],
    [{ foreign_key_violations: -1 }, 'sqlite.foreign_key_violations is negative'],
  ])('because SQLite says %j', (changes, cause) => {
    const error = refusalOf(changedPart(changes));
    expect(error.kind).toBe('damaged');
    expect(error.message).toContain(`cannot use manifest ${name}: ${cause}`);
  });

  test('because a newer Holdfast wrote it, whatever else is in it', () => {
    const error = refusalOf('{"format":"holdfast-manifest","version":5,"shards":[]}');
    expect(error.kind).toBe('damaged');
    expect(error.message).toBe(
      `cannot use manifest ${name}: it was made by a newer Holdfast (format 5, this one reads up to 4)`,
    );
    expect(error.hint).toContain('upgrade Holdfast');
  });

  test.each(['duckdb', 'toString', '__proto__'])('because it is of an engine %j of later', (engine) => {
    const error = refusalOf(changed({ engine, [engine]: {} }));
    expect(error.kind).toBe('damaged');
    expect(error.message).toBe(
      `cannot use manifest ${name}: it was made by a newer Holdfast (engine "${engine}", which this one does not know)`,
    );
    expect(error.hint).toContain('upgrade Holdfast');
  });

  test('of version 1, because any one of its fields is missing', () => {
    const path = join(import.meta.dirname, '../../golden/manifest/v1-without-optional-keys.json');
    const first = JSON.parse(readFileSync(path, 'utf8')) as Keys;
    expect(parseManifest(JSON.stringify(first), name)).toMatchObject({ engine: 'sqlite', pageCount: 1000 });
    for (const key of Object.keys(first)) {
      const error = refusalOf(JSON.stringify({ ...first, [key]: undefined }));
      expect(error.message).toContain(key === 'format' ? 'no Holdfast manifest' : `${key} is missing`);
    }
  });
});
