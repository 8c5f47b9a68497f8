// The report as plain text for a mail: the same sections and blocks, and in the place of a picture its sentence and its table.
import { printable } from '../base/printable.ts';
import type { Block, Cell, Figure, Problem, ReportDocument, Section, Table } from './document.ts';
import { columnsOf, padded, wrapped } from './columns.ts';
import { verdictWords } from './words.ts';

/** As wide as mail is by custom; no line is longer, whatever stands in it. */
export const textColumns = 78;

export function textOf({ answer, asOf, sections, footer }: ReportDocument): string[] {
  return [
    ...underlined(answer, '='),
    ...paragraph(asOf, textColumns),
    ...sections.flatMap((section) => ['', ...sectionLines(section)]),
    '',
    ...paragraph(footer, textColumns),
  ];
}

function sectionLines({ heading, verdict, blocks, sections = [] }: Section): string[] {
  return [
    ...underlined(headingOf(heading, verdict), '-'),
    ...blocks.flatMap((block) => blockLines(block, textColumns)),
    ...spaced(
      sections.map((inner) => [
        ...paragraph(headingOf(inner.heading, inner.verdict), textColumns),
        ...inner.blocks.flatMap((block) => indented(textColumns, (columns) => blockLines(block, columns))),
      ]),
    ),
  ];
}

function headingOf(heading: string, verdict: Section['verdict']): string {
  return verdict === undefined ? heading : `${heading}: ${verdictWords[verdict]}`;
}

function blockLines(block: Block, columns: number): string[] {
  switch (block.kind) {
    case 'paragraph':
      return paragraph(block.text, columns);
    case 'problems':
      return spaced(block.problems.map((problem) => problemLines(problem, columns)));
    case 'pairs':
      return block.pairs.flatMap(([label, value]) =>
        wrapped(printable(`${label}: ${value}`), columns, indent),
      );
    case 'table':
      return tableLines(block.table, columns);
    case 'figures':
      return spaced(block.figures.map((figure) => figureLines(figure, columns)));
  }
}

function problemLines({ verdict, subject, message, hint, since }: Problem, columns: number): string[] {
  const help = hint === undefined ? [] : [`What helps: ${hint}`];
  return hanging(
    verdictWords[verdict],
    [subject, message, ...help, ...(since === undefined ? [] : [since])],
    columns,
  );
}

function figureLines({ title, says, table }: Figure, columns: number): string[] {
  return [
    ...paragraph(`${title}${title.endsWith('?') ? '' : ':'} ${says}`, columns),
    ...indented(columns, (inner) => tableLines(table, inner)),
  ];
}

/** As columns where they fit, else a record for each row. */
function tableLines({ caption, columns: heads, rows, rest }: Table, columns: number): string[] {
  const titles = heads.map(({ title }) => printable(title));
  const cells = rows.map((row) => row.map(cellText));
  const widths = titles.map((title, index) =>
    Math.max(...[title, ...cells.map((row) => row[index] ?? '')].map(columnsOf)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => padded(cell, widths[index] ?? 0, heads[index]?.isNumber))
      .join(indent)
      .trimEnd();
  const fits = widths.reduce((sum, each) => sum + each + indent.length, -indent.length) <= columns;
  const asLines = () => [line(titles), ...cells.map(line)];
  const asRecords = () => cells.flatMap((row) => recordLines(row, heads, columns));
  return [
    ...paragraph(`${caption}:`, columns),
    ...(rows.length === 0 ? ['none'] : fits ? asLines() : asRecords()),
    ...(rest === undefined ? [] : [rest]),
  ];
}

function recordLines(
  [first = '', ...others]: readonly string[],
  heads: Table['columns'],
  columns: number,
): string[] {
  const words = others.map((cell, index) => {
    const prefix = heads[index + 1]?.inWords;
    return prefix === undefined || cell === '' ? cell : `${prefix} ${cell}`;
  });
  return hanging(first, [words.filter((word) => word !== '').join('; ')], columns);
}

function cellText(cell: Cell): string {
  if (typeof cell === 'string') return printable(cell);
  return cell.isStale === true ? `${verdictWords[cell.verdict]}, old` : verdictWords[cell.verdict];
}

const indent = '  ';

function indented(columns: number, lines: (columns: number) => readonly string[]): string[] {
  return lines(columns - indent.length).map((line) => (line === '' ? '' : indent + line));
}

function paragraph(text: string, columns: number): string[] {
  return wrapped(printable(text), columns);
}

function underlined(words: string, line: string): string[] {
  const lines = paragraph(words, textColumns);
  return [...lines, line.repeat(Math.max(...lines.map(columnsOf)))];
}

/** With an empty line between one and the next. */
function spaced(groups: readonly (readonly string[])[]): string[] {
  return groups.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
}

/** A word at the left, and beside it all that belongs to it. */
function hanging(word: string, texts: readonly string[], columns: number): string[] {
  const left = Math.max(10, columnsOf(word) + 2);
  const isLong = left > columns / 3;
  const space = ' '.repeat(isLong ? 10 : left);
  const lines = texts.flatMap((text) => paragraph(text, columns - space.length).map((line) => space + line));
  if (isLong) return [...wrapped(word, columns), ...lines];
  return lines.map((line, index) => (index === 0 ? padded(word, left) + line.slice(left) : line));
}
