// Change fragments are well-formed, CHANGELOG.md is made from them, and all that names the version agrees.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { changelog, parseChange, release, releases, unreleased } from './support/changelog.ts';
import { scratch } from './support/scratch.ts';

const root = resolve(import.meta.dirname, '..');

/** The version as package.json has it; fails where package-lock.json has another. */
function agreedVersion(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  expect([lock.version, lock.packages[''].version]).toEqual([version, version]);
  return version;
}

/** A copy of what a release reads and writes, with one change that waits for it. */
function copy(): string {
  const folder = scratch();
  for (const name of ['docs/changes', 'package.json', 'package-lock.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'docs/changes/unreleased'), { recursive: true });
  writeFileSync(
    join(folder, 'docs/changes/unreleased/moon.md'),
    'Added: Backups on the moon.\n\nThey take\na while.\n',
  );
  return folder;
}

test('CHANGELOG.md is what docs/changes says', () => {
  expect(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')).toBe(changelog(root));
});

test('the version is that of the last release, and goes beyond it with the first change that waits for the next', () => {
  const last = releases(root)[0]?.version ?? '';
  const version = agreedVersion(root);
  if (unreleased(root).length === 0) return expect(version).toBe(last);
  expect(version).toMatch(/^\d+\.\d+\.\d+-dev$/);
  expect(version.localeCompare(last, 'en', { numeric: true })).toBe(1);
});

describe('a fragment', () => {
  test('is a kind and one sentence, and may say more', () => {
    expect(parseChange('a.md', 'Fixed: `restore` waits.\n')).toEqual({
      kind: 'Fixed',
      text: '`restore` waits.',
    });
    expect(parseChange('a.md', 'Added: A thing.\n\nMore of it.\n').text).toBe('A thing.\n\nMore of it.');
  });

  test.each([
    ['without a kind', 'Backups on the moon.\n'],
    ['of a kind that is not known', 'Improved: Backups.\n'],
    ['whose sentence does not end', 'Added: Backups on the moon\n'],
    ['whose sentence goes over two lines', 'Added: Backups\non the moon.\n'],
    ['with more that no empty line parts from it', 'Added: Backups.\nOn the moon.\n'],
    ['without an end of line', 'Added: Backups.'],
  ])('%s is refused', (_, text) => {
    expect(() => parseChange('moon.md', text)).toThrow(/^moon\.md: begin with one of/);
  });
});

describe('a release', () => {
  test('moves the fragments, and sets the version everywhere', () => {
    const folder = copy();
    release(folder, '20.0.0', '2031-02-03');
    expect(existsSync(join(folder, 'docs/changes/unreleased'))).toBe(false);
    expect(unreleased(folder)).toEqual([]);
    expect(releases(folder)[0]).toMatchObject({ version: '20.0.0', date: '2031-02-03' });
    expect(agreedVersion(folder)).toBe('20.0.0');
    const text = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8');
    expect(text).toContain('## 20.0.0 (2031-02-03)\n\n### ');
    expect(text).toContain('- Backups on the moon.\n\n  They take\n  a while.\n');
    expect(text.indexOf('## 20.0.0')).toBeLessThan(text.indexOf('## 0.1.0'));
  });

  test('leaves the rest of package.json and package-lock.json as it was', () => {
    const folder = copy();
    release(folder, '20.0.0', '2031-02-03');
    for (const name of ['package.json', 'package-lock.json']) {
      const before = readFileSync(join(root, name), 'utf8').split('\n');
      const after = readFileSync(join(folder, name), 'utf8').split('\n');
      const changed = after.filter((line, index) => line !== before[index]);
      expect([...new Set(changed.map((line) => line.trim()))]).toEqual(['"version": "20.0.0",']);
      expect(after.length).toBe(before.length);
    }
  });

  test.each(['0.1.0', '0.0.9', '0.2', '0.2.0-dev', ''])(
    'of %o is refused, and nothing is moved',
    (version) => {
      const folder = copy();
      expect(() => release(folder, version, '2031-02-03')).toThrow();
      expect(unreleased(folder).map(({ text }) => text)).toContain(
        'Backups on the moon.\n\nThey take\na while.',
      );
      expect(existsSync(join(folder, 'CHANGELOG.md'))).toBe(false);
    },
  );

  test('of nothing is refused', () => {
    const folder = copy();
    release(folder, '20.0.0', '2031-02-03');
    expect(() => release(folder, '20.1.0', '2031-02-04')).toThrow('nothing to release');
  });
});
