// How a document that lies somewhere differs from what the database says, value for value, in words.
import { type JsonTree, Literal, treeJson } from './json-tree.ts';

/** At most so much of a value is quoted. */
const shownMax = 120;

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
  const surplus = new Map<string, number>();
  for (const value of file) count(surplus, value, 1);
  for (const value of database) count(surplus, value, -1);
  for (const [json, times] of surplus) {
    const side = times > 0 ? 'the file' : 'the database';
    for (let left = Math.abs(times); left > 0; left -= 1) tell(`${path}: only ${side} has ${clipped(json)}`);
  }
}

function count(surplus: Map<string, number>, value: JsonTree, by: number): void {
  const json = treeJson(value);
  surplus.set(json, (surplus.get(json) ?? 0) + by);
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
