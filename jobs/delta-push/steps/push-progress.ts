// How far a cycle is, for whoever waits for it: rows of those that are known to wait, the batch, and what the link takes.
import { formatBytes } from '../../../lib/base/format.ts';
import type { Capture } from '../../../lib/delta/capture.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { DeltaApp } from '../../../lib/run/open-capture.ts';

export interface PushProgress {
  /** All that waits is about to be sent. */
  begin(): Promise<void>;
  /** A batch of so many rows and deletions goes. What is returned is told how much of it is there. */
  batch(changes: number, sizeBytes: number): (receivedBytes: number) => void;
}

/** Shows it until the task ends. */
export function pushProgress(context: JobContext, app: DeltaApp, capture: Capture): PushProgress {
  const { progress, clock } = context;
  const task = `${app.name}: pushing`;
  const beganMs = clock.monotonicMs();
  let [batches, rows, bytes] = [0, 0, 0];
  progress.start(task, 0, 'rows');
  return {
    async begin() {
      const known = await rowsToSend(context, app, capture);
      if (known !== undefined) progress.start(task, rows + known, 'rows');
    },
    batch(changes, sizeBytes) {
      const before = { rows, bytes };
      batches += 1;
      [rows, bytes] = [rows + changes, bytes + sizeBytes];
      const number = batches;
      return (received) => {
        const sent = before.bytes + received;
        const perSecond = (sent * 1000) / Math.max(1, clock.monotonicMs() - beganMs);
        const share = Math.min(1, received / sizeBytes);
        progress.update(
          before.rows + Math.floor(changes * share),
          `batch ${number}  ${formatBytes(sent)}  ${formatBytes(perSecond)}/s`,
        );
      };
    },
  };
}

/**
 * How many rows are about to travel. They are counted for a person who waits, and where the app does not have to wait for it:
 * undefined otherwise.
 */
async function rowsToSend(context: JobContext, app: DeltaApp, capture: Capture): Promise<number | undefined> {
  if (!context.attended) return undefined;
  let rows = capture.state().waiting;
  using live = await context.openLiveRows(app);
  for (const { shape, state, walkedTo, by } of capture.tables()) {
    if (state !== 'walk') continue;
    const left = await live.table(shape, undefined).rowsBehind(by === 'log' ? walkedTo : undefined);
    if (left === undefined) return undefined;
    rows += left;
  }
  return rows;
}
