// What a run leaves on stdout, once, at its end: a renderer for people, one for programs. Another way to say the same
// data is another entry of the table.
import type { ErrorKind } from '../base/exit-code.ts';
import type { Finding } from '../base/finding.ts';
import { clip, printable, printableLines } from '../base/printable.ts';
import type { Verdict } from '../base/verdict.ts';

/** A run that came to its end, well or with bad news. */
interface EndedReport {
  readonly job: string;
  readonly command: string;
  readonly runId: string;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly result: unknown;
  /** The result in words. */
  readonly lines: readonly string[];
  readonly traffic: object | undefined;
}

/** A run that could not go on. */
interface FailedReport {
  readonly job: string;
  readonly command: string;
  readonly error: {
    kind: ErrorKind | 'interrupted';
    message: string;
    hint: string | undefined;
    exitCode: number;
  };
  readonly traffic: object | undefined;
}

/** Makes what is printed of a report. The log has told people already why a run failed. */
export interface Renderer {
  ended(report: EndedReport): string;
  failed(report: FailedReport): string;
}

export type Format = 'text' | 'json';

/** Room for a list of a thousand names; one that is longer still is a flood. */
const lineCharactersMax = 100_000;

export const renderers: Record<Format, Renderer> = {
  text: {
    ended: ({ lines }) => lines.map((line) => `${clip(printable(line), lineCharactersMax)}\n`).join(''),
    failed: () => '',
  },
  json: {
    ended: ({ job, command, runId, verdict, findings, result, traffic }) =>
      print({ ok: verdict === 'ok', verdict, job, command, runId, result, findings, traffic }),
    failed: ({ job, command, error, traffic }) => print({ ok: false, job, command, error, traffic }),
  },
};

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

/** The values stay what they are: what JSON would write raw though a terminal obeys it is escaped in the text. */
function print(value: unknown): string {
  return `${printableLines(JSON.stringify(toJson(value), undefined, 2))}\n`;
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
