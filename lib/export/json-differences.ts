// How a document that lies somewhere differs from what the database says, value for value, in words.
import { type JsonTree, Literal, treeJson } from './json-tree.ts';

/** At most so much of a value is quoted. */
const shownMax = 120;
/** A row is told by more than one of its values. */
const lineShownMax = 200;

/**
 * The differences, each a sentence that begins with where it is: `bike_visits[3].time_out: the file has "", the database
 * "18:03:00"`. At most `max`, and the number of all. Of lists, what only one side has is told as such, wherever it stands.
 */
export function jsonDifferences(
  file: JsonTree,
  database: JsonTree,
  max: number,
): { shown: string[]; count: number } {
  const found = { shown: [] as string[], count: 0 };
  compare('', file, database, (difference) => {
    found.count += 1;
    if (found.shown.length < max) found.shown.push(difference);
  });
  return found;
}

type Tell = (difference: string) => void;

function compare(path: string, file: JsonTree, database: JsonTree, tell: Tell): void {
  if (Array.isArray(file) && Array.isArray(database)) compareLists(path, file, database, tell);
  else if (file instanceof Map && database instanceof Map) compareObjects(path, file, database, tell);
  else if (!isEqual(file, database))
    tell(`${path || 'the document'}: the file has ${shown(file)}, the database ${shown(database)}`);
}

function compareObjects(
  path: string,
  file: Map<string, JsonTree>,
  database: Map<string, JsonTree>,
  tell: Tell,
): void {
  for (const [key, value] of file) {
    const other = database.get(key);
    if (other === undefined) tell(`${below(path, key)}: only the file has it: ${shown(value)}`);
    else compare(below(path, key), value, other, tell);
  }
  for (const [key, value] of database)
    if (!file.has(key)) tell(`${below(path, key)}: only the database has it: ${shown(value)}`);
  const [inFile, inDatabase] = [[...file.keys()], [...database.keys()]];
  if (
    file.size === database.size &&
    inFile.every((key) => database.has(key)) &&
    inFile.join() !== inDatabase.join()
  )
    tell(`${path || 'the document'}: its keys stand in another order`);
}

/** Of equal length: item by item. Else what only one of them has, each as often as it has it more. */
function compareLists(path: string, file: JsonTree[], database: JsonTree[], tell: Tell): void {
  if (file.length === database.length) {
    for (const [index, value] of file.entries())
      compare(`${path}[${index}]`, value, database[index] ?? new Literal('null'), tell);
    return;
  }
  tell(`${path || 'the document'}: the file has ${file.length} items, the database ${database.length}`);
  for (const [json, times] of surplus(file.map(treeJson), database.map(treeJson)))
    for (let left = Math.abs(times); left > 0; left -= 1)
      tell(`${path}: only ${sideOf(times)} has ${clipped(json)}`);
}

/** The same of documents that are lines: a row, or a statement, each. */
export function lineDifferences(
  file: string,
  database: string,
  max: number,
): { shown: string[]; count: number } {
  const lines = surplus(file.split('\n'), database.split('\n'));
  if (lines.length === 0) return { shown: ['its lines stand in another order'], count: 1 };
  const shown = lines
    .slice(0, max)
    .map(([line, times]) => `only ${sideOf(times)} has ${line.slice(0, lineShownMax)}`);
  return { shown, count: lines.length };
}

/** What one side has more often than the other, and by how much: the file above zero, the database below. */
function surplus(file: readonly string[], database: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of file) counts.set(item, (counts.get(item) ?? 0) + 1);
  for (const item of database) counts.set(item, (counts.get(item) ?? 0) - 1);
  return [...counts].filter(([, times]) => times !== 0);
}

function sideOf(times: number): string {
  return times > 0 ? 'the file' : 'the database';
}

function isEqual(a: JsonTree, b: JsonTree): boolean {
  if (a instanceof Literal && b instanceof Literal) return a.text === b.text;
  return a === b;
}

function below(path: string, key: string): string {
  const name = /^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key);
  return path === '' ? name : `${path}.${name}`;
}

function shown(value: JsonTree): string {
  return clipped(treeJson(value));
}

function clipped(json: string): string {
  return json.length > shownMax ? `${json.slice(0, shownMax)}…` : json;
}
