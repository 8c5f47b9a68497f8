// A run, and how it ended, as far as others are told.
import type { Finding } from '../base/finding.ts';
import type { RunResult } from '../incident/observation.ts';
import type { Failure } from './failure.ts';
import type { Command, Job } from './job.ts';

/** Which run of which command it is. */
export interface TracedRun {
  readonly job: Job;
  readonly command: Command;
  readonly app: string | undefined;
  readonly dryRun: boolean;
}

/** How it ended. */
export interface RunEnding {
  readonly result: RunResult;
  readonly kind: Failure['kind'] | undefined;
  readonly exitCode: number;
  readonly message: string;
  readonly hint: string | undefined;
  readonly findings: readonly Finding[];
}
