// What the incident engine is told: how a run ended, or that a person knows already.
import type { Severity } from '../base/verdict.ts';

/** How a run ended, seen from outside. `killed`: by a signal, a time limit, or the lack of memory. */
export type RunResult = 'done' | 'bad-news' | 'failed' | 'killed' | 'busy' | 'interrupted';

/** One run that ended. */
export interface Observation {
  check: string;
  /** Two reports with one run id are about one run. */
  runId: string | undefined;
  /** When it happened, which may be long before anyone is told. Milliseconds since 1970, as all times here. */
  at: number;
  result: RunResult;
  severity: Severity;
  /** Other checks that this run proves well when it is: the nightly run proves what `backup` alone would. */
  proves: readonly string[];
  facts: IncidentFacts;
}

/** What a person is told of it. */
export interface IncidentFacts {
  /** The cause, in one sentence. */
  message: string;
  hint: string | undefined;
  /** The command to run next. */
  next: string | undefined;
  /** The apps that are hit; none where the whole run is. */
  apps: readonly string[];
  runId: string | undefined;
  exitCode: number | undefined;
  /** The newest proven backup of each app that the run was about, as far as it is known. */
  protection: readonly Protection[];
}

/** What stands between an app and the loss of its data. */
export interface Protection {
  app: string;
  /** undefined where no backup is known. */
  backup: string | undefined;
  takenAt: number | undefined;
}

/** A person says that they know. */
export interface Acknowledgement {
  check: string;
  at: number;
  /** How long it holds; undefined until it is over. */
  forMs: number | undefined;
}
