// Measures what lies ready on a standby.
import { OpsError } from '../base/errors.ts';
import type { FileApp } from '../config/config.ts';
import type { StandbyFacts } from '../health/standby.ts';
import { locateFile } from '../files/locate-file.ts';
import { livePromotion } from '../placement/promotion.ts';
import { readWarmCopy, warmCopyProblem } from '../placement/warm-copy.ts';
import { fileAppNamed } from './backup-age.ts';
import type { Probe, ProbeContext } from './probe.ts';
import { notesOf, standbys } from './standing-by.ts';

export const standbyProbe: Probe<StandbyFacts> = {
  subjects: ({ config }) => standbys(config).map(({ name }) => name),
  async measure(context, subject) {
    const app = fileAppNamed(context, subject);
    const { standby } = app;
    if (standby === undefined) throw new Error(`${subject} has no standby`);
    const { ageMsMax, sizeBytesMin } = standby;
    const of = notesOf(context, app);
    const promotion = await livePromotion(of);
    const limits = { ageMsMax, sizeBytesMin, liveSince: promotion?.at };
    if (promotion !== undefined) return { ...limits, copy: undefined, problem: undefined };
    return { ...limits, ...(await readyCopy(context, app)) };
  },
};

async function readyCopy(
  context: ProbeContext,
  app: FileApp,
): Promise<Pick<StandbyFacts, 'copy' | 'problem'>> {
  try {
    const copy = await readWarmCopy(notesOf(context, app));
    if (copy === undefined) return { copy: undefined, problem: undefined };
    using target = await locateFile(app.database);
    const { backup, takenAt, sizeBytes } = copy.manifest;
    return {
      copy: { backup, takenAt, sizeBytes, pulledAt: copy.pulledAt },
      problem: await warmCopyProblem(target, copy),
    };
  } catch (error) {
    if (!(error instanceof OpsError) || !['damaged', 'missing'].includes(error.kind)) throw error;
    return { copy: undefined, problem: error.message };
  }
}
