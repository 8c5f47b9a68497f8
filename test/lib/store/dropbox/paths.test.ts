// Names that Dropbox refuses or silently changes are refused here, before anything travels.
import { describe, expect, test } from 'vitest';
import { pathOf, requireDropboxName, isAt, isNamed } from '../../../../lib/store/dropbox/paths.ts';

describe('a name', () => {
  test.each([
    'a.db',
    'backups/shop/shop-20261120T020513Z.db',
    'ä ö.db',
    'con',
    'x~1.tmp',
    '.hidden',
    '.dropboxes',
  ])('%j can be used', (name) => expect(requireDropboxName(name)).toBe(name));

  test.each([
    'desktop.ini',
    'backups/Thumbs.DB',
    '.DS_Store',
    '.dropbox',
    '.dropbox.attr',
    '.dropbox.cache',
    '~$letter.doc',
    '.~lock',
    '~upload.tmp',
    'a ',
    'a.',
    'folder /a.db',
    'folder./a.db',
    '',
    '../a.db',
    'a//b.db',
    'a\\b.db',
    'a\u0000b',
  ])('%j is refused', (name) => {
    expect(() => requireDropboxName(name)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});

test('lies below the folder', () => {
  expect(pathOf('', 'a.db')).toBe('/a.db');
  expect(pathOf('/pi', 'backups/a.db')).toBe('/pi/backups/a.db');
});

test.each([
  ['/Backups/A.db', '/backups/a.DB', true, false],
  ['/BACKUPS/a.db', '/backups/a.db', true, true],
  ['/backups/a (2).db', '/backups/a.db', false, false],
  // Composed and not: the same name.
  ['/backups/\u00fc.db', '/backups/u\u0308.db', true, true],
  // Folds to two characters in JavaScript, and to one in Dropbox.
  ['/backups/\u0130.db', '/backups/\u0130.db', true, true],
  ['/i\u0307/a.db', '/\u0130/a.db', true, true],
])('%s is where %s was asked for: %s, and named so: %s', (told, asked, isThere, isSo) => {
  expect([isAt(told, asked), isNamed(told, asked)]).toEqual([isThere, isSo]);
});
