// Text from outside (a file, a database, a store, a program), made fit to be shown: a terminal obeys control characters,
// and a line that is turned round or broken says something else than what stands in it. Every way to a person goes
// through here, at its end: a command cannot forget it, and text that went through twice is the same.

/** Controls, half characters, line separators, and what turns the direction of a line. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const unprintableInLines = /[^\P{Cc}\n]|[\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** As JSON writes them; the rest is `\u009b`. */
const shortEscapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text on one line. What is unprintable is escaped as in JSON; everything else, backslashes too, stays as it is. */
export function printable(text: string): string {
  return text.replace(unprintable, escaped);
}

/** The same of a text of ours in which only we can have put the line ends: they stay. */
export function printableLines(text: string): string {
  return text.replace(unprintableInLines, escaped);
}

/** At most so many characters, an ellipsis in the place of the rest; no character is cut in half. */
export function clip(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const end = /[\ud800-\udbff]/.test(text.charAt(charactersMax - 2)) ? charactersMax - 2 : charactersMax - 1;
  return `${text.slice(0, end)}…`;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, '0');
  return shortEscapes[character] ?? `\\u${code}`;
}
