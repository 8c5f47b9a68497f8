// Colour is for the word that says how something is, at the beginning of a line.
import { expect, test } from 'vitest';
import { wantsColour } from '../../../lib/config/launcher.ts';
import { coloured } from '../../../lib/run/colour.ts';

test('the verdict of a line is coloured, and nothing else', () => {
  expect(coloured('CRITICAL  disk\nOK        clock\n  OK then\nWARNING: ctv\nOKAY no\n')).toBe(
    '\u001b[31mCRITICAL\u001b[0m  disk\n\u001b[32mOK\u001b[0m        clock\n  OK then\n\u001b[33mWARNING\u001b[0m: ctv\nOKAY no\n',
  );
});

test.each([
  [{ TERM: 'xterm' }, true],
  [{ TERM: 'xterm', NO_COLOR: '1' }, false],
  [{ TERM: 'xterm', NO_COLOR: '' }, true],
  [{ TERM: 'dumb' }, false],
  [{}, false],
])('with %o', (environment, expected) => expect(wantsColour(environment)).toBe(expected));
