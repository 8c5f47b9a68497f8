// What a proven copy is, as its manifest will say.
import type { Manifest } from '../../lib/backup/manifest.ts';
import { anySubject, reasonsOf, type Suspicion } from '../../lib/backup/suspicion.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { attributesAt, modeWithoutList } from '../../lib/placement/attributes.ts';
import type { MeasuredFacts } from '../../lib/source/facts.ts';
import type { Promotion } from '../../lib/placement/warm-copy-record.ts';
import type { Ownership } from '../../lib/record/ownership.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { ProvenSnapshot } from './snapshot.ts';
import type { Judgement } from './judge.ts';

const subjectsMax = 100;

/** What is said of it beside what was measured. */
export interface Said extends Judgement {
  promotion: Promotion | undefined;
  /** What the person who asked for it noted. */
  note: string | undefined;
}

/** The manifest of a snapshot that will have the name `backup` in the store. */
export async function describeBackup(
  context: JobContext,
  app: GuardedApp,
  { look, digest, measured, takenAt }: ProvenSnapshot,
  backup: string,
  { suspect, accepted, promotion, note: noted }: Said,
): Promise<Manifest> {
  const { check, note, findings } = measured.integrity;
  const subjects = subjectsOf(accepted);
  return {
    // What is set up is of the same engine: both are one source's.
    ...({ ...measured.facts, ...look.setUp } as MeasuredFacts),
    app: app.name,
    backup,
    takenAt,
    source: app.engine === 'sqlite' ? app.database : look.path,
    host: context.host,
    ...(look.ownership === undefined
      ? {}
      : { ownership: await ownGroup(context, look.path, look.ownership) }),
    sha256: digest.sha256,
    contentHash: digest.contentHash,
    integrity: {
      check,
      result: 'ok',
      ...(note === undefined ? {} : { note }),
      ...(findings === undefined ? {} : { findings }),
    },
    holdfastVersion: context.version,
    runId: context.runId,
    clock: await context.clockState(),
    ...(promotion === undefined ? {} : { promotedAt: promotion.at }),
    ...(noted === undefined ? {} : { note: noted }),
    suspect: reasonsOf(suspect),
    ...(subjects.length === 0 ? {} : { accepted: subjects }),
  };
}

/** An access control list is not in the manifest: what its mask says of the group is not for a file without it. */
async function ownGroup({ runCommand }: JobContext, path: string, ownership: Ownership): Promise<Ownership> {
  const attributes = await attributesAt(path, path, runCommand);
  return { ...ownership, mode: modeWithoutList(ownership.mode, attributes) };
}

/** Of what was accepted. A manifest has no room for thousands of tables. */
function subjectsOf(accepted: readonly Suspicion[]): string[] {
  const subjects = [...new Set(accepted.map(({ subject }) => subject))];
  return subjects.length > subjectsMax ? [anySubject] : subjects;
}
