// Notes of backups: one line of plain text, or refused by its cause.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noteCharactersMax, requireNote, shownNote } from '../../../lib/backup/note.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { printable } from '../../../lib/base/printable.ts';

describe('a note', () => {
  test.each([
    ['before the import', 'before the import'],
    ['  vor dem Umzug: “Zürich” 🚚 ', 'vor dem Umzug: “Zürich” 🚚'],
    ['x'.repeat(noteCharactersMax), 'x'.repeat(noteCharactersMax)],
  ])('%j is kept as %j', (text, kept) => {
    expect(requireNote(text)).toBe(kept);
  });

  test.each([
    ['', 'it is empty'],
    [' \t ', 'it is empty'],
    ['one\ntwo', 'more than one line'],
    ['one\u2028two', 'more than one line'],
    ['a\u001b[31mred', 'a terminal obeys'],
    ['a\u009b31mred', 'a terminal obeys'],
    ['a\ttab', 'a terminal obeys'],
    ['a\u202eturned', 'a terminal obeys'],
    ['half \ud83d', 'a terminal obeys'],
    ['x'.repeat(noteCharactersMax + 1), 'longer than 200 characters: 201'],
  ])('%j is refused: %s', (text, cause) => {
    expect(() => requireNote(text)).toThrow(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining(cause) as string }),
    );
  });

  test('whatever is typed, what is kept is shown as it is, on one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 250 }), (text) => {
        try {
          const kept = requireNote(text);
          expect([shownNote(kept), requireNote(kept), kept]).toEqual([kept, kept, text.trim()]);
        } catch (error) {
          if (!(error instanceof OpsError)) throw error;
          expect(printable(error.message)).toBe(error.message);
        }
      }),
    );
  });
});
