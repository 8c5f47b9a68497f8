import { expect, test } from 'vitest';
import { decodeTail, lastLine } from '../../../lib/process/output-tail.ts';

test.each([
  ['one\ntwo\n', 'two'],
  ['one\r\ntwo\r\n\r\n', 'two'],
  ['progress 1%\rprogress 100%', 'progress 100%'],
  ['Unit nope.service not loaded.\n', 'Unit nope.service not loaded'],
  ['\u001b[1;31merror\u001b[0m: \u0007bad', 'error:  bad'],
  ['', ''],
  ['\n \n', ''],
])('of %j the last line that says something is %j', (output, line) => {
  expect(lastLine(output)).toBe(line);
});

test('a line is cut so that it fits into a message', () => {
  expect(lastLine('x'.repeat(5000))).toHaveLength(300);
});

test('half a character at the cut is left out, a whole one is kept', () => {
  const bytes = Buffer.from('€uro');
  expect(decodeTail(bytes)).toBe('€uro');
  expect(decodeTail(bytes.subarray(1))).toBe('uro');
  expect(decodeTail(bytes.subarray(2))).toBe('uro');
});
