// What Datasette is given, for the line that is stable now and the one to come, which wants the same in other files.
// `npm run docs` writes it to etc/datasette.
import { type Chapter, type Question, rowsPerPage } from './question.ts';
import { alerts, backups } from './questions-of-backups.ts';
import { health } from './questions-of-health.ts';
import { pagesOfBackups } from './questions-of-pages.ts';
import { rowChanges } from './questions-of-rows.ts';
import { runs } from './questions-of-runs.ts';
import { safeSettings, settingsOfTheNext } from './settings.ts';
import type { TableWords } from './table.ts';
import { tables } from './tables.ts';

/** All questions, in the order in which people should read them. */
export const chapters: readonly Chapter[] = [health, runs, backups, pagesOfBackups, rowChanges, alerts];

/** How Datasette calls ops.db, in addresses as well. */
const ops = 'ops';

/** The first page of what lies in report/ of the state directory. */
const report = 'report/index.html';

/** Path below etc/datasette to text. */
export function explorerFiles(): ReadonlyMap<string, string> {
  const tablesNow = eachTable((table) => ({ ...wordsOf(table), ...looksOf(table) }));
  const now = { ...aboutOps, allow_sql: false, queries: queries(), tables: tablesNow };
  return new Map([
    ['0.65/settings.json', json(safeSettings)],
    ['0.65/metadata.json', json({ ...about, allow_sql: false, databases: { [ops]: now } })],
    [
      '1.0/datasette.json',
      json({
        settings: settingsOfTheNext,
        allow_sql: false,
        databases: { [ops]: { allow_sql: false, queries: queries(), tables: eachTable(looksOf) } },
      }),
    ],
    [
      '1.0/metadata.json',
      json({ ...about, databases: { [ops]: { ...aboutOps, tables: eachTable(wordsOf) } } }),
    ],
  ]);
}

const about = {
  title: 'Holdfast',
  description_html:
    '<p>What has been done for the databases of this machine, and what was seen. Begin with:</p>' +
    listOf(
      chapters.flatMap(({ questions }) => questions.slice(0, 2)),
      ops,
    ) +
    `<p>Where health-check writes its <a href="${report}">report</a>, that is here as well.</p>`,
};

const aboutOps = {
  title: 'History of Holdfast',
  description_html:
    '<p>Answers show times as the clocks of this machine do; the tables below have them in UTC. Sizes are in megabytes of ' +
    'a million bytes.</p>' +
    chapters.map(({ heading, questions }) => `<h3>${html(heading)}</h3>${listOf(questions, ops)}`).join(''),
};

/** Links are relative: they are right behind a proxy, whatever it puts before the path. */
function listOf(questions: readonly Question[], from: string): string {
  const line = ({ name, title, description }: Question) =>
    `<p><a href="${from}/${name}">${html(title)}</a><br>${html(description)}</p>`;
  return questions.map(line).join('');
}

function queries() {
  const all = chapters.flatMap(({ questions }) => questions);
  return Object.fromEntries(all.map((question) => [question.name, queryOf(question)]));
}

/** What Datasette makes of it, and what the template in etc/datasette shows besides. */
function queryOf({ title, description, parameters, sql }: Question) {
  return {
    title,
    description,
    sql: sql.trim(),
    params: parameters.map(({ name }) => name),
    hide_sql: true,
    meanings: Object.fromEntries(parameters.map(({ name, meaning }) => [name, meaning])),
    leads_to: leadsTo,
    rows_per_page: rowsPerPage,
  };
}

/** The question that a cell of a column leads to, which it is told under the name of the column. */
const leadsTo = { run: 'one-run', check: 'check-by-day' };

function eachTable<T>(part: (table: TableWords) => T): Record<string, T> {
  return Object.fromEntries(tables.map((table) => [table.name, part(table)]));
}

function wordsOf({ description, columns }: TableWords) {
  return { description, columns };
}

function looksOf({ newestBy, label, facets, isHidden }: TableWords) {
  return {
    ...(newestBy === undefined ? {} : { sort_desc: newestBy }),
    ...(label === undefined ? {} : { label_column: label }),
    ...(facets === undefined ? {} : { facets }),
    ...(isHidden === true ? { hidden: true } : {}),
  };
}

function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
