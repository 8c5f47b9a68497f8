// The store's listing and the manifests, joined: the state of every file, in both layouts.
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { comparable, nextBytes } from '../../../lib/backup/catalogue.ts';
import { catalogue, manifestNames, verdictsIn } from '../../../lib/backup/join-listing.ts';
import type {
  CatalogueEntry,
  CatalogueNaming,
  Circumstances,
  ListedFile,
} from '../../../lib/backup/catalogue.ts';
import type { FoundBad } from '../../../lib/backup/verdict.ts';
import { type Manifest, NoManifest } from '../../../lib/backup/manifest.ts';
import { exampleManifest } from './examples.ts';
import { entriesOf, pagesManifest } from './pages-examples.ts';

const modifiedAt = new Date('2026-12-01T00:00:00Z');
const appNaming: CatalogueNaming = {
  layout: 'app',
  app: 'ctv',
  timeZone: 'UTC',
  latestName: 'latest/ctv.db',
};
const classicNaming: CatalogueNaming = { ...appNaming, layout: 'classic', latestName: 'database.db' };

const data = 'backups/ctv/ctv-20261120T020513Z.db';
const manifestFile = 'backups/ctv/ctv-20261120T020513Z.json';
const classicData = 'backups/database_backup_20261120_020513.db';
const classicManifestFile = 'backups/database_backup_20261120_020513.json';

const nameTime = new Date('2026-11-20T02:05:13Z');
const manifestTime = new Date('2026-11-20T02:05:13.250Z');

function listed(...names: string[]): ListedFile[] {
  return names.map((name) => ({ name, sizeBytes: 4_096_000, modifiedAt }));
}

function single(naming: CatalogueNaming, listing: ListedFile[], manifest?: Manifest | OpsError) {
  const file = naming.layout === 'app' ? manifestFile : classicManifestFile;
  const entries = catalogue(listing, new Map(manifest === undefined ? [] : [[file, manifest]]), naming);
  expect(entries.length).toBe(1);
  // What lies in the store is the file itself.
  const { storedBytes, ...entry } = entries[0] ?? { storedBytes: -1 };
  expect(storedBytes).toBe((entry as Partial<CatalogueEntry>).sizeBytes);
  return entry;
}

describe('a backup in the app layout', () => {
  test('is proven by a manifest that fits', () => {
    const manifest = exampleManifest();
    expect(single(appNaming, listed(data, manifestFile), manifest)).toEqual({
      name: data,
      sizeBytes: 4_096_000,
      takenAt: manifestTime,
      state: 'proven',
      manifest,
    });
  });

  test('is suspect when its manifest has reasons', () => {
    const manifest = exampleManifest({ suspect: ['table a is gone', 'table b is gone'] });
    expect(single(appNaming, listed(data, manifestFile), manifest)).toMatchObject({
      state: 'suspect',
      takenAt: manifestTime,
      manifest,
      problem: 'table a is gone; table b is gone',
    });
  });

  const [contentHash, sha256] = ['c'.repeat(64), 'b'.repeat(64)];
  const [other, foundAt] = ['0'.repeat(64), new Date('2026-11-25T04:00:00Z')];
  const verdict: FoundBad = { sha256, foundAt, foundBy: 'restore drill', problem: 'its bytes were altered' };
  const said = 'found damaged on 2026-11-25 04:00:00Z by restore drill: its bytes were altered';
  const unreadable = new OpsError('damaged', 'cannot use verdict x: it is empty');
  const soon = new Date(manifestTime.getTime() - 300_000);

  test.each<[string, Partial<ListedFile>, Circumstances, string, string?]>([
    ['the hash of the store is that of the manifest', { contentHash }, {}, 'proven'],
    ['the hash of the store is another', { contentHash: other }, {}, 'damaged', `content hash is ${other}`],
    ['it was found bad', {}, { verdicts: new Map([[data, [verdict]]]) }, 'damaged', said],
    [
      'a backup of other bytes was found bad',
      {},
      { verdicts: new Map([[data, [{ ...verdict, sha256: other }]]]) },
      'proven',
    ],
    [
      'one of two verdicts is about its bytes',
      {},
      { verdicts: new Map([[data, [{ ...verdict, sha256: other }, verdict]]]) },
      'damaged',
      said,
    ],
    [
      'the verdict on it cannot be read',
      { contentHash },
      { verdicts: new Map([[data, [unreadable]]]) },
      'damaged',
      'cannot be read: cannot use verdict x',
    ],
    ['another one was found bad', {}, { verdicts: new Map([['backups/ctv/x.db', [verdict]]]) }, 'proven'],
    ['its time is long past', {}, { now: new Date('2036-01-01T00:00:00Z') }, 'proven'],
    ['it is five minutes ahead', {}, { now: soon }, 'proven'],
    [
      'it is more than five minutes ahead',
      {},
      { now: new Date(soon.getTime() - 1) },
      'future',
      'dated in the future (now is 2026-11-20 02:00:13Z)',
    ],
    [
      'it is bad and ahead',
      {},
      { now: new Date(0), verdicts: new Map([[data, [verdict]]]) },
      'damaged',
      said,
    ],
  ])('where %s', (_, file, circumstances, state, problem) => {
    const manifest = exampleManifest();
    const listing = listed(data, manifestFile).map((each) =>
      each.name === data ? { ...each, ...file } : each,
    );
    const [entry] = catalogue(listing, new Map([[manifestFile, manifest]]), appNaming, circumstances);
    expect(entry).toMatchObject({ state, takenAt: manifestTime, manifest });
    expect(entry?.isBad).toBe(state === 'damaged' ? true : undefined);
    expect(entry?.problem ?? '').toContain(problem ?? '');
    expect(entry?.problem === undefined).toBe(problem === undefined);
  });

  test('is unfinished without a manifest', () => {
    expect(single(appNaming, listed(data))).toEqual({
      name: data,
      sizeBytes: 4_096_000,
      takenAt: nameTime,
      state: 'unfinished',
      problem: 'it has no manifest: the run that made it did not finish',
    });
  });

  test.each<[string, Manifest | OpsError | undefined, Date, string]>([
    [
      'cannot be used',
      new OpsError('damaged', `cannot use manifest ${manifestFile}: it is empty`),
      nameTime,
      `cannot use manifest ${manifestFile}: it is empty`,
    ],
    ['was not read', undefined, nameTime, 'its manifest was not read'],
    [
      'is that of another file',
      exampleManifest({ backup: 'backups/ctv/ctv-20261119T020513Z.db' }),
      nameTime,
      'its manifest is that of backups/ctv/ctv-20261119T020513Z.db',
    ],
    [
      'is that of another app',
      exampleManifest({ app: 'other' }),
      nameTime,
      'its manifest says that it is of the app other',
    ],
    [
      'says another size',
      exampleManifest({ sizeBytes: 8192, pageCount: 2 }),
      manifestTime,
      'it has 4096000 bytes, its manifest says 8192',
    ],
    [
      'is suspect and says another size',
      exampleManifest({ sizeBytes: 8192, pageCount: 2, suspect: ['table a is gone'] }),
      manifestTime,
      'it has 4096000 bytes, its manifest says 8192',
    ],
  ])('is damaged when its manifest %s', (_, manifest, takenAt, problem) => {
    expect(single(appNaming, listed(data, manifestFile), manifest)).toMatchObject({
      state: 'damaged',
      takenAt,
      problem,
    });
  });

  test('is lost when only its manifest is there', () => {
    const manifest = exampleManifest();
    expect(single(appNaming, listed(manifestFile), manifest)).toEqual({
      name: data,
      sizeBytes: 0,
      takenAt: manifestTime,
      state: 'lost',
      manifest,
      problem: 'its manifest is there, its data is not',
    });
  });

  test.each([
    ['cannot be used', new OpsError('damaged', 'it is empty')],
    ['was not read', undefined],
    ['is that of another file', exampleManifest({ backup: 'x.db', takenAt: new Date(0) })],
  ])('is lost also when that manifest %s', (_, manifest) => {
    expect(single(appNaming, listed(manifestFile), manifest)).toMatchObject({
      name: data,
      takenAt: nameTime,
      state: 'lost',
    });
  });

  test.each([
    'backups/ctv/production.db',
    'backups/ctv/copy.sqlite',
    'backups/ctv/copy.sqlite3',
    'backups/ctv/COPY.DB3',
    'backups/ctv/ctv-20261320T020513Z.db',
    'backups/ctv/ctv-20261120T020513Z (1).db',
    'backups/ctv/database_backup_20261120_020513.db',
  ])('is foreign when it is called %s and has no manifest', (name) => {
    expect(single(appNaming, listed(name))).toEqual({
      name,
      sizeBytes: 4_096_000,
      takenAt: modifiedAt,
      state: 'foreign',
      problem: 'it has no name that Holdfast gives',
    });
  });
});

describe('a backup that a person named', () => {
  const name = 'backups/ctv/before-upgrade.db';
  const itsManifest = 'backups/ctv/before-upgrade.json';

  function named(manifest: Manifest | OpsError | undefined, ...names: string[]) {
    const manifests = new Map(manifest === undefined ? [] : [[itsManifest, manifest]]);
    return catalogue(listed(...names), manifests, appNaming);
  }

  test('is proven by its manifest as any other, and says that it is named', () => {
    const manifest = exampleManifest({ backup: name });
    expect(named(manifest, name, itsManifest)).toEqual([
      {
        name,
        sizeBytes: 4_096_000,
        storedBytes: 4_096_000,
        takenAt: manifestTime,
        state: 'proven',
        named: true,
        manifest,
      },
    ]);
  });

  test('may be suspect', () => {
    const manifest = exampleManifest({ backup: name, suspect: ['table a is gone'] });
    expect(named(manifest, name, itsManifest)).toMatchObject([{ state: 'suspect', named: true }]);
  });

  test('is damaged when its manifest is that of another file', () => {
    expect(named(exampleManifest(), name, itsManifest)).toMatchObject([
      { state: 'damaged', named: true, takenAt: modifiedAt },
    ]);
  });

  test('is taken for another program’s file when what lies beside it is no manifest', () => {
    const unusable = new NoManifest('damaged', 'it is no Holdfast manifest');
    expect(named(unusable, name, itsManifest)).toMatchObject([
      { state: 'foreign', takenAt: modifiedAt, problem: 'it is no Holdfast manifest' },
    ]);
  });

  test.each<OpsError['kind']>(['damaged', 'unavailable', 'denied'])(
    'is damaged when its manifest cannot be used (%s), where nobody else has files',
    (kind) => {
      const unusable = new OpsError(kind, 'told to fail');
      expect(named(unusable, name, itsManifest)).toMatchObject([
        { state: 'damaged', named: true, takenAt: modifiedAt, problem: 'told to fail' },
      ]);
      const manifests = new Map([['backups/before-upgrade.json', unusable]]);
      const shared = listed('backups/before-upgrade.db', 'backups/before-upgrade.json');
      expect(catalogue(shared, manifests, classicNaming)).toMatchObject([{ state: 'foreign' }]);
    },
  );

  test('is foreign without a manifest', () => {
    expect(named(undefined, name)).toMatchObject([{ name, state: 'foreign' }]);
  });

  test('is lost when its manifest alone is left, and a JSON file that is none is nothing', () => {
    const manifest = exampleManifest({ backup: name });
    expect(named(manifest, itsManifest)).toMatchObject([
      { name, state: 'lost', named: true, takenAt: manifestTime, storedBytes: 0 },
    ]);
    for (const other of [
      exampleManifest({ backup: name, app: 'other' }),
      exampleManifest(),
      new OpsError('damaged', 'it is not JSON'),
    ])
      expect(named(other, itsManifest)).toEqual([]);
  });

  test('is never said of one with a time in its name', () => {
    const manifests = new Map([[manifestFile, exampleManifest()]]);
    for (const entry of catalogue(listed(data, manifestFile), manifests, appNaming)) {
      expect(entry.named).toBeUndefined();
    }
  });
});

describe('a backup in the classic layout', () => {
  const manifest = exampleManifest({ backup: classicData });

  test('is proven by a manifest that fits', () => {
    expect(single(classicNaming, listed(classicData, classicManifestFile), manifest)).toMatchObject({
      name: classicData,
      state: 'proven',
      takenAt: manifestTime,
    });
  });

  test('is foreign without one, with the time its name says in the zone', () => {
    const entry = single({ ...classicNaming, timeZone: 'Europe/Berlin' }, listed(classicData));
    expect(entry).toEqual({
      name: classicData,
      sizeBytes: 4_096_000,
      takenAt: new Date('2026-11-20T01:05:13Z'),
      state: 'foreign',
      problem: 'it has no manifest',
    });
  });

  test('is foreign, not damaged, when its manifest is another app’s: the name does not say whose it is', () => {
    const other = exampleManifest({ backup: classicData, app: 'other' });
    expect(single(classicNaming, listed(classicData, classicManifestFile), other)).toMatchObject({
      state: 'foreign',
      problem: 'its manifest says that it is of the app other',
    });
    const onlyManifest = listed(classicManifestFile);
    expect(catalogue(onlyManifest, new Map([[classicManifestFile, other]]), classicNaming)).toEqual([]);
  });

  test('is lost when only its manifest is there', () => {
    expect(single(classicNaming, listed(classicManifestFile), manifest)).toMatchObject({
      name: classicData,
      state: 'lost',
    });
  });
});

describe('a listing', () => {
  test.each<[string, CatalogueNaming, string[]]>([
    ['another app’s files', appNaming, ['backups/other/other-20261120T020513Z.db', 'backups/other/x.json']],
    ['an app whose name begins like ours', appNaming, ['backups/ctv-2/ctv-2-20261120T020513Z.db']],
    ['folders below', appNaming, ['backups/ctv/old/ctv-20261120T020513Z.db', 'backups/ctv/old/x.db']],
    ['folders below, classic', classicNaming, [data, manifestFile, 'backups/old/database.db']],
    [
      'files that are not data',
      appNaming,
      ['backups/ctv/README.md', 'backups/ctv/it is.json', `${data}.part`],
    ],
    ['what lies elsewhere', appNaming, ['ctv.db', 'latest/ctv.db', 'database.db']],
  ])('leaves out %s', (_, naming, names) => {
    expect(catalogue(listed(...names), new Map(), naming)).toEqual([]);
    expect(manifestNames(listed(...names), naming)).toEqual([]);
  });

  test.each<[string, string]>([
    ['backups/newest.db', 'backups/newest.db'],
    ['with a leading slash', '/backups/newest.db'],
  ])('leaves out the latest copy, %s', (_, latestName) => {
    const naming = { ...classicNaming, latestName };
    const names = catalogue(listed('backups/newest.db', 'backups/other.db'), new Map(), naming).map(
      ({ name }) => name,
    );
    expect(names).toEqual(['backups/other.db']);
  });

  test('names the manifests to read: with a data name of ours or of a person, or beside data of any other name', () => {
    const listing = listed(
      data,
      manifestFile,
      'backups/ctv/ctv-20261119T020513Z.json',
      'backups/ctv/ctv-20261319T020513Z.json',
      'backups/ctv/notes.json',
      'backups/ctv/production.db',
      'backups/ctv/production.json',
      'backups/ctv/copy.sqlite',
      'backups/ctv/copy.json',
      'backups/ctv/old/ctv-20261119T020513Z.json',
      classicManifestFile,
    );
    expect(manifestNames(listing, appNaming)).toEqual([
      manifestFile,
      'backups/ctv/ctv-20261119T020513Z.json',
      'backups/ctv/notes.json',
      'backups/ctv/production.json',
      'backups/ctv/copy.json',
    ]);
    expect(manifestNames(listing, classicNaming)).toEqual([classicManifestFile]);
  });

  test('comes back newest first, by the time that counts for each', () => {
    const names = [
      'backups/ctv/ctv-20261118T020513Z.db',
      'backups/ctv/ctv-20261121T020513Z.db',
      'backups/ctv/production.db',
    ];
    const entries = catalogue(
      listed(...names, data, manifestFile, 'backups/ctv/ctv-20261119T020513Z.json'),
      new Map([[manifestFile, exampleManifest()]]),
      appNaming,
    );
    expect(entries.map(({ name, state }) => `${state} ${name}`)).toEqual([
      'foreign backups/ctv/production.db',
      'unfinished backups/ctv/ctv-20261121T020513Z.db',
      `proven ${data}`,
      'lost backups/ctv/ctv-20261119T020513Z.db',
      'unfinished backups/ctv/ctv-20261118T020513Z.db',
    ]);
  });

  test('that is empty gives no entries', () => {
    expect(catalogue([], new Map(), appNaming)).toEqual([]);
    expect(manifestNames([], appNaming)).toEqual([]);
  });
});

describe('the verdicts in a listing', () => {
  test('are those beside a data file, whatever its name', () => {
    const names = [data, 'backups/ctv/mine.sqlite', 'backups/ctv/a.verdict.db'];
    const verdicts = [
      'ctv-20261120T020513Z.verdict',
      'mine.sqlite.verdict',
      'gone.verdict',
      'a.verdict.json',
    ];
    const listing = listed(...names, ...verdicts.map((name) => `backups/ctv/${name}`));
    expect(verdictsIn(listing, appNaming).map(({ backup }) => backup)).toEqual(names.slice(0, 2));
    expect(
      catalogue(listing, new Map(), appNaming)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names.toSorted());
  });
});

describe('what a new backup is compared with', () => {
  const at = (takenAt: string, suspect: string[] = []) =>
    exampleManifest({ takenAt: new Date(takenAt), suspect });
  const manifests = {
    '20261118T020513Z': at('2026-11-18T02:05:13Z'),
    '20261119T020513Z': at('2026-11-19T02:05:13Z', ['rows fell']),
    '20361120T020513Z': at('2036-11-20T02:05:13Z'),
  };
  const entries = (now: string) => {
    const all = Object.entries(manifests).map(([stamp, manifest]) => {
      const backup = `backups/ctv/ctv-${stamp}.db`;
      return { ...manifest, backup };
    });
    const listing = listed(...all.flatMap(({ backup }) => [backup, backup.replace(/db$/, 'json')]));
    const read = new Map(all.map((manifest) => [manifest.backup.replace(/db$/, 'json'), manifest]));
    return catalogue(listing, read, appNaming, { now: new Date(now) });
  };

  test.each([
    ['2026-11-20T00:00:00Z', '20261118'],
    ['2036-11-21T00:00:00Z', '20361120'],
    ['1970-01-01T00:00:13Z', '20261118'],
  ])('at %s is that of %s', (now, stamp) => {
    expect(comparable(entries(now))?.name).toContain(stamp);
  });
});

test('what the next backup may take is a file and a full, as they are stored, and never an increment', () => {
  const full = pagesManifest('20261101T020000Z', 0);
  const day = pagesManifest('20261102T020000Z', 1, full);
  const { stored, ...file } = full;
  void stored;
  const plain = { ...file, backup: data, takenAt: manifestTime };
  expect(nextBytes([])).toBe(0);
  expect(nextBytes(entriesOf([full, day]))).toBe(5000);
  expect(nextBytes(entriesOf([plain]))).toBe(plain.sizeBytes);
  expect(nextBytes(entriesOf([plain, full, day]))).toBe(plain.sizeBytes + 5000);
});
