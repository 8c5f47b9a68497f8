// Whether the database of an app can be opened, is well, and grows as usual.
import { firstOf } from '../base/finding.ts';
import { formatBytes, formatDuration } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { Check, Judgement, Sample } from './check.ts';
import type { OpsErrorFacts } from './facts.ts';
import { byLimits } from './limits.ts';
import { ofServer, type ServerFacts } from './server-database.ts';

/** Of a file, or of a database of a server, of which its size and its errors have checks of their own. */
export type DatabaseFacts = FileFacts | ServerFacts;

export interface FileFacts {
  readonly path: string;
  /** What was seen of it; otherwise why that could not be. */
  readonly seen: { readonly sizeBytes: number } | OpsErrorFacts;
  /** The newest check of its pages that came to an end; undefined where there was none of this file. */
  readonly checked: PagesChecked | undefined;
  /** The newest that did not. */
  readonly givenUp: { readonly at: Date; readonly afterMs: number } | undefined;
  /** A day in which it grows by so much is told. */
  readonly growthPercentMax: number;
}

export interface PagesChecked {
  readonly at: Date;
  /** Empty where it is well. */
  readonly problems: readonly string[];
  /** Why it could not look at everything. */
  readonly note?: string | undefined;
}

const dayMs = 86_400_000;
/** What a small database grows by says nothing. */
const growthBytesMin = 100e6;

export const databaseCheck: Check<DatabaseFacts> = {
  name: 'database',
  question: 'Can the database of each app be opened, and is it well?',
  unit: 'B',
  limits: {},
  worse: 'above',
  causedBy: ['mounts', 'postgres-connections'],
  looksBackMs: 8 * dayMs,
  judge(facts, { limits, now, earlier }) {
    if ('server' in facts) return ofServer(facts);
    const { path, seen } = facts;
    if ('kind' in seen) return { ...ofFailure(seen, path), paths: [path] };
    const { sizeBytes } = seen;
    const growth = dayGrowth(earlier, { at: now, value: sizeBytes });
    const judged = { value: sizeBytes, paths: [path], measures: growthMeasures(growth) };
    const { checked } = facts;
    if (checked !== undefined && checked.problems.length > 0) {
      return {
        ...judged,
        verdict: 'critical',
        message: `its pages are damaged: ${firstOf(checked.problems, 'unknown')} (seen ${ago(checked.at, now)})`,
        hint: 'stop the app, and see the way back: restore plan latest',
      };
    }
    const grown = unusual(growth, sizeBytes, facts.growthPercentMax);
    const bySize = byLimits(sizeBytes, limits, 'above');
    return {
      ...judged,
      verdict: bySize === 'ok' && grown !== undefined ? 'warning' : bySize,
      message: [formatBytes(sizeBytes), grown ?? usual(growth), pagesWords(facts, now)]
        .filter((part) => part !== undefined)
        .join(', '),
      hint: `what takes the room: sqlite3 ${shellWord(path)} "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 10"`,
    };
  },
};

/** What keeps everybody out passes, mostly; what is gone or damaged does not. */
function ofFailure({ kind, message, hint }: OpsErrorFacts, path: string): Judgement {
  if (kind === 'unavailable')
    return { verdict: 'warning', message, hint: hint ?? `who has it open: fuser -v ${shellWord(path)}` };
  return { verdict: 'critical', message, hint: hint ?? 'restore plan latest shows the way back' };
}

interface Growth {
  bytes: number;
  ms: number;
}

/** Since the newest sample that is a day old, or nearly; undefined where there is none of the last two days. */
export function dayGrowth(earlier: readonly Sample[], last: Sample): Growth | undefined {
  const age = ({ at }: Sample) => last.at.getTime() - at.getTime();
  const before = earlier.findLast((sample) => age(sample) >= 0.9 * dayMs);
  if (before === undefined || age(before) > 2 * dayMs) return undefined;
  return { bytes: last.value - before.value, ms: age(before) };
}

function growthMeasures(growth: Growth | undefined): Record<string, number> {
  return growth === undefined ? {} : { growth_bytes_per_day: Math.round((growth.bytes * dayMs) / growth.ms) };
}

function unusual(growth: Growth | undefined, sizeBytes: number, percentMax: number): string | undefined {
  if (growth === undefined || growth.bytes < growthBytesMin) return undefined;
  const beforeBytes = sizeBytes - growth.bytes;
  if (growth.bytes * 100 < beforeBytes * percentMax) return undefined;
  return `it was ${formatBytes(beforeBytes)} ${formatDuration(growth.ms)} ago`;
}

function usual(growth: Growth | undefined): string | undefined {
  if (growth === undefined || growth.bytes === 0) return undefined;
  const words = growth.bytes > 0 ? 'more' : 'less';
  return `${formatBytes(Math.abs(growth.bytes))} ${words} than ${formatDuration(growth.ms)} ago`;
}

function pagesWords({ checked, givenUp }: FileFacts, now: Date): string {
  const isNewer = givenUp !== undefined && (checked === undefined || givenUp.at > checked.at);
  const tried = isNewer
    ? `, and given up after ${formatDuration(givenUp.afterMs)} ${ago(givenUp.at, now)}`
    : '';
  if (checked === undefined) return `pages not checked yet${tried}`;
  const note = checked.note === undefined ? '' : ` (${checked.note})`;
  return `pages well ${ago(checked.at, now)}${note}${tried}`;
}

function ago(at: Date, now: Date): string {
  const ms = now.getTime() - at.getTime();
  return ms < 60_000 ? 'now' : `${formatDuration(ms)} ago`;
}
