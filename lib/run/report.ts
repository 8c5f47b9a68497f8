// The result of a run on stdout: text, or one JSON object. Nothing else is ever written there.
import type { ErrorKind } from '../base/exit-code.ts';

/** A value as JSON people can rely on: keys in snake_case, instants in ISO 8601, undefined left out. */
export function toJson(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([, inner]) => inner !== undefined && typeof inner !== 'function',
  );
  return Object.fromEntries(entries.map(([key, inner]) => [snakeCase(key), toJson(inner)]));
}

/** The object `--json` prints for a run that ended, well or with bad news. */
export function successJson(
  job: string,
  command: string,
  runId: string,
  badNews: boolean,
  result: unknown,
  traffic?: object,
): string {
  return print({ ok: !badNews, job, command, runId, result, traffic });
}

/** The object `--json` prints for a run that could not go on. */
export function failureJson(
  job: string,
  command: string,
  error: { kind: ErrorKind | 'interrupted'; message: string; hint: string | undefined; exitCode: number },
  traffic?: object,
): string {
  return print({ ok: false, job, command, error, traffic });
}

function print(value: unknown): string {
  return `${JSON.stringify(toJson(value), undefined, 2)}\n`;
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
