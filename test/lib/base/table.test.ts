// A table fits the terminal, however narrow that is and whatever it holds, and loses nothing but what is said twice.
import fc from 'fast-check';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { formatRows, formatTable } from '../../../lib/base/table.ts';
import { cutToWidth, textWidth, wrapText } from '../../../lib/base/text-width.ts';

const backups = [
  ['  backups/ctv-20261120T020513Z.db', '2026-11-20 02:05:13', '8 d 3 h ago', '1.4 GB', 'proven'],
  ['  backups/before the import.db', '2026-11-01 12:00:00', '27 d ago', '1.4 GB', 'damaged'],
];

test.each([
  [
    undefined,
    [
      '  backups/ctv-20261120T020513Z.db  2026-11-20 02:05:13  8 d 3 h ago  1.4 GB  proven',
      '  backups/before the import.db     2026-11-01 12:00:00  27 d ago     1.4 GB  damaged',
    ],
  ],
  [
    80, // what is said twice goes first
    [
      '  backups/ctv-20261120T020513Z.db  2026-11-20 02:05:13  1.4 GB  proven',
      '  backups/before the import.db     2026-11-01 12:00:00  1.4 GB  damaged',
    ],
  ],
  [
    60, // then the name has a line of its own
    [
      '  backups/ctv-20261120T020513Z.db',
      '    2026-11-20 02:05:13  8 d 3 h ago  1.4 GB  proven',
      '  backups/before the import.db',
      '    2026-11-01 12:00:00  27 d ago     1.4 GB  damaged',
    ],
  ],
  [
    40,
    [
      '  backups/ctv-20261120T020513Z.db',
      '    2026-11-20 02:05:13  1.4 GB  proven',
      '  backups/before the import.db',
      '    2026-11-01 12:00:00  1.4 GB  damaged',
    ],
  ],
  [
    20,
    [
      '  backups/ctv-202611',
      '  20T020513Z.db',
      '    2026-11-20',
      '    02:05:13',
      '    8 d 3 h ago',
      '    1.4 GB',
      '    proven',
      '  backups/before the',
      '  import.db',
      '    2026-11-01',
      '    12:00:00',
      '    27 d ago',
      '    1.4 GB',
      '    damaged',
    ],
  ],
])('a list of backups on a terminal of %s columns', (columns, lines) => {
  expect(formatTable(backups, { columns, spare: [2] })).toEqual(lines);
});

test('the widest column is wrapped, and the others stay whole', () => {
  const rows = [
    ['CRITICAL', 'disk-space', '/srv', 'only 2 % of 64 GB are free, and there should be 10 %'],
    ['OK', 'clock', '', 'synchronised'],
  ];
  expect(formatRows(rows, { columns: 52 })).toEqual([
    [
      'CRITICAL  disk-space  /srv  only 2 % of 64 GB are',
      '                            free, and there should',
      '                            be 10 %',
    ],
    ['OK        clock             synchronised'],
  ]);
});

/** What people give things for names: wide, with marks upon it, of several parts. */
const cell = fc
  .array(
    fc.oneof(
      fc.constantFrom('日本語', 'é', '👩‍👩‍👧', '🇩🇪', 'نص', 'Ａ', ' ', '  ', 'backups/ctv.db', '', '한국'),
      fc.string({ maxLength: 12 }),
    ),
    { maxLength: 6 },
  )
  .map((pieces) => pieces.join(''));

test.each([20, 40, 80, 200])('no line is wider than %i columns, and no word is lost', (columns) => {
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 1, maxLength: 6 }), { maxLength: 5 }), (rows) => {
      const lines = formatTable(rows, { columns });
      for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(columns);
      const letters = (texts: readonly string[]) => [...texts.join('').replaceAll(' ', '')].sort();
      expect(letters(lines)).toEqual(letters(formatTable(rows)));
    }),
  );
});

test.each([
  ['', 0],
  ['plain', 5],
  ['日本', 4],
  ['e\u0301', 1],
  ['👍🏽', 2],
  ['👩‍👩‍👧', 2],
  ['Ａ', 2],
  ['한국', 4],
  ['\u200bx', 1],
])('%j takes %i columns', (text, width) => expect(textWidth(text)).toBe(width));

test('a width is what Node counts where it edits a line', () => {
  const lines = createInterface({ input: new PassThrough(), output: new PassThrough(), prompt: '' });
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'ß', 'é', '語', 'ぁ', 'Ａ', '가', '…', '█', 'я', '\u0301') }),
      (text) => {
        Object.assign(lines, { line: text, cursor: text.length });
        expect(textWidth(text)).toBe(lines.getCursorPos().cols);
      },
    ),
  );
  lines.close();
});

test('a character of two columns is not cut in half', () => {
  expect(cutToWidth('a日本', 2)).toBe('a');
  expect(cutToWidth('plain', 2)).toBe('pl');
  expect(wrapText('日本語', 3)).toEqual(['日', '本', '語']);
});
