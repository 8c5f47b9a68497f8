// Putting a database where nothing is (`--to`, a download).
import { lstat } from 'node:fs/promises';
import type { CommandRunner } from '../base/command.ts';
import { OpsError } from '../base/errors.ts';
import { inKnownPaths } from '../files/held-directory.ts';
import { ifThere } from '../files/if-there.ts';
import { publishFile } from '../files/publish-file.ts';
import { syncFile } from '../files/sync.ts';
import type { Ownership } from '../record/ownership.ts';
import { inspectSet, memberAt, memberPath, type SetPlace, sideSuffixes } from './database-set.ts';
import { requireNoSideFiles } from './exchange.ts';
import { applyOwnership, grantOwnership } from './ownership.ts';
import { requireReady, requireSettled } from './readiness.ts';
import { wrapped } from './wrapped.ts';

/** What helps a person whose target is not free. */
export interface FreePlaceHints {
  /** Something has the name. */
  taken: string;
  /** A side file lies beside it; a general hint unless given. */
  sideFile?: string | undefined;
}

/** Throws OpsError `refused` when anything is at `target` or belongs to it: worth asking before the bytes are fetched. */
export async function requireFree(target: SetPlace, hints: FreePlaceHints): Promise<void> {
  await requireSettled(target);
  if ((await inspectSet(target)).has('')) {
    throw new OpsError('refused', `cannot place a database at ${memberPath(target)}: it exists already`, {
      hint: hints.taken,
    });
  }
  await requireNotBeside(target);
  await requireNoSideFiles(target, hints.sideFile);
}

/** How a new database is to belong: as `grantOwnership` has it, with this wish. */
export interface Wish {
  ownership: Ownership | undefined;
  runCommand: CommandRunner;
}

/**
 * Publishes a database at a path where nothing is: neither a file, nor a side file, nor a placement under way. It belongs
 * to this process alone, unless it is to belong as a database in place does. Never overwrites (OpsError `refused`), also
 * when somebody else is publishing the same path.
 */
export async function placeNew(staged: SetPlace, target: SetPlace, wish?: Wish): Promise<void> {
  await inKnownPaths(async () => {
    await requireSettled(target);
    await requireReady(staged, target);
    if (wish !== undefined) {
      const ownership = await grantOwnership(target, undefined, wish.ownership, wish.runCommand);
      await applyOwnership(memberAt(staged), ownership, memberPath(staged));
      await syncFile(memberAt(staged));
    }
    await requireNotBeside(target);
    await requireNoSideFiles(target);
    await publishFile(memberAt(staged), memberAt(target), { replace: false });
  });
}

/** R3 from the other side: what is called `app.db-wal` is a part of `app.db` for everybody who opens that. */
async function requireNotBeside({ directory, name }: SetPlace): Promise<void> {
  const suffix = sideSuffixes.find((ending) => name.length > ending.length && name.endsWith(ending));
  if (suffix === undefined) return;
  const database = { directory, name: name.slice(0, -suffix.length) };
  const found = await wrapped(`look at ${memberPath(database)}`, () => ifThere(lstat(memberAt(database))));
  if (found?.isFile() !== true) return;
  throw new OpsError(
    'refused',
    `cannot place a database at ${memberPath({ directory, name })}: SQLite takes it for a part of ${memberPath(database)}`,
    { hint: 'give it another name' },
  );
}
