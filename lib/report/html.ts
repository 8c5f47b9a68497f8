// The report as one HTML file that needs nothing else: no script, nothing from elsewhere, and in an order and with elements
// that make sense where its style is taken away.
import type { Block, Cell, Figure, Problem, ReportDocument, Section, Table } from './document.ts';
import { barsChart } from './bars-chart.ts';
import { daysChart } from './days-chart.ts';
import { lineChart } from './line-chart.ts';
import { joined, Markup, markup } from './markup.ts';
import { formatMeasure } from './measures.ts';
import { reportStyle } from './style.ts';
import { verdictWords } from './words.ts';
import type { Verdict } from '../base/verdict.ts';

/** In the head of every report: who writes one over an older one knows by it that it was one. */
export const reportMark = '<meta name="generator" content="Holdfast health-check report">';

export function htmlOf({ title, verdict, answer, asOf, sections, footer }: ReportDocument): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${new Markup(reportMark)}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>
${new Markup(reportStyle)}</style>
</head>
<body>
<header class="${verdict}">
<h1>${answer}</h1>
<p>${asOf}</p>
</header>
<main>
${sections.map((section) => sectionOf(section, 2))}</main>
<footer><p>${footer}</p></footer>
</body>
</html>
`.text;
}

type Level = 2 | 3;

function sectionOf(section: Section, level: Level): Markup {
  const { blocks, sections = [], layout = 'plain', isFolded = false, verdict } = section;
  const heading = headingOf(section, level);
  const content = joined([
    ...blocks.map((block) => blockOf(block, level)),
    ...(sections.length === 0
      ? []
      : [
          markup`<div class="${layout}">
${sections.map((inner) => sectionOf(inner, 3))}</div>
`,
        ]),
  ]);
  if (isFolded)
    return markup`<details class="section"><summary>${heading}</summary>
${content}</details>
`;
  return markup`<section class="${verdict ?? 'none'}">
${heading}
${content}</section>
`;
}

function headingOf({ heading, verdict }: Section, level: Level): Markup {
  const words = verdict === undefined ? markup`${heading}` : markup`${heading} ${badge(verdict)}`;
  return level === 2 ? markup`<h2>${words}</h2>` : markup`<h3>${words}</h3>`;
}

function badge(verdict: Verdict, isStale = false): Markup {
  const words = isStale ? `${verdictWords[verdict]}, old` : verdictWords[verdict];
  return markup`<strong class="badge ${isStale ? 'stale' : verdict}">${words}</strong>`;
}

function blockOf(block: Block, level: Level): Markup {
  switch (block.kind) {
    case 'paragraph':
      return markup`<p class="${block.weight ?? 'normal'}">${block.text}</p>
`;
    case 'problems':
      return markup`<ul class="problems">
${block.problems.map(problemOf)}</ul>
`;
    case 'pairs':
      return markup`<dl>
${block.pairs.map(
  ([label, value]) => markup`<dt>${label}</dt><dd>${value}</dd>
`,
)}</dl>
`;
    case 'table':
      return tableOf(block.table);
    case 'figures':
      return markup`<div class="figures">
${block.figures.map((figure) => figureOf(figure, level))}</div>
`;
  }
}

function problemOf({ verdict, subject, message, hint, since }: Problem): Markup {
  const help =
    hint === undefined ? markup`` : markup`<p class="help"><b>What helps:</b> ${commandWords(hint)}</p>`;
  const when = since === undefined ? markup`` : markup`<p class="quiet">${since}</p>`;
  return markup`<li class="${verdict}"><p>${badge(verdict)} <b>${subject}</b></p><p>${message}</p>${help}${when}</li>
`;
}

/** A command is not to be broken at its dashes, which nobody can tell from those of a hyphenation. */
function commandWords(hint: string): Markup {
  const unbrokenMax = 24;
  return joined(
    hint.split(' ').flatMap((word, index) => {
      const space = index === 0 ? markup`` : markup` `;
      const isCommand = word.includes('-') && word.length <= unbrokenMax;
      return [space, isCommand ? markup`<span class="whole">${word}</span>` : markup`${word}`];
    }),
  );
}

function figureOf({ title, says, picture, table, isOpen }: Figure, level: Level): Markup {
  const heading = level === 2 ? markup`<h3>${title}</h3>` : markup`<h4>${title}</h4>`;
  return markup`<figure class="${isOpen === true ? 'open' : 'folded'}">
<figcaption>${heading}<p>${says}</p></figcaption>
${pictureOf(picture, `${title}. ${says}`)}
<details${isOpen === true ? markup` open` : undefined}><summary>The same as a table</summary>
${tableOf(table)}</details>
</figure>
`;
}

function pictureOf(picture: Figure['picture'], says: string): Markup {
  switch (picture.kind) {
    case 'line':
      return lineChart(picture, { says, format: (value) => formatMeasure(picture.measure, value) });
    case 'days':
      return daysChart(picture, { says });
    case 'bars':
      return barsChart(picture, { says });
  }
}

/** On a narrow screen each row becomes a block; the roles keep it a table for who does not see it. */
function tableOf({ caption, columns, rows, rest }: Table): Markup {
  const head = columns.map(
    (column) => markup`<th role="columnheader" scope="col"${classOf(column)}>${column.title}</th>`,
  );
  const body = rows.map(
    (row) => markup`<tr role="row">${row.map((cell, index) => cellOf(cell, columns[index]))}</tr>
`,
  );
  const none =
    rows.length === 0
      ? markup`<p class="quiet">None.</p>
`
      : markup``;
  const more =
    rest === undefined
      ? markup``
      : markup`<p class="quiet">${rest}</p>
`;
  return markup`<table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${head}</tr></thead>
<tbody role="rowgroup">
${body}</tbody>
</table>
${none}${more}`;
}

type Column = Table['columns'][number];

function cellOf(cell: Cell, column: Column = { title: '' }): Markup {
  const content = typeof cell === 'string' ? markup`${cell}` : badge(cell.verdict, cell.isStale);
  return markup`<td role="cell"${classOf(column)} data-label="${column.title}"><span>${content}</span></td>`;
}

function classOf({ isNumber, isShort }: Column): Markup | undefined {
  if (isNumber === true) return markup` class="number"`;
  return isShort === true ? markup` class="short"` : undefined;
}
