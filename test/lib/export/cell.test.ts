// One value as JSON: exactly, or in words that say what it is.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellJson, RawText } from '../../../lib/export/cell.ts';

const plain = { indent: 0, ascii: false, finalNewline: true };
const bytes = (...values: number[]) => Uint8Array.from(values);

describe('a value', () => {
  test.each<[string, Parameters<typeof cellJson>[0], string]>([
    ['NULL', null, 'null'],
    ['the largest integer', 9_223_372_036_854_775_807n, '9223372036854775807'],
    ['the smallest', -9_223_372_036_854_775_808n, '-9223372036854775808'],
    ['a REAL that is whole', 3, '3.0'],
    ['negative zero', -0, '-0.0'],
    ['a third', 1 / 3, '0.3333333333333333'],
    ['a large REAL', 1e21, '1e+21'],
    ['a REAL as long as an integer', 2 ** 53, '9007199254740992.0'],
    ['the smallest REAL', 5e-324, '5e-324'],
    ['infinity', Infinity, '{"$real":"Infinity"}'],
    ['minus infinity', -Infinity, '{"$real":"-Infinity"}'],
    ['a text with a NUL', 'a\0b', '"a\\u0000b"'],
    ['a text with quotes', 'say "a\\b"\n', '"say \\"a\\\\b\\"\\n"'],
    ['a text beyond ASCII', 'Zürich 😀', '"Zürich 😀"'],
    ['a text that is no UTF-8', new RawText(bytes(0x61, 0xff)), '{"$text":"Yf8="}'],
    ['bytes', bytes(0, 1, 254, 255), '{"$base64":"AAH+/w=="}'],
    ['no bytes', bytes(), '{"$base64":""}'],
  ])('%s', (_, value, json) => {
    expect(cellJson(value, plain)).toBe(json);
    JSON.parse(json);
  });

  test('a part of a buffer is that part', () => {
    expect(cellJson(new Uint8Array([9, 1, 9]).subarray(1, 2), plain)).toBe('{"$base64":"AQ=="}');
  });

  test('a REAL is read back as the same number, and never as an integer', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const json = cellJson(value, plain);
        expect(Object.is(Number(json), value)).toBe(true);
        expect(json).toMatch(/[.e]/);
      }),
    );
  });

  test('a text is read back as the same text, in ASCII or not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, ascii) => {
        const json = cellJson(text, { ...plain, ascii });
        expect(JSON.parse(json)).toBe(text);
        if (ascii) expect(json).toMatch(/^[ -~]*$/);
      }),
    );
  });
});
