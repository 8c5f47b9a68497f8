// The text of an environment file. The table is what systemd 252 itself makes of these texts, but for the comment that ends in
// a backslash: there it is version 254.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEnvFile } from '../../../lib/config/parse-env-file.ts';

test.each<[text: string, variables: Record<string, string>]>([
  ['A=1', { A: '1' }],
  ['A=1\n', { A: '1' }],
  ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ['  A = 1 2  \n', { A: '1 2' }],
  ['A=', { A: '' }],
  ['A=\n', { A: '' }],
  ['# A=1\n;B=2\nC=3\n', { C: '3' }],
  ['A=1 # no comment\n', { A: '1 # no comment' }],
  ['A=a#b;c\n', { A: 'a#b;c' }],
  ["A='x y'\n", { A: 'x y' }],
  ['A="x y"\n', { A: 'x y' }],
  ['A="x"\'y\'z\n', { A: 'xyz' }],
  ['A="x" y\n', { A: 'xy' }],
  ["A='it''s'\n", { A: 'its' }],
  ['A="a\\"b\\\\c\\$d\\`e\\n"\n', { A: 'a"b\\c$d`e\\n' }],
  ["A='a\\nb'\n", { A: 'a\\nb' }],
  ['A=a\\nb\\\\c\n', { A: 'anb\\c' }],
  ['A=one\\\ntwo\n', { A: 'onetwo' }],
  ['A=one \\\n  two\n', { A: 'one   two' }],
  ['A="one\\\ntwo"\n', { A: 'onetwo' }],
  ['A="one\ntwo"\n', { A: 'one\ntwo' }],
  ["A='one\ntwo'\nB=2\n", { A: 'one\ntwo', B: '2' }],
  ["A='not closed\nB=2\n", { A: 'not closed\nB=2\n' }],
  ['# comment \\\nA=1\nB=2\n', { A: '1', B: '2' }],
  ['A=1\nA=2\n', { A: '2' }],
  ['A=$HOME ${B} `id`\n', { A: '$HOME ${B} `id`' }],
  ['A=a\\ \n', { A: 'a ' }],
  ['A= "x"\n', { A: 'x' }],
  ['A=p@ss=word==\n', { A: 'p@ss=word==' }],
  ['export A=1\nB=2\n', { B: '2' }],
  ['no equals\nB=2\n', { B: '2' }],
  ['1A=1\nA-B=2\nC=3\n', { C: '3' }],
  ['=x\nB=2\n', { B: '2' }],
  ['A=ä€\n', { A: 'ä€' }],
  ['A=1\\\r\nB=2\n', { A: '1', B: '2' }],
  ['A=tab\there\n', { A: 'tab\there' }],
  ['A=x\\', { A: 'x' }],
  ['\n\n\nA=1', { A: '1' }],
])('%j sets %j', (text, variables) => expect(parseEnvFile(text).variables).toEqual(variables));

test.each([
  ['A=1\nexport B=2\n', [{ line: 2, name: 'export B' }]],
  [
    'A=1\n\n# x\nB-C=2\nD',
    [
      { line: 4, name: 'B-C' },
      { line: 5, name: '' },
    ],
  ],
  ['A="1\n2"\nsecret value\nB=3', [{ line: 3, name: '' }]],
  ['A=1\nA=\u001b[2J\n', [{ line: 2, name: 'A' }]],
])('what %j does not set is known by its line, and no value is', (text, leftOut) =>
  expect(parseEnvFile(text).leftOut).toEqual(leftOut),
);

test('any text is read to its end, and what is written with quotes comes back', () => {
  const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,9}$/);
  // eslint-disable-next-line no-control-regex -- they are what systemd refuses
  const value = fc.string().filter((text) => !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text));
  const quoted = (text: string) => `"${text.replace(/["\\`$]/g, (character) => `\\${character}`)}"`;
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseEnvFile(text)));
  fc.assert(
    fc.property(fc.dictionary(name, value), (variables) => {
      const text = Object.entries(variables).map(([key, given]) => `${key}=${quoted(given)}\r\n`);
      expect(parseEnvFile(text.join('')).variables).toEqual({ ...variables });
    }),
  );
});
