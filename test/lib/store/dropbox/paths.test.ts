// Names that Dropbox refuses or silently changes are refused here, before anything travels.
import { describe, expect, test } from 'vitest';
import { pathOf, requireDropboxName, samePath } from '../../../../lib/store/dropbox/paths.ts';

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

test('letter case does not tell two paths apart', () => {
  expect(samePath('/Backups/A.db', '/backups/a.DB')).toBe(true);
  expect(samePath('/backups/a.db', '/backups/a (2).db')).toBe(false);
});
