// The rows of docs/benchmarks.md, and how they are measured: in turns, and by medians.
import { formatTable } from '../../lib/base/table.ts';

/** One figure beside its peer, and the limit it is held to. */
export interface Row {
  figure: string;
  ours: string;
  peer: string;
  ratio: string;
  limit: string;
  ok: boolean;
}

/** A row for a time, which may be at most `limit` times the peer's. */
export function timeRow(figure: string, ours: number, peerName: string, peer: number, limit: number): Row {
  const ratio = ours / peer;
  return {
    figure,
    ours: seconds(ours),
    peer: `${seconds(peer)} (${peerName})`,
    ratio: ratio.toFixed(2),
    limit: `${limit} x`,
    ok: ratio <= limit,
  };
}

/** A row for something that is measured by itself. */
export function plainRow(figure: string, ours: number, limit: number, unit: string): Row {
  const [shown, most] = [`${Math.round(ours)} ${unit}`, `${limit} ${unit}`];
  return { figure, ours: shown, peer: '', ratio: '', limit: most, ok: ours <= limit };
}

/** A row for what cannot be measured on this machine. */
export function untakenRow(figure: string, why: string): Row {
  return { figure, ours: 'not measured', peer: why, ratio: '', limit: '', ok: true };
}

/** The rows as a table in Markdown. */
export function markdownTable(rows: readonly Row[]): string {
  return formatTable([
    ['| figure', '| ours', '| beside it', '| ratio', '| limit', '| |'],
    ['|---', '|---', '|---', '|---', '|---', '|---|'],
    ...rows.map(({ figure, ours, peer, ratio, limit, ok }) =>
      [figure, ours, peer, ratio, limit, `${ok ? 'ok' : 'MISSED'} |`].map((cell) => `| ${cell}`),
    ),
  ]).join('\n');
}

/**
 * Times both in turns (A B A B …), so that a machine that slows down slows both; returns the median of each in
 * milliseconds. What returns a number has measured itself. The first round is not counted unless `warmUp` is off.
 */
export async function inTurns(
  a: () => Promise<unknown>,
  b: () => Promise<unknown>,
  { times, warmUp = true }: { times: number; warmUp?: boolean },
): Promise<[number, number]> {
  const [first, second]: [number[], number[]] = [[], []];
  for (let i = warmUp ? -1 : 0; i < times; i += 1) {
    for (const [work, into] of [
      [a, first],
      [b, second],
    ] as const) {
      const started = performance.now();
      const measured = await work();
      const ms = typeof measured === 'number' ? measured : performance.now() - started;
      if (i >= 0) into.push(ms);
    }
  }
  return [median(first), median(second)];
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
