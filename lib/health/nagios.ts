// The answers as monitoring programs read them: one line for a person, then the values (monitoring-plugins guidelines, 2.5).
import { printable } from '../base/printable.ts';
import { verdictOf } from '../base/finding.ts';
import type { Limits, Unit } from './check.ts';
import type { CheckState } from './reading.ts';

/** An answer with the limits that it was judged by. */
export type JudgedState = CheckState & { limits: Limits };

const lineCharactersMax = 200;

/** Their units; what they have no letter for goes without one. */
const units: Record<Unit, string> = {
  '%': '%',
  s: 's',
  ms: 'ms',
  B: 'B',
  'B/d': 'B',
  '°C': '',
  count: '',
  '': '',
};

/** The summary with the values behind `|`, then a line for each answer that is bad. */
export function nagiosLines(states: readonly JudgedState[]): string[] {
  const bad = states.filter(({ verdict, hiddenBy }) => verdict !== 'ok' && hiddenBy === undefined);
  const verdict = verdictOf(
    bad.map(({ verdict: severity, ...rest }) => ({
      ...rest,
      severity: severity === 'ok' ? 'warning' : severity,
    })),
  );
  const first = [...bad].sort((a, b) => rank(b.verdict) - rank(a.verdict))[0];
  const summary =
    first === undefined
      ? `${states.length} checks are well`
      : `${bad.length} of ${states.length} checks: ${first.check} ${first.subject}: ${first.message}`;
  const head = plain(`HOLDFAST ${verdict.toUpperCase()} - ${summary}`).slice(0, lineCharactersMax);
  const values = states.flatMap(valueOf).join(' ');
  return [
    values === '' ? head : `${head} | ${values}`,
    ...bad.map((state) =>
      plain(`${state.verdict.toUpperCase()}: ${state.check} ${state.subject}: ${state.message}`),
    ),
  ];
}

function rank(verdict: string): number {
  return ['ok', 'warning', 'unknown', 'critical'].indexOf(verdict);
}

function valueOf({ check, subject, value, unit, limits }: JudgedState): string[] {
  if (value === undefined) return [];
  const label = `'${plain(`${check} ${subject}`).replace(/[=']/g, '_')}'`;
  const fields = [`${value}${units[unit]}`, limits.warning ?? '', limits.critical ?? ''];
  return [`${label}=${fields.join(';').replace(/;+$/, '')}`];
}

/** `|` separates the values from the words. */
function plain(text: string): string {
  return printable(text).replaceAll('|', '/');
}
