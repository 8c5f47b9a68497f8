// How many columns of a terminal a text takes, and the same text in lines that are not wider. Pure.

/** What takes two columns: East Asian wide and full-width characters (UAX 11), and what is drawn as a picture. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18d08}\u{1b000}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}\p{Emoji_Presentation}\ufe0f]/u;
/** What takes none: marks upon another character, joiners, and other formats. */
const unseen = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]+$/u;
const plain = /^[\x20-\x7e]*$/;

let segmenter: Intl.Segmenter | undefined;

/** Of a text without controls. */
export function textWidth(text: string): number {
  if (plain.test(text)) return text.length;
  return characters(text).reduce((sum, character) => sum + characterWidth(character), 0);
}

/** The text up to that width, without a half of what stands at the edge. */
export function cutToWidth(text: string, columns: number): string {
  if (plain.test(text)) return text.slice(0, columns);
  return linesOfWord(text, columns)[0] ?? '';
}

/** The text with blanks behind it until it is so wide. */
export function padToWidth(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)));
}

/** The text in lines of that width at most: broken between words, and within one that is wider alone. Its indent stays. */
export function wrapText(text: string, columns: number): string[] {
  if (textWidth(text) <= columns) return [text];
  const [indent = ''] = /^ */.exec(text) ?? [];
  const room = columns - indent.length;
  if (room < 1) return wrapText(text.trimStart(), columns);
  const lines: string[] = [];
  let line = '';
  for (const word of text.slice(indent.length).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer) <= room) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = linesOfWord(word, room);
    line = pieces.pop() ?? '';
    lines.push(...pieces);
  }
  return [...lines, line].map((each) => indent + each);
}

function linesOfWord(word: string, columns: number): string[] {
  const lines: string[] = [];
  let [line, width] = ['', 0];
  for (const character of characters(word)) {
    const more = characterWidth(character);
    if (width > 0 && width + more > columns) {
      lines.push(line);
      [line, width] = ['', 0];
    }
    line += character;
    width += more;
  }
  return [...lines, line];
}

/** What a person calls one: with the marks upon it, or a picture of several. */
function characters(text: string): string[] {
  segmenter ??= new Intl.Segmenter();
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

function characterWidth(character: string): number {
  if (unseen.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
