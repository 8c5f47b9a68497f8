// The way out without us: a database of what lies in a store, by a program that shares no code with Holdfast.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { formatManifest, parseManifest } from '../../../../lib/backup/manifest.ts';
import { formatSealedManifest, sealedManifest } from '../../../../lib/backup/sealed-manifest.ts';
import { digestFile } from '../../../../lib/files/hash-file.ts';
import { exchangeFrame, putTogether, type RawObject, takeApart } from '../../../support/page-objects.ts';
import { scratch } from '../../../support/scratch.ts';

const root = join(import.meta.dirname, '../../../..');
const script = join(root, 'etc/rescue/rebuild.py');
const store = join(root, 'test/golden/pages');
const full = 'ctv-20261120T020513Z.pages';
const newest = 'ctv-20261121T030513Z.pages';
const newestSha256 = '7302f3d8710fcd54c2ac735e83dd9da5eb9827e4271d025da491c9531c10d316';
const canRun = spawnSync('/usr/bin/python3', ['-c', 'import zstandard']).status === 0;
const hasAge = spawnSync('age-keygen', ['--version']).status === 0;

function rescue(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(script, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** A copy of the folder of the app, to be changed. */
function copied(): string {
  const folder = scratch();
  cpSync(join(store, 'backups/ctv'), folder, { recursive: true });
  return folder;
}

function flipBit(path: string, at: number): void {
  const bytes = readFileSync(path);
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = (bytes[place] ?? 0) ^ 4;
  writeFileSync(path, bytes);
}

describe.skipIf(!canRun)('etc/rescue/rebuild.py, where python3-zstandard is installed,', () => {
  test('has less than 150 lines, and says how it is used', () => {
    expect(readFileSync(script, 'utf8').split('\n').length).toBeLessThanOrEqual(150);
    expect(rescue('--help').stdout).toContain('rebuild.py DIRECTORY NAME TARGET');
  });

  test('lists what is there, and on what it is based', () => {
    expect(rescue(store).stdout.split('\n')).toEqual([
      'backups/ctv/ctv-20261120T020513Z.pages  2768896 bytes  on nothing: a full',
      'backups/ctv/ctv-20261121T020513Z.pages  2772480 bytes  on backups/ctv/ctv-20261120T020513Z.pages',
      'backups/ctv/ctv-20261121T030513Z.pages  2158592 bytes  on backups/ctv/ctv-20261121T020513Z.pages',
      '',
    ]);
  });

  test('rebuilds a full of several objects and increments on it, byte for byte', async () => {
    for (const name of readdirSync(join(store, 'backups/ctv')).filter((file) => file.endsWith('.json'))) {
      const manifest = parseManifest(readFileSync(join(store, 'backups/ctv', name), 'utf8'), name);
      const target = join(scratch(), 'app.db');
      expect(rescue(store, manifest.backup, target)).toMatchObject({ status: 0, stderr: '' });
      expect((await digestFile(target)).sha256).toBe(manifest.sha256);
    }
  });

  test.for<[what: string, spoil: (folder: string) => void, said: RegExp]>([
    [
      'an object of the full is missing',
      (at) => rmSync(join(at, 'ctv-20261120T020513Z+2.pages')),
      /\+2\.pages is missing/,
    ],
    [
      'the manifest of the base is missing',
      (at) => rmSync(join(at, 'ctv-20261121T020513Z.pages.json')),
      /is needed, and not there/,
    ],
    ['one bit of a frame', (at) => flipBit(join(at, newest), 5000), /was altered in group/],
    ['one bit of an index', (at) => flipBit(join(at, full), -100), /index of .* was altered/],
    [
      'an object is cut',
      (at) => writeFileSync(join(at, full), readFileSync(join(at, full)).subarray(0, 9000)),
      /cut short/,
    ],
    [
      'two objects are exchanged',
      (at) => renameSync(join(at, 'ctv-20261120T020513Z+2.pages'), join(at, full)),
      /is not part 1 of 3/,
    ],
    [
      'an object is a directory',
      (at) => (rmSync(join(at, full)), mkdirSync(join(at, full))),
      /Is a directory/,
    ],
    ['a manifest says nothing of objects', withoutObjects, /KeyError: 'objects'/],
    ['a frame unpacks to more than a group', bomb, /a frame claims to be larger/],
    [
      'a group has more pages than fit in',
      withPages([0, 1_000_000_000]),
      /more pages in group 0 than there are/,
    ],
    ['pages are larger than any', withIndex({ page_size: 1 << 30 }), /groups of no possible size/],
    ['the manifest promises another database', (at) => promise(at, 'f'.repeat(64)), /it should be f{64}/],
  ])('says so where %s', ([, spoil, said]) => {
    const folder = copied();
    spoil(folder);
    const target = scratch();
    const { status, stderr } = rescue(folder, newest, join(target, 'app.db'));
    expect(status).toBe(1);
    expect(stderr).toMatch(said);
    expect(stderr).not.toContain('Traceback');
    expect(readdirSync(target)).toEqual(said.source.includes('should be') ? ['app.db'] : []);
  });

  test.for<[what: string, args: string[], said: RegExp]>([
    ['the name of the directory', [newest, store, 'app.db'], /is no directory: that goes first/],
    ['a directory that is there', ['/nowhere', newest, 'app.db'], /\/nowhere is no directory/],
    ['the name of a backup', [store, 'app.db', newest], /0 backups have a name that ends in app\.db/],
    ['the name of one backup', [store, 'pages', 'app.db'], /3 backups have a name that ends in pages: /],
    ['a target whose directory is there', [store, newest, 'nowhere/app.db'], /No such file or directory/],
  ])('wants %s', ([, args, said]) => {
    const cwd = scratch();
    const { status, stderr } = spawnSync(script, args, { encoding: 'utf8', cwd });
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringMatching(said) as string });
    expect(stderr).not.toContain('Traceback');
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.skipIf(!hasAge)(
    'opens what is encrypted with the program age, or takes what age has decrypted before',
    async () => {
      const { folder, identity } = encrypted();
      const target = join(scratch(), 'app.db');
      expect(rescue(folder, `${newest}.age`, target)).toMatchObject({ status: 1 });
      expect(rescue('--identity', identity, folder, `${newest}.age`, target)).toMatchObject({ status: 0 });
      expect((await digestFile(target)).sha256).toBe(newestSha256);

      for (const name of readdirSync(folder).filter((file) => file.endsWith('.age')))
        execFileSync('age', [
          '-d',
          '-i',
          identity,
          '-o',
          join(folder, name.slice(0, -4)),
          join(folder, name),
        ]);
      const second = join(scratch(), 'app.db');
      const { stdout } = rescue(folder, `${newest}.age`, second);
      expect(stdout).toContain(newestSha256);
      expect(readFileSync(second).equals(readFileSync(target))).toBe(true);
      expect(rescue(folder, `${newest}.age`, second).stderr).toContain('exists already');
    },
  );
});

/** Alters the first object of the full, every checksum right. */
function withObject(folder: string, change: (object: RawObject) => RawObject): void {
  const path = join(folder, full);
  writeFileSync(path, putTogether(change(takeApart(readFileSync(path)))));
}

function bomb(folder: string): void {
  const frame = zstdCompressSync(Buffer.alloc(1 << 26)); // says how large it is
  withObject(folder, (object) => exchangeFrame(object, 0, frame));
}

function withPages(runs: readonly number[]): (folder: string) => void {
  return (folder) =>
    withObject(folder, ({ index, frames }) => {
      const altered = index.frames.map((of, i) => (i === 0 ? [...of.slice(0, 3), ...runs] : of));
      return { index: { ...index, frames: altered }, frames };
    });
}

function withIndex(changes: Record<string, unknown>): (folder: string) => void {
  return (folder) => withObject(folder, ({ index, frames }) => ({ index: { ...index, ...changes }, frames }));
}

function withoutObjects(folder: string): void {
  const path = join(folder, `${newest}.json`);
  writeFileSync(path, readFileSync(path, 'utf8').replace('"objects"', '"subjects"'));
}

/** Replaces the hash in the manifest of the newest one. */
function promise(folder: string, sha256: string): void {
  const path = join(folder, `${newest}.json`);
  writeFileSync(path, readFileSync(path, 'utf8').replace(newestSha256, sha256));
}

/** The same backups, sealed by the program age for an identity of its own. */
function encrypted(): { folder: string; identity: string } {
  const folder = copied();
  const identity = join(scratch(), 'key.txt');
  execFileSync('age-keygen', ['-o', identity], { stdio: 'ignore' });
  const recipient = execFileSync('age-keygen', ['-y', identity], { encoding: 'utf8' }).trim();
  const seal = (input: Buffer) => execFileSync('age', ['-r', recipient], { input, maxBuffer: 2 ** 24 });
  const sealedNames = (text: string) => text.replaceAll(/\.pages"/g, '.pages.age"');
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const bytes = readFileSync(path);
    rmSync(path);
    if (!name.endsWith('.json')) {
      writeFileSync(`${path}.age`, seal(bytes));
      continue;
    }
    const manifest = parseManifest(sealedNames(bytes.toString()), name);
    const { stored } = manifest;
    if (stored === undefined) throw new Error(`${name} says nothing of objects`);
    const whole = { ...manifest, stored: { ...stored, recipients: [recipient] } };
    const text = formatSealedManifest(
      sealedManifest(whole, seal(Buffer.from(formatManifest(whole))).toString('base64')),
    );
    writeFileSync(join(folder, name.replace('.pages.json', '.pages.age.json')), text);
  }
  return { folder, identity };
}
