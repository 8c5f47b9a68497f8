// The newest proven backup, brought beside the place of the database and proven there. What lies ready stays whole until the
// next one does.
import { type CatalogueEntry, newestProven } from '../../../lib/backup/catalogue.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { FileDigest } from '../../../lib/files/digest.ts';
import { type LocatedFile, locateFile } from '../../../lib/files/locate-file.ts';
import { missingDirectory } from '../../../lib/placement/missing-directory.ts';
import { stagingIn } from '../../../lib/placement/staging.ts';
import {
  digestWarmCopy,
  noteWarmCopy,
  publishWarmCopy,
  sweepWarmCopies,
  warmCopyPath,
} from '../../../lib/placement/warm-copy.ts';
import type { WarmCopy } from '../../../lib/placement/warm-copy-record.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { chooseNamed, requireRestorable } from '../../steps/choose-entry.ts';
import { type Choice, type PassedOver, withSoundBackup } from './next-sound.ts';
import { stageBackup } from './stage-backup.ts';
import { notesOf, type StandbyApp, warmCopyOf } from './standby-apps.ts';

/**
 * - `pulled`: it was fetched.
 * - `current`: it was there, with these very bytes.
 * - `kept`: it is newer than what the store calls its newest proven backup.
 */
type Arrival = 'pulled' | 'current' | 'kept';

/** What lies ready now. */
export interface Pulled {
  arrival: Arrival;
  /** The backup that it is. */
  backup: string;
  takenAt: Date;
  sizeBytes: number;
  sha256: string;
  path: string;
  pulledAt: Date;
  store: string;
  /** The newest proven backup of the store, and since when: whether new ones are made is told by that. */
  newest: { name: string; takenAt: Date };
  /** Why the store no longer calls the backup of a kept copy good; undefined where it does, or has it no more. */
  doubt: string | undefined;
  passedOver: PassedOver[];
}

/** Pulls under the app's lock, which the caller holds. `older` lets an older backup take the place of a newer copy. */
export async function pullWarmCopy(
  context: JobContext,
  app: StandbyApp,
  target: LocatedFile,
  { older }: { older: boolean },
): Promise<Pulled> {
  const before = await wholeCopy(context, app, target);
  const { description } = await context.openStore();
  const choose = async () => {
    const { entry, entries } = await chooseNamed(context, await context.openStore(), app, 'latest');
    await requireOpen(context, app, entry);
    return { entry: requireRestorable(app, entry, false), entries };
  };
  const { result, passedOver } = await withSoundBackup(
    context,
    { name: 'latest' },
    choose,
    async (choice) => {
      const { arrival, copy } = await bring(context, app, target, { choice, before, older, description });
      return { ...described(target, copy), arrival, ...standing(choice, copy) };
    },
  );
  return { ...result, passedOver };
}

/** What is put in the place of a database is a database: of sealed backups a standby is one only with their identity. */
async function requireOpen(context: JobContext, app: StandbyApp, entry: CatalogueEntry): Promise<void> {
  try {
    await (await context.openRepository(app)).requireOpen(entry);
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind !== 'denied') throw error;
    throw new OpsError(
      'denied',
      `cannot stand by for ${app.name}: a standby has to open what it pulls: ${error.message}`,
      {
        hint: 'docs/operations.md#a-standby-of-sealed-backups says what that means; by hand: restore standby --identity <file>',
      },
    );
  }
}

/** Where the copy goes. Throws OpsError `missing` with the command that makes its directory. */
export async function locateStandby(app: StandbyApp): Promise<LocatedFile> {
  const gone = await missingDirectory(app.database);
  if (gone === undefined) return locateFile(app.database);
  throw new OpsError('missing', `cannot stand by for ${app.name}: its directory ${gone} is not there`, {
    hint: `make it for the user and the group of the app: install -d -m 2770 -o <user> -g <group> ${gone}`,
  });
}

/** What lies ready and has the bytes that its note says: what was changed, or cut, is pulled anew. */
async function wholeCopy(
  context: JobContext,
  app: StandbyApp,
  target: LocatedFile,
): Promise<WarmCopy | undefined> {
  const copy = await warmCopyOf(context, app);
  if (copy === undefined) return undefined;
  const digest = await digestOrWarn(context, target, copy);
  if (digest?.sha256 === copy.manifest.sha256) return copy;
  if (digest !== undefined)
    context.log.warn(`${app.name}: ${digest.path} is not what was proven any more, and is pulled anew`);
  return undefined;
}

async function digestOrWarn(
  { log, signal }: JobContext,
  target: LocatedFile,
  copy: WarmCopy,
): Promise<FileDigest | undefined> {
  try {
    return await digestWarmCopy(target, copy, { signal });
  } catch (error) {
    if (!(error instanceof OpsError) || signal.aborted) throw error;
    log.warn(`the warm copy cannot be read, and is pulled anew: ${error.message}`);
    return undefined;
  }
}

interface Order {
  choice: Choice;
  before: WarmCopy | undefined;
  older: boolean;
  description: string;
}

async function bring(
  context: JobContext,
  app: StandbyApp,
  target: LocatedFile,
  { choice, before, older, description: store }: Order,
): Promise<{ arrival: Arrival; copy: WarmCopy }> {
  const { manifest } = choice.entry;
  const of = notesOf(context, app);
  const { stateDirectory } = of;
  const isOlder = before !== undefined && choice.entry.takenAt < before.manifest.takenAt;
  if (before !== undefined && isOlder && !older) {
    await sweepWarmCopies(target, of, { keep: before, log: context.log });
    return { arrival: 'kept', copy: before };
  }
  if (before !== undefined && manifest?.sha256 === before.manifest.sha256) {
    // A night in which nothing changed makes a backup of the same bytes: they are as new as that.
    const copy = { ...before, manifest };
    if (manifest.backup !== before.manifest.backup) await noteWarmCopy(stateDirectory, copy);
    await sweepWarmCopies(target, of, { keep: before, log: context.log });
    return { arrival: 'current', copy };
  }
  await using note = await context.noteElsewhere({ scratchIn: target.directory.path });
  void note;
  await using scratch = await context.scratch(target.directory.path);
  const staging = stagingIn(scratch.directory);
  const staged = await stageBackup(context, app, choice, staging, {
    recheck: false,
    foundBy: 'restore standby',
  });
  if (staged.manifest === undefined) throw new Error(`${choice.entry.name} is proven and has no manifest`);
  const copy = await publishWarmCopy(
    target,
    staging,
    { app: app.name, store, pulledAt: context.clock.now(), manifest: staged.manifest },
    { stateDirectory, before, log: context.log },
  );
  context.noteLeft(`${warmCopyPath(target, copy)} is complete`);
  return { arrival: 'pulled', copy };
}

function described(target: LocatedFile, copy: WarmCopy) {
  const { backup, takenAt, sizeBytes, sha256 } = copy.manifest;
  const { pulledAt, store } = copy;
  return { backup, takenAt, sizeBytes, sha256, path: warmCopyPath(target, copy), pulledAt, store };
}

/** What the store says, beside that: how new its newest is, and what it thinks of the backup of this copy. */
function standing({ entry, entries }: Choice, { manifest }: WarmCopy): Pick<Pulled, 'newest' | 'doubt'> {
  const own = entries.find(({ name }) => name === manifest.backup);
  const isDoubtful = own !== undefined && (own.state === 'damaged' || own.state === 'suspect');
  const { name, takenAt } = newestProven(entries) ?? entry;
  return {
    newest: { name, takenAt },
    doubt: isDoubtful ? `it is ${own.state}: ${own.problem ?? 'nobody knows why'}` : undefined,
  };
}
