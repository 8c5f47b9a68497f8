// Control characters have no business in a setting: what is configured is shown to people, written into units, and handed
// to other programs, where a line end would begin something else.
import { OpsError } from '../base/errors.ts';
import { clip, printable } from '../base/printable.ts';
import type { Environment } from './environment.ts';

/** Variables that name a place or an app. Who reads another one adds it here; a test finds it. */
export const plainVariables = [
  'HOLDFAST_CONFIG',
  'HOLDFAST_APP',
  'HOLDFAST_STATE',
  'HOLDFAST_RUN',
  'HOLDFAST_STORE',
  'HOLDFAST_STORE_ID',
  'HOLDFAST_LOCK_FILE',
  'HOLDFAST_DROPBOX_URL',
  'DATABASE_PATH',
  'DROPBOX_DB_PATH',
  'STATE_DIRECTORY',
  'XDG_STATE_HOME',
  'HOME',
  'TZ',
] as const;

/** Commands of a shell and queries may have several lines. */
const longKeys = ['stop', 'start', 'command', 'days', 'document', 'frozen', 'query'];

/** What is wrong with the texts of a file, wherever they stand in it. */
export function plainTextProblems(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value === 'string') return problemsOf(value, path);
  if (typeof value !== 'object' || value === null || value instanceof Date) return [];
  return Object.entries(value).flatMap(([key, inner]) => plainTextProblems(inner, [...path, key]));
}

function problemsOf(text: string, path: readonly string[]): string[] {
  const looked = longKeys.includes(path.at(-1) ?? '') ? text.replace(/[\n\t]/g, ' ') : text;
  return printable(looked) === looked ? [] : [`${path.join('.')}: ${must(shown(text, path))}`];
}

/** The query of an address may hold a secret. */
function shown(text: string, path: readonly string[]): string {
  return path.at(-1) === 'url' ? text.replace(/\?.*/s, '?…') : text;
}

/** Throws OpsError `config` for a variable that holds a control character. */
export function requirePlainVariables(environment: Environment): void {
  for (const name of plainVariables) requirePlain(environment[name], name);
}

/** Throws OpsError `config` where a setting, called so, holds a control character. */
export function requirePlain(text: string | undefined, called: string): void {
  if (text === undefined || printable(text) === text) return;
  throw new OpsError('config', `cannot use ${called}: it ${must(text)}`, {
    hint: 'type it anew: such a character comes along when text is copied',
  });
}

function must(text: string): string {
  return `must not hold control characters: "${clip(printable(text), 200)}"`;
}
