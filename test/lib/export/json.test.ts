// JSON text read and written without losing anything, and always in the same bytes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { depthMax, JsonScanner, NotJson, scanJson } from '../../../lib/export/json-scan.ts';
import { parseJsonTree, treeJson } from '../../../lib/export/json-tree.ts';
import { JsonWriter } from '../../../lib/export/json-writer.ts';
import type { JsonStyle } from '../../../lib/export/style.ts';

const python: JsonStyle = { indent: 4, ascii: true, finalNewline: false };
const lines: JsonStyle = { indent: 0, ascii: false, finalNewline: true };

function rewritten(text: string, style: JsonStyle): string {
  let whole = '';
  const writer = new JsonWriter(style, (chunk) => (whole += chunk));
  scanJson(text, writer);
  writer.end();
  return whole;
}

describe('a document that is written again', () => {
  test('is what JSON.stringify makes of it, with any indent', () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 1, max: 8 }), (text, indent) => {
        const style = { indent, ascii: false, finalNewline: false };
        // Not by way of numbers, which it keeps as they are written; and a key like an index would move to the front.
        const tree = parseJsonTree(text);
        expect(rewritten(text, style)).toBe(rewritten(treeJson(tree), style));
        expect(JSON.parse(rewritten(text, style))).toEqual(JSON.parse(text));
        const once = rewritten(text, style);
        expect(rewritten(once, style)).toBe(once);
      }),
    );
  });

  test('has the bytes of Python, where its json.dump is what is wanted', () => {
    const text =
      '{"comment:":"Zürich \\u007f \\ud83d\\ude00 \\u2028","none":[],"empty":{ },"n":[1,{"a":null}]}';
    expect(rewritten(text, python)).toBe(`{
    "comment:": "Z\\u00fcrich \\u007f \\ud83d\\ude00 \\u2028",
    "none": [],
    "empty": {},
    "n": [
        1,
        {
            "a": null
        }
    ]
}`);
  });

  test.each(['12345678901234567890', '-0.0', '1.50', '1e400', '2E-3', 'true', 'null', '""', '[]'])(
    'keeps %s as it stands',
    (text) => expect(rewritten(` ${text}\n`, lines)).toBe(`${text}\n`),
  );
});

/** What a listener hears of a text that comes in these pieces, and how it ends. */
function heard(pieces: readonly string[]): string[] {
  const told: string[] = [];
  const tell = (what: string) => (value: string) => void told.push(`${what} ${value}`);
  const scanner = new JsonScanner({
    open: tell('open'),
    key: tell('key'),
    text: tell('text'),
    literal: tell('literal'),
    close: tell('close'),
  });
  try {
    for (const piece of pieces) scanner.write(piece);
    scanner.end();
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    told.push(error.message);
  }
  return told;
}

describe('a document that comes in pieces', () => {
  /** Whole ones, and such as somebody has spoilt. */
  const texts = fc.oneof(
    fc.json(),
    fc.json().map((text) => text.replaceAll(/[,:]/g, '$&\n ')),
    fc
      .tuple(
        fc.json(),
        fc.nat(200),
        fc.constantFrom('', '"', '\\', '}', ',', '1', '-', '\u0001', '\ufeff', 'e'),
      )
      .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + 1)),
    fc.constantFrom(
      '[-1.5e+10,-0,1e5,true,false,null]',
      '"\\\\\\"\\ud83d"',
      '[1.]',
      '[tru]',
      '\ufeff1',
      '{"__proto__":1}',
      '1 2',
    ),
  );

  test('is heard as the whole, wherever it is cut', () => {
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (text, lengths) => {
        const pieces: string[] = [];
        for (let at = 0, cut = 0; at < text.length; cut += 1) {
          const length = lengths[cut % lengths.length] ?? 1;
          pieces.push(text.slice(at, at + length));
          at += length;
        }
        expect(heard(pieces)).toEqual(heard([text]));
      }),
      { numRuns: 2000 },
    );
  });

  test('is not looked at again and again while a long text of it is not whole', () => {
    const piece = 'x'.repeat(64 * 1024);
    const pieces = ['["', ...Array.from({ length: 400 }, () => piece), '"]'];
    const told = heard(pieces);
    expect(told.map((line) => line.length)).toEqual([
      'open ['.length,
      'text '.length + 400 * piece.length,
      'close ]'.length,
    ]);
  });
});

describe('what is no document', () => {
  test.each<[string, string, RegExp]>([
    ['nothing', '', /cut short: a value is missing in line 1, column 1$/],
    ['a byte order mark', '\ufeff{}', /byte order mark/],
    ['two values', '{} {}', /something follows its end in line 1, column 4$/],
    ['a cut object', '{"a": 1', /cut short: a comma or } is missing/],
    ['a cut text', '["abc', /a text has no end/],
    ['a text that ends in a backslash', '"abc\\"', /a text has no end/],
    ['a key twice', '{"a":1,\n"a":2}', /the key "a" twice in line 2/],
    ['a key twice, written in two ways', '{"a":1,"\\u0061":2}', /twice/],
    ['a comma at the end', '[1,]', /a value is missing/],
    ['a comma at the end of an object', '{"a":1,}', /a key is missing/],
    ['no comma', '[1 2]', /a comma or \] is missing/],
    ['single quotes', "{'a':1}", /a key is missing/],
    ['a leading zero', '[01]', /a comma or \]/],
    ['a plus', '[+1]', /a value is missing/],
    ['a point without digits', '[1.]', /a comma or \]/],
    ['NaN', '[NaN]', /a value is missing/],
    ['a line end in a text', '["a\nb"]', /a control character/],
    ['an escape that JSON does not have', '["\\x41"]', /an escape/],
    ['the wrong bracket', '[1}', /a comma or \] is missing/],
    ['one level too many', '['.repeat(depthMax + 1), /more than 1000 levels/],
    ['a comment', '{} // no', /something follows/],
  ])('%s', (_, text, says) => {
    expect(() => parseJsonTree(text)).toThrow(NotJson);
    expect(() => parseJsonTree(text)).toThrow(says);
  });

  test('as deep as may be is read', () => {
    const text = '['.repeat(depthMax) + ']'.repeat(depthMax);
    expect(treeJson(parseJsonTree(text))).toBe(text);
  });

  test('a key that is a word of JavaScript is a key', () => {
    const text = '{"__proto__":{"constructor":1},"toString":[]}';
    expect(treeJson(parseJsonTree(text))).toBe(text);
    expect(({} as Record<string, unknown>)['constructor']).toBe(Object);
  });

  test('any text is read as JSON.parse would, or refused', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => text.slice(0, -1)),
          fc.json(),
        ),
        (text) => {
          const ours = attempt(() => JSON.parse(treeJson(parseJsonTree(text))) as unknown);
          const theirs = attempt(() => JSON.parse(text) as unknown);
          if (ours.is === 'refused' && theirs.is === 'read')
            expect(text).toMatch(/"/); // a key twice
          else expect(ours).toEqual(theirs);
        },
      ),
    );
  });
});

function attempt(read: () => unknown) {
  try {
    return { is: 'read', value: read() };
  } catch {
    return { is: 'refused' };
  }
}
