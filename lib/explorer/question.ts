// A question that an operator asks ops.db in the explorer: a query with a name of its own, and what it can be told.

export interface Question {
  /** The last part of its address: lower case, words joined by '-'. */
  readonly name: string;
  readonly title: string;
  /** What the answer shows, and what there is to know of it; plain text. */
  readonly description: string;
  /** What it can be told, in the order of the form. What is left empty is what `meaning` says. */
  readonly parameters: readonly Parameter[];
  /** One SELECT, whose answer has at most `rowsPerPage` rows. */
  readonly sql: string;
}

export interface Parameter {
  readonly name: string;
  readonly meaning: string;
}

/** Questions that stand together, below a heading. */
export interface Chapter {
  readonly heading: string;
  readonly questions: readonly Question[];
}

export const rowsPerPage = 200;

/** The end of a query whose answer may be longer: one page of it, by the parameter `page`. */
export const onePage = `LIMIT ${rowsPerPage} OFFSET ${rowsPerPage} * (${wholeNumber('page', 1)} - 1)`;

export const page: Parameter = {
  name: 'page',
  meaning: `${rowsPerPage} rows a page, the first unless given`,
};

export const appOnly: Parameter = { name: 'app', meaning: 'one app; all unless given' };

export function lastDays(days: number): Parameter {
  return { name: 'days', meaning: `so many days back; ${days} unless given` };
}

/** That a column with a time lies in the last `days` days. */
export function inLastDays(column: string, days: number): string {
  const back = wholeNumber('days', days);
  return `${column} >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ${back} || ' days')`;
}

/** That a column has the text that was given; true where none was. */
export function isGiven(column: string, parameter: string): string {
  return `(trim(:${parameter}) = '' OR ${column} = trim(:${parameter}))`;
}

/** The same of an app: what is about all apps is about it as well. */
export const ofApp = `(trim(:app) = '' OR app IS NULL OR app = trim(:app))`;

/** A column with a time, to the minute, as the clocks of the machine show it. */
export function local(column: string): string {
  return `strftime('%Y-%m-%d %H:%M', ${column}, 'localtime')`;
}

/** The time between two columns, in one of the units. */
export function between(from: string, to: string, unit: 'minutes' | 'hours' | 'days'): string {
  const perDay = { minutes: 1440, hours: 24, days: 1 }[unit];
  return `round((julianday(${to}) - julianday(${from})) * ${perDay}, 1)`;
}

/** A column with bytes. */
export function megabytes(column: string): string {
  return `round((${column}) / 1e6, 1)`;
}

/** What was typed, as a number from 1 to 9999; letters count as 1. */
function wholeNumber(parameter: string, otherwise: number): string {
  return `min(9999, max(1, CAST(coalesce(nullif(trim(:${parameter}), ''), ${otherwise}) AS INTEGER)))`;
}
