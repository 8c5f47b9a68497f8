// What a run leaves behind of itself: a row in the history, and a record in the spool of who is to be told.
import { currentProcess } from '../files/process-identity.ts';
import type { RunEnd } from '../history/rows.ts';
import type { JobContext } from './context.ts';
import type { RunEnding, TracedRun } from './run-ending.ts';
import { tellLostRuns } from './lost-runs.ts';
import { createTeller } from './tell.ts';

/** Neither method throws. */
export interface Trace {
  begin(): Promise<void>;
  end(ending: RunEnding): Promise<void>;
}

/** The trace of a run; of one that only looks, and of a dry run, none. */
export function createTrace(context: JobContext, run: TracedRun): Trace {
  if (run.command.inHistory !== true || run.dryRun) return noTrace;
  const teller = createTeller(context, run);
  return {
    async begin() {
      await tellLostRuns(context, run.job);
      beginRow(context, run);
      await teller.began();
    },
    async end(ending) {
      const { exitCode, message } = ending;
      const isFailure = ending.kind !== undefined;
      context.history.finish(context.runId, {
        outcome: rowOutcome(ending),
        exitCode,
        message: isFailure ? message : undefined,
        sentBytes: context.traffic()?.sentBytes,
        receivedBytes: context.traffic()?.receivedBytes,
      });
      await forgetOld(context);
      await teller.ended(ending);
    },
  };
}

const noTrace: Trace = { async begin() {}, async end() {} };

function beginRow({ history, runId, version }: JobContext, { job, command, app }: TracedRun): void {
  history.begin({
    ...currentProcess(),
    id: runId,
    job: job.name,
    command: command.name,
    app,
    holdfastVersion: version,
  });
}

function rowOutcome({ result }: RunEnding): RunEnd['outcome'] {
  return result === 'killed' ? 'interrupted' : result;
}

/** Takes out of the history what is too old: by a clock that can be believed alone. */
export async function forgetOld(context: JobContext): Promise<void> {
  const state = await context.clockState().catch(() => 'unknown');
  if (state !== 'unsynchronised') context.history.prune(context.config.history.keepDays);
}
