// Colour is for the words that say how something is, where they say it; it changes no other character.
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { wantsColour } from '../../../lib/config/launcher.ts';
import { coloured, colouredLog } from '../../../lib/run/colour.ts';

/** The coloured words, in brackets behind the first number of their colour. */
function marked(text: string): string {
  // eslint-disable-next-line no-control-regex -- escape sequences are what this is about
  return text.replace(/(?:\u001b\[\d+m)+([^\u001b]*)(?:\u001b\[\d+m)+/g, (all, word) => {
    return `${/\d+/.exec(String(all))?.[0]}[${String(word)}]`;
  });
}

test.each([
  ['CRITICAL  disk', '31[CRITICAL]  disk'],
  ['OK        clock', '32[OK]        clock'],
  ['WARNING: ctv: the disk is full', '33[WARNING]: ctv: the disk is full'],
  ['UNKNOWN', '35[UNKNOWN]'],
  ['OKAY no', 'OKAY no'],
  ['ctv: SUSPECT: no rows', 'ctv: 33[SUSPECT]: no rows'],
  ['  DAMAGED: ctv-1.db: it is cut', '  31[DAMAGED]: ctv-1.db: it is cut'],
  ['  newest proven backup: NONE', '  newest proven backup: 31[NONE]'],
  ['  ctv-1.db  2026-11-20 02:05:13  1.4 GB  proven', '  ctv-1.db  2026-11-20 02:05:13  1.4 GB  32[proven]'],
  [
    '  ctv-2.db  1.4 GB  damaged, clock not synchronised',
    '  ctv-2.db  1.4 GB  31[damaged], clock not synchronised',
  ],
  ['    damaged', '    31[damaged]'],
  ['  backups: 12 proven, 1 damaged, 3 GB', '  backups: 12 32[proven], 1 31[damaged], 3 GB'],
  ['ok      ctv: database', '32[ok]      ctv: database'],
  ['ctv: failed: cannot reach it', 'ctv: 31[failed]: cannot reach it'],
  ['  hint: db-backup run', '  36[hint]: db-backup run'],
  ['the proven one of a damaged disk is ok', 'the proven one of a damaged disk is ok'],
])('of a result: %j', (line, shown) => {
  expect(marked(coloured(line))).toBe(shown);
  expect(stripVTControlCharacters(coloured(`${line}\n${line}`))).toBe(`${line}\n${line}`);
});

test.each([
  ['restore: error: cannot do it: error: no\n', 'restore: 31[error]: cannot do it: error: no\n'],
  ['restore: hint: mend it\n', 'restore: 36[hint]: mend it\n'],
  ['restore: ctv: hint: mend it\n', 'restore: ctv: 36[hint]: mend it\n'],
  ['restore: warning: low size=3\n', 'restore: 33[warning]: low size=3\n'],
  ['restore: a sentence, and no error: here\n', 'restore: a sentence, and no error: here\n'],
])('of the log: %j', (line, shown) => expect(marked(colouredLog(line))).toBe(shown));

test.each([
  [{ TERM: 'xterm' }, true],
  [{ TERM: 'xterm', NO_COLOR: '1' }, false],
  [{ TERM: 'xterm', NO_COLOR: '' }, true],
  [{ TERM: 'dumb' }, false],
  [{}, false],
])('with %o', (environment, expected) => expect(wantsColour(environment)).toBe(expected));
