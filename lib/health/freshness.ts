// Whether what other tools should keep making is there, new enough and large enough.
import { formatBytes, formatDuration, formatInstant } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { Check, Judgement, Limits } from './check.ts';
import { byLimits } from './limits.ts';

export interface FreshnessFacts {
  readonly found: FileFound | NothingFound | UnitFound;
  /** Its own limits in seconds, which go before those of all. */
  readonly limits: Limits;
  readonly sizeBytesMin: number | undefined;
}

/** The newest file: of a directory, or the one that was named. */
interface FileFound {
  readonly file: string;
  readonly at: Date;
  readonly sizeBytes: number;
}

interface NothingFound {
  /** `/srv/copies holds no file`. */
  readonly nothing: string;
  readonly path: string;
}

export interface UnitFound {
  readonly unit: string;
  /** When it last ended well; undefined where no such end is known. */
  readonly finishedAt: Date | undefined;
  /** It is at work now, as a service that only ends when it is stopped. */
  readonly isRunning: boolean;
  /** Since when it is watched here. */
  readonly watchedSince: Date;
  /** How its newest run ended, where not well: `exit-code`. */
  readonly failure: string | undefined;
}

const hourS = 3600;
/** So far ahead of our clock that of another machine may be. */
const aheadMsMax = 10 * 60_000;

type View = Parameters<Check<FreshnessFacts>['judge']>[1];

export const freshnessCheck: Check<FreshnessFacts> = {
  name: 'freshness',
  question: 'Is what other tools should keep making new enough?',
  unit: 's',
  limits: { warning: 36 * hourS },
  worse: 'above',
  causedBy: ['mounts', 'disk-space'],
  needsClock: true,
  judge(facts, view) {
    const { found } = facts;
    if ('nothing' in found)
      return {
        verdict: 'critical',
        message: found.nothing,
        hint: `ls -la ${shellWord(found.path)}`,
        paths: [found.path],
      };
    const limits = { ...view.limits, ...facts.limits };
    return 'unit' in found ? ofUnit(found, limits, view) : ofFile(found, limits, view, facts.sizeBytesMin);
  },
};

function ofFile(
  { file, at, sizeBytes }: FileFound,
  limits: Limits,
  { now, timeZone }: View,
  sizeBytesMin: number | undefined,
): Judgement {
  const ageMs = now.getTime() - at.getTime();
  const judged = {
    value: Math.floor(ageMs / 1000),
    measures: { size_bytes: sizeBytes },
    hint: `ls -l --full-time ${shellWord(file)}`,
    paths: [file],
  };
  const size = formatBytes(sizeBytes);
  if (sizeBytesMin !== undefined && sizeBytes < sizeBytesMin) {
    const message = `${file} has only ${size}, and should have ${formatBytes(sizeBytesMin)} at least (${ageWords(ageMs)})`;
    return { ...judged, verdict: 'critical', message };
  }
  if (ageMs < -aheadMsMax) {
    const message = `${file} is dated in the future, ${formatInstant(at, timeZone)}: nobody can tell how old it is`;
    return { ...judged, verdict: 'warning', message };
  }
  return {
    ...judged,
    verdict: byLimits(judged.value, limits, 'above'),
    message: `${file} is ${ageWords(ageMs)}, ${size}`,
  };
}

function ageWords(ms: number): string {
  return ms < 60_000 ? 'new' : `${formatDuration(ms)} old`;
}

function ofUnit(
  { unit, finishedAt, isRunning, watchedSince, failure }: UnitFound,
  limits: Limits,
  { now }: View,
): Judgement {
  const hint = `systemctl status ${shellWord(unit)}; journalctl -u ${shellWord(unit)} -n 50`;
  if (isRunning) return { verdict: 'ok', message: `${unit} runs`, value: 0, hint };
  // What ended before we began to look is not known after a reboot: it counts from then on.
  const ms = Math.max(0, now.getTime() - (finishedAt ?? watchedSince).getTime());
  const value = Math.floor(ms / 1000);
  const since = ms < 60_000 ? 'just now' : `${formatDuration(ms)} ago`;
  const wellWords =
    finishedAt === undefined
      ? `${unit} has not ended well since it is watched, ${since}`
      : `${unit} ended well ${since}`;
  const message = failure === undefined ? wellWords : `${wellWords}; its newest run failed (${failure})`;
  return { verdict: byLimits(value, limits, 'above'), message, value, hint };
}
