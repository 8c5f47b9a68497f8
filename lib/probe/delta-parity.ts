// Reads what the last comparison of an app with its receiver came to.
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { fileApps } from '../config/config.ts';
import { parityNoteName, parseParityNote } from '../health/parity-note.ts';
import { readRecord } from '../files/read-small-file.ts';
import type { DeltaParityFacts } from '../health/delta-parity.ts';
import type { Probe } from './probe.ts';

const noteBytesMax = 64 * 1024;

export const deltaParityProbe: Probe<DeltaParityFacts> = {
  subjects: ({ config }) =>
    fileApps(config)
      .filter(({ delta }) => delta !== undefined)
      .map(({ name }) => name),
  async measure({ config }, subject) {
    const path = join(config.stateDirectory, 'delta', subject, parityNoteName);
    const text = await readRecord(path, noteBytesMax);
    const flaw = (cause: string, hint?: string) =>
      new OpsError('damaged', `cannot read ${path}: ${cause}`, hint === undefined ? {} : { hint });
    return { last: text === undefined ? undefined : parseParityNote(text, flaw) };
  },
};
