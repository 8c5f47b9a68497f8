// Measures ops.db, and what lies beside it of earlier ones.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemError } from '../base/errors.ts';
import { isPathMissing } from '../files/if-there.ts';
import { machine } from '../health/causes.ts';
import type { HistoryFacts } from '../health/history.ts';
import type { Probe } from './probe.ts';

export const historyProbe: Probe<HistoryFacts> = {
  subjects: () => [machine],
  async measure({ config: { stateDirectory } }) {
    const path = join(stateDirectory, 'ops.db');
    try {
      const names = await readdir(stateDirectory);
      const damaged = names
        .filter((name) => name.startsWith('ops.db.damaged-'))
        .sort()
        .reverse();
      const sizeBytes = names.includes('ops.db') ? (await stat(path)).size : undefined;
      return { path, sizeBytes, damaged: damaged.map((name) => join(stateDirectory, name)) };
    } catch (error) {
      if (isPathMissing(error)) return { path, sizeBytes: undefined, damaged: [] };
      throw systemError(`look into ${stateDirectory}`, error);
    }
  },
};
