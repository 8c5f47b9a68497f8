// Measures the load, by /proc.
import { OpsError } from '../base/errors.ts';
import { machine } from '../health/causes.ts';
import type { LoadFacts } from '../health/load.ts';
import { kernelText, neededKernelText } from './kernel-files.ts';
import type { Probe } from './probe.ts';

export const loadProbe: Probe<LoadFacts> = {
  subjects: async ({ root }) => ((await kernelText(root, 'proc/loadavg')) === undefined ? [] : [machine]),
  async measure({ root }) {
    const text = await neededKernelText(root, 'proc/loadavg');
    const found = /^[\d.]+ ([\d.]+) ([\d.]+) /.exec(text);
    if (found === null) throw new OpsError('io', `cannot read /proc/loadavg: it says ${text}`);
    const status = (await kernelText(root, 'proc/stat')) ?? '';
    return {
      five: Number(found[1]),
      fifteen: Number(found[2]),
      processors: Math.max(1, [...status.matchAll(/^cpu\d+ /gm)].length),
      blocked: Number(/^procs_blocked (\d+)$/m.exec(status)?.[1] ?? 0),
    };
  },
};
