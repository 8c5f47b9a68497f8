// Whether a snapshot may succeed the backups that there are, and what of that a person has accepted.
import { type CatalogueEntry, comparable } from '../../lib/backup/catalogue.ts';
import {
  type Earlier,
  forkSuspicions,
  isAccepted,
  type Suspicion,
  suspicions,
  wholeSubjects,
} from '../../lib/backup/suspicion.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Promotion } from '../../lib/placement/warm-copy-record.ts';
import type { Measurement } from '../../lib/source/source.ts';

/** What a person takes for what it should be, before it is found. */
export interface Acceptance {
  /** Whatever is less than it was. */
  shrink: boolean;
  /** A subject, or several by a pattern; see `Suspicion`. */
  finding: string | undefined;
}

/** What there is to say against a snapshot. */
export interface Judgement {
  suspect: Suspicion[];
  /** What was found as well, and accepted. */
  accepted: Suspicion[];
}

export const nothingAccepted: Acceptance = { shrink: false, finding: undefined };

/** How far back a slow loss is seen. The newest proven backup counts however old it is. */
const lookBackMs = 31 * 24 * 3_600_000;

/** Compares with what was there before, so that neither a loss nor a part of one a night becomes normal by itself. */
export function judge(
  context: JobContext,
  app: GuardedApp,
  {
    entries,
    measured,
    acceptance,
    promotion,
  }: {
    entries: readonly CatalogueEntry[];
    measured: Measurement;
    acceptance: Acceptance;
    /** By which the app lives on this machine. */
    promotion: Promotion | undefined;
  },
): Judgement {
  const { facts, integrity } = measured;
  const earlier = earlierOf(entries, context.clock.now());
  const found = [
    ...forkSuspicions(homeOf(comparable(entries)), { promotedAt: promotion?.at }),
    ...suspicions(earlier, { facts, findings: integrity.findings ?? [] }, app.guard),
  ];
  const accepted = found.filter((each) => accepts(acceptance, each));
  const suspect = found.filter((each) => !accepted.includes(each));
  for (const { reason } of suspect) context.log.warn(`${app.name}: ${reason}`);
  for (const { reason } of accepted) context.log.info(`${app.name}: accepted: ${reason}`);
  if (acceptance.finding !== undefined && accepted.length === 0)
    context.log.warn(`${app.name}: nothing was found that --accept ${acceptance.finding} is about`);
  return { suspect, accepted };
}

function accepts({ shrink, finding }: Acceptance, found: Suspicion): boolean {
  const isOfRows = found.subject !== wholeSubjects.integrity && found.subject !== wholeSubjects.fork;
  if (shrink && isOfRows) return true;
  return finding !== undefined && isAccepted(found, [finding]);
}

function homeOf(newest: CatalogueEntry | undefined) {
  const manifest = newest?.manifest;
  return manifest && { ...manifest, promotedAt: manifest.promotedAt };
}

function earlierOf(entries: readonly CatalogueEntry[], now: Date): Earlier[] {
  const newest = comparable(entries);
  return entries.flatMap((entry) => {
    const { manifest, state, takenAt } = entry;
    if (manifest === undefined) return [];
    if (entry !== newest && state !== 'proven' && state !== 'suspect') return [];
    if (entry !== newest && now.getTime() - takenAt.getTime() > lookBackMs) return [];
    const { findings = [] } = manifest.integrity;
    return [{ facts: manifest, findings, accepted: manifest.accepted ?? [], isProven: state !== 'suspect' }];
  });
}
