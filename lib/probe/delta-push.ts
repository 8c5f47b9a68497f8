// Reads what the sender of an app has left of its last cycles.
import { join } from 'node:path';
import { fileApps } from '../config/config.ts';
import { needsPerson, parseSender } from '../delta/sender-record.ts';
import { readRecord } from '../files/read-small-file.ts';
import type { DeltaPushFacts } from '../health/delta-push.ts';
import { OpsError } from '../base/errors.ts';
import { fileAppNamed } from './backup-age.ts';
import type { Probe } from './probe.ts';

const recordBytesMax = 1024 * 1024;

export const deltaPushProbe: Probe<DeltaPushFacts> = {
  subjects: ({ config }) =>
    fileApps(config)
      .filter(({ delta }) => delta !== undefined)
      .map(({ name }) => name),
  async measure(context, subject) {
    const lagMaxMs = fileAppNamed(context, subject).delta?.lagMaxMs ?? 0;
    const path = join(context.config.stateDirectory, 'delta', subject, 'note.json');
    const text = await readRecord(path, recordBytesMax);
    if (text === undefined) return { sender: undefined, lagMaxMs };
    const record = parseSender(text, (cause) => new OpsError('damaged', `cannot read ${path}: ${cause}`));
    const { caughtUpAt, lastAt, waiting, held, refusedTables, trouble } = record;
    const sender = {
      caughtUpAt: dateOf(caughtUpAt),
      lastAt: dateOf(lastAt),
      waiting,
      held,
      refusedTables,
      trouble: trouble && {
        message: trouble.message,
        since: new Date(trouble.since),
        needsPerson: needsPerson(trouble.kind),
      },
    };
    return { sender, lagMaxMs };
  },
};

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
