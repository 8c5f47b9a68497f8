// Measures the place where copies go: that it answers, what it has, and what time it has.
import { newestProven, nextBytes } from '../backup/catalogue.ts';
import { OpsError } from '../base/errors.ts';
import { guardedApps } from '../config/config.ts';
import { machine } from '../health/causes.ts';
import type { StoreFacts } from '../health/store.ts';
import type { Probe, ProbeContext } from './probe.ts';

export const storeProbe: Probe<StoreFacts> = {
  subjects: () => [machine],
  timeoutMs: 60_000,
  async measure(context) {
    try {
      const store = await context.openStore();
      const { freeBytes, totalBytes } = await store.space();
      const remote = store.remoteTime?.();
      const skewMs = remote && remote.getTime() - context.clock.now().getTime();
      const neededBytes = await nextNightBytes(context);
      return { description: store.description, freeBytes, totalBytes, neededBytes, skewMs };
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      const { kind, message, hint } = error;
      return { problem: { kind, message, hint }, isRemote: context.config.store.kind !== 'directory' };
    }
  },
};

/** A backup of each app, and a latest copy where it keeps one, as large as the newest ones. */
async function nextNightBytes(context: ProbeContext): Promise<number> {
  const sizes = await Promise.all(
    guardedApps(context.config).map(async (app) => {
      const entries = await context.backups(app);
      const latestBytes = app.latest === undefined ? 0 : (newestProven(entries)?.sizeBytes ?? 0);
      return nextBytes(entries) + latestBytes;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
