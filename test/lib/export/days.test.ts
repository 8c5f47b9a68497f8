// Service days, the names of their files, and what is kept of both.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import {
  dayFileName,
  dayList,
  dayOfFile,
  filePatternProblem,
  isDay,
  tableFileName,
} from '../../../lib/export/day.ts';
import { formatExportState, parseExportState } from '../../../lib/export/export-state.ts';
import { formatFrozen, mergedFrozen, parseFrozen } from '../../../lib/export/frozen.ts';
import { jsonDifferences } from '../../../lib/export/json-differences.ts';
import { parseJsonTree } from '../../../lib/export/json-tree.ts';

const flaw = (cause: string) => new OpsError('damaged', cause);

test.each(['2026-11-27', '2024-02-29', '1000-01-01'])('%s is a day', (text) =>
  expect(isDay(text)).toBe(true),
);
test.each([
  '',
  '2026-02-29',
  '2026-13-01',
  '2026-1-1',
  '2026-11-27 ',
  '../2026-11-27',
  '2026-11-27T00:00:00',
  '２026-11-27',
])('%j is none', (text) => expect(isDay(text)).toBe(false));

describe('a list of days', () => {
  test('is put in order', () => {
    expect(dayList([['2026-11-27'], ['2025-01-01', 'more']])).toEqual({
      days: ['2025-01-01', '2026-11-27'],
      problems: [],
    });
  });

  test('names every row that is wrong', () => {
    const rows = [[null], ['2026-11-27'], ['2026-11-27'], [20261127n], ['../../etc/passwd'], []];
    expect(dayList(rows).problems).toEqual([
      'row 1 is NULL',
      'row 3 is 2026-11-27, which was listed before',
      'row 4 is no text such as 2026-11-27',
      'row 5 is "../../etc/passwd", which is no day such as 2026-11-27',
      'row 6 is NULL',
    ]);
  });
});

test('the name of a file and its day are found from each other, and no other file is taken for one', () => {
  const pattern = 'ours_{day}.json';
  expect(dayFileName(pattern, '2026-11-27')).toBe('ours_2026-11-27.json');
  expect(dayOfFile(pattern, 'ours_2026-11-27.json')).toBe('2026-11-27');
  for (const other of [
    'ours_2026-02-30.json',
    'ours_.json',
    'ours_2026-11-27.json.bak',
    'x2026-11-27.json',
    '',
  ])
    expect(dayOfFile(pattern, other)).toBeUndefined();
});

test.each([
  ['{day}.json', undefined],
  ['day.json', /once/],
  ['{day}{day}', /once/],
  ['../{day}.json', /a folder/],
  ['.{day}', /a leading dot/],
])('the pattern %s', (pattern, says) => {
  const problem = filePatternProblem(pattern, '{day}');
  if (says === undefined) expect(problem).toBeUndefined();
  else expect(problem).toMatch(says);
});

test.each([
  ['visit', 'visit.json'],
  ['$& {table}', '$& {table}.json'],
  ['a/b', undefined],
  ['a\nb', undefined],
  ['.hidden', undefined],
  ['n'.repeat(300), undefined],
])('the file of the table %j', (table, name) => expect(tableFileName('{table}.json', table)).toBe(name));

test('what is kept is read back', () => {
  const known = {
    sha256: 'a'.repeat(64),
    sizeBytes: 3,
    modifiedNs: '1795780000000000001',
    inode: '18446744073709551615',
  };
  const state = new Map([
    ['__proto__', known],
    ['b.json', known],
  ]);
  expect(parseExportState(formatExportState(state), flaw)).toEqual(state);
  const frozen = new Map([
    ['2026-11-27', { since: new Date('2026-11-28T01:02:03.000Z'), reason: 'sent' }],
    ['2026-11-26', { since: new Date('2026-11-28T01:02:03.000Z'), reason: undefined }],
  ]);
  expect(parseFrozen(formatFrozen(frozen), flaw)).toEqual(frozen);
  expect(() =>
    parseFrozen(formatFrozen(new Map([['../x', { since: undefined, reason: undefined }]])), flaw),
  ).toThrow(/no day/);
  expect(mergedFrozen(frozen, ['2026-11-27', '2026-01-01']).get('2026-11-27')?.reason).toBe('sent');
  expect(mergedFrozen(frozen, ['2026-01-01']).has('2026-01-01')).toBe(true);
});

describe('differences', () => {
  const differ = (file: string, database: string) =>
    jsonDifferences(parseJsonTree(file), parseJsonTree(database), 10);

  test.each<[string, string, string[]]>([
    ['{"a":1}', '{"a":1}', []],
    ['{"a":1}', '{"a":1.0}', ['a: the file has 1, the database 1.0']],
    ['{"a":"1"}', '{"a":1}', ['a: the file has "1", the database 1']],
    ['{"a":1,"b":2}', '{"b":2,"a":1}', ['the document: its keys stand in another order']],
    ['{"a":1}', '{"b":1}', ['a: only the file has it: 1', 'b: only the database has it: 1']],
    [
      '{"v":[{"t":""},{"t":"x"}]}',
      '{"v":[{"t":""},{"t":"y"}]}',
      ['v[1].t: the file has "x", the database "y"'],
    ],
    ['{"v":[1,1,2]}', '{"v":[2,1]}', ['v: the file has 3 items, the database 2', 'v: only the file has 1']],
    ['{"comment:":[]}', '{"comment:":{}}', ['"comment:": the file has [], the database {}']],
    ['[]', 'null', ['the document: the file has [], the database null']],
  ])('%s and %s', (file, database, shown) => {
    expect(differ(file, database)).toEqual({ shown, count: shown.length });
  });

  test('are found between any two documents that are not the same, and never in one and the same', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (a, b) => {
        expect(differ(a, a).count).toBe(0);
        expect(differ(a, b).count === 0).toBe(
          JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b)) || a === b,
        );
      }),
    );
  });
});
