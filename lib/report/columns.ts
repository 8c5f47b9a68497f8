// Text in columns, as a terminal and a mail program with letters of one width show it.

const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff00-\uff60]/u;
const none = /[\p{M}\p{Cf}]/u;

/** How many columns the text takes: two for a letter of East Asia, none for a mark above one. */
export function columnsOf(text: string): number {
  let count = 0;
  for (const character of text) count += none.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return count;
}

/** The text with spaces after it, or before it, up to so many columns. */
export function padded(text: string, columns: number, isRight = false): string {
  const space = ' '.repeat(Math.max(0, columns - columnsOf(text)));
  return isRight ? space + text : text + space;
}

/** Lines of so many columns at most, broken between words, and within one that is longer than a line. */
export function wrapped(text: string, columns: number, hanging = ''): string[] {
  const lines: string[] = [];
  let line = /^ */.exec(text)?.[0] ?? '';
  let isEmpty = true;
  const flush = () => {
    lines.push(line);
    line = hanging;
    isEmpty = true;
  };
  for (const word of text.trimStart().split(' ')) {
    for (const piece of pieces(word, columns - hanging.length)) {
      if (!isEmpty && columnsOf(line) + 1 + columnsOf(piece) > columns) flush();
      line += isEmpty ? piece : ` ${piece}`;
      isEmpty = false;
      if (columnsOf(line) > columns) flush();
    }
  }
  if (!isEmpty || lines.length === 0) lines.push(line);
  return lines;
}

function pieces(word: string, columns: number): string[] {
  if (columnsOf(word) <= columns) return [word];
  const parts: string[] = [];
  let part = '';
  for (const character of word) {
    if (columnsOf(part + character) > columns) {
      parts.push(part);
      part = '';
    }
    part += character;
  }
  return [...parts, part];
}
