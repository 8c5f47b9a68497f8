// Whether there are names left for new files where we, the databases and the copies are: a file system can be out of them
// with half of its room free.
import { groupThousands } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface InodeFacts {
  /** 0 where the file system makes them as it needs them (btrfs, exFAT, many network mounts). */
  total: number;
  free: number;
  /** The places of ours on it. */
  paths: readonly string[];
}

export const inodesCheck: Check<InodeFacts> = {
  name: 'inodes',
  question: 'Can new files be made on every file system that matters?',
  unit: '%',
  limits: { warning: 85, critical: 95 },
  worse: 'above',
  causedBy: ['mounts'],
  judge({ total, free, paths }, { subject, limits }) {
    if (total === 0) return { verdict: 'ok', message: 'makes room for files as it needs it', paths };
    const used = (100 * (total - free)) / total;
    return {
      verdict: byLimits(used, limits, 'above'),
      value: Math.round(used * 10) / 10,
      message: `${Math.round(used)} % of its inodes used, ${groupThousands(free)} files can still be made`,
      hint: `where the most files are: du --inodes -x -d 3 "$(findmnt -no TARGET -T ${shellWord(subject)})" | sort -n | tail -n 20`,
      paths,
      measures: { free_count: free, total_count: total },
    };
  },
};
