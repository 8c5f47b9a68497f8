// The object of a row, as text.
import { type Cell, cellJson } from '../../export/cell.ts';
import { type JsonStyle, quoted } from '../../export/style.ts';

/** Makes the object of a row, at a level of the document. */
export function rowWriter(
  columns: readonly string[],
  style: JsonStyle,
  level: number,
): (row: Cell[]) => string {
  const { space, line } = spacing(style);
  const keys = columns.map(
    (name, index) => `${index === 0 ? '{' : ','}${line(level + 1)}${quoted(name, style)}:${space}`,
  );
  const close = `${line(level)}}`;
  return (row) => {
    let [text, index] = ['', 0];
    for (const key of keys) text += key + cellJson(row[index++] ?? null, style);
    return text + close;
  };
}

export function spacing({ indent }: JsonStyle): { space: string; line: (level: number) => string } {
  if (indent === 0) return { space: '', line: () => '' };
  return { space: ' ', line: (level) => `\n${' '.repeat(indent * level)}` };
}
