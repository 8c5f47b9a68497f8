// Reads what the service of a replica has left of its last look at the master.
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { readRecord } from '../files/read-small-file.ts';
import type { DeltaPullFacts } from '../health/delta-pull.ts';
import { Fields } from '../record/fields.ts';
import type { Probe } from './probe.ts';

const statusBytesMax = 64 * 1024;

export const deltaPullProbe: Probe<DeltaPullFacts> = {
  subjects: ({ config }) => config.pulls.map(({ name }) => name),
  async measure({ config }, subject) {
    const ageMaxMs = config.pulls.find(({ name }) => name === subject)?.ageMaxMs ?? 0;
    const path = join(config.runDirectory, 'pull', `${subject}.json`);
    const text = await readRecord(path, statusBytesMax);
    return { status: text === undefined ? undefined : parseStatus(text, path), ageMaxMs };
  },
};

function parseStatus(text: string, path: string): NonNullable<DeltaPullFacts['status']> {
  const flaw = (cause: string) => new OpsError('damaged', `cannot read ${path}: ${cause}`);
  const fields = new Fields(parseJson(text, flaw), '', flaw);
  const lastSync = fields.optional('last_sync_time');
  const error = fields.optional('error');
  return {
    running: fields.boolean('running'),
    lastSyncAt: lastSync === undefined ? undefined : fields.instant('last_sync_time'),
    error: typeof error === 'string' ? error : undefined,
  };
}

function parseJson(text: string, flaw: (cause: string) => OpsError): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw flaw('it is not JSON');
  }
}
