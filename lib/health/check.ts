// A check, as data: what it asks, in which unit, from where on the answer is bad, and what is made of it. Measuring is
// elsewhere (lib/probe); adding one is a file here, a file there, a test of each, and an entry in docs/operations.md.
import type { Verdict } from '../base/verdict.ts';

/** How a value is to be read. `''` where there is none. */
export type Unit = '%' | 's' | 'ms' | 'B' | 'B/d' | '°C' | 'count' | '';

/** From where on it is a warning, and critical, in the unit of the check; undefined for never. */
export interface Limits {
  readonly warning?: number | undefined;
  readonly critical?: number | undefined;
}

/** What a check asks of one subject, and what it makes of the facts. */
export interface Check<Facts> {
  /** Lower case, words joined by `-`: also the key of its settings, and its heading in the runbook. */
  readonly name: string;
  readonly question: string;
  readonly unit: Unit;
  readonly limits: Limits;
  /** Which side of the limits is bad. */
  readonly worse: 'above' | 'below' | 'none';
  /** How often it is worth asking; with each run unless given. */
  readonly everyMs?: number;
  /** How often in a row it has to be bad before anybody is told; twice unless given. */
  readonly failures?: number;
  /** How often in a row it has to be well before that is over; once unless given. */
  readonly recoveries?: number;
  /** Checks that explain this one where both are about the same thing: then it is shown, and not told. */
  readonly causedBy?: readonly string[];
  /** Whether the answer is worth nothing while the clock is not trusted: it is then unknown, and `clock` tells why. */
  readonly needsClock?: boolean;
  /** How far back earlier values are wanted, for growth and forecasts. */
  readonly looksBackMs?: number;
  readonly judge: (facts: Facts, view: Judging) => Judgement;
}

/** From where facts are judged. */
export interface Judging {
  readonly subject: string;
  /** Those of the operator, else those of the check. */
  readonly limits: Limits;
  readonly now: Date;
  /** Values of this subject, oldest first, as far back as the check looks. */
  readonly earlier: readonly Sample[];
  readonly timeZone: string;
}

/** A value as it was. */
export interface Sample {
  readonly at: Date;
  readonly value: number;
}

/** What a check thinks of one subject. */
export interface Judgement {
  readonly verdict: Verdict;
  /** One sentence that stands alone beside the subject, also when all is well. */
  readonly message: string;
  /** The command that helps. */
  readonly hint?: string | undefined;
  /** In the unit of the check. */
  readonly value?: number | undefined;
  /** What else was measured, for programs: `free_bytes`. */
  readonly measures?: Readonly<Record<string, number>>;
  /** How often in a row this has to be seen before it is told, where that is not as the check says: a network may be away. */
  readonly patience?: number;
  /** The files and directories that it is about: what is wrong with the disk below them explains it. */
  readonly paths?: readonly string[];
}

/** A check whose facts are known to its probe alone. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the registry pairs each with the probe that fits it
export type AnyCheck = Check<any>;

/** How often in a row something has to be seen before it counts. */
export interface Patience {
  readonly failures: number;
  readonly recoveries: number;
}

/** What an operator decided about one check, in its own unit; undefined for what the check says. */
export interface CheckSettings {
  readonly limits: Limits;
  readonly everyMs: number | undefined;
  readonly failures: number | undefined;
  readonly recoveries: number | undefined;
  readonly off: boolean;
}

/** What holds for a check: the operator's word, else its own, else what is usual. */
export function settled(
  check: AnyCheck,
  settings: CheckSettings | undefined,
): Patience & { limits: Limits; everyMs: number; off: boolean } {
  return {
    limits: { ...check.limits, ...given(settings?.limits) },
    everyMs: settings?.everyMs ?? check.everyMs ?? 0,
    failures: settings?.failures ?? check.failures ?? 2,
    recoveries: settings?.recoveries ?? check.recoveries ?? 1,
    off: settings?.off ?? false,
  };
}

function given(limits: Limits | undefined): Limits {
  return Object.fromEntries(Object.entries(limits ?? {}).filter(([, limit]) => limit !== undefined));
}
