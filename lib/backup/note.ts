// What a person notes of a backup when they make it: one line, for whoever looks through a list one day.
import { OpsError } from '../base/errors.ts';
import { clip, printable } from '../base/printable.ts';

/** As much as a line of a list has room for. */
export const noteCharactersMax = 200;

/** Returns a note as it is kept, without blanks around it; throws OpsError `usage` for one that is no line of text. */
export function requireNote(text: string): string {
  const note = text.trim();
  const cause = noteProblem(note);
  if (cause === undefined) return note;
  throw new OpsError('usage', `cannot keep the note "${shownNote(note)}": ${cause}`, {
    hint: `a note is one line of at most ${noteCharactersMax} characters`,
  });
}

/** A note as it is shown, whoever wrote the manifest that it stands in. */
export function shownNote(note: string): string {
  return clip(printable(note), noteCharactersMax);
}

function noteProblem(note: string): string | undefined {
  if (note === '') return 'it is empty';
  if (/[\n\r\p{Zl}\p{Zp}]/u.test(note)) return 'it has more than one line';
  if (printable(note) !== note) return 'it has characters that a terminal obeys, and does not show';
  return note.length > noteCharactersMax
    ? `it is longer than ${noteCharactersMax} characters: ${note.length}`
    : undefined;
}
