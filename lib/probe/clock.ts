// Measures the clock: what systemd says of it, and whether our own past lies in its future.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClockFacts } from '../health/clock.ts';
import { machine } from '../health/causes.ts';
import type { Probe } from './probe.ts';

export const clockProbe: Probe<ClockFacts> = {
  subjects: () => [machine],
  async measure({ config, clock, root, history, clockState }) {
    const uptime = await readFile(join(root, 'proc/uptime'), 'utf8').catch(() => '');
    const newest = history.recentRuns(undefined, 1)[0]?.startedAt;
    return {
      state: config.clock === 'trusted' ? 'trusted' : await clockState(),
      // Where nobody says so the machine has been up for long.
      upMs: Number.parseFloat(uptime) * 1000 || Number.MAX_SAFE_INTEGER,
      behindMs: newest === undefined ? 0 : Math.max(0, newest.getTime() - clock.now().getTime()),
    };
  },
};
