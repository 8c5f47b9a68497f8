// Owner, group and mode of a database. A restored file that differs in one of them locks the app out (R5); one that has
// more of them than there was gives somebody what is not theirs (docs/threat-model.md).
import { constants, type Stats } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import type { CommandRunner } from '../base/command.ts';
import { OpsError, errorCode } from '../base/errors.ts';
import { ifThere } from '../files/if-there.ts';
import type { Ownership } from '../record/ownership.ts';
import { attributesAt, modeWithoutList, noAttributes } from './attributes.ts';
import { memberAt, memberPath, type SetPlace } from './database-set.ts';
import { wrapped } from './wrapped.ts';

/** No set-id, no sticky, no execute bits: a database needs none. */
const databaseBits = 0o666;

/** The ownership of a database; undefined where there is none. */
export async function ownershipOf(place: SetPlace): Promise<Ownership | undefined> {
  const status = await wrapped(`look at ${memberPath(place)}`, () => ifThere(lstat(memberAt(place))));
  return status === undefined ? undefined : ownershipIn(status);
}

/**
 * What a restored database gets: what was wished for, within what the file in place and its directory have. Without a
 * wish it is as the one in place, else as its directory, whose group may have less than its mode says where it has an
 * access control list.
 */
export async function grantOwnership(
  { directory }: SetPlace,
  inPlace: Ownership | undefined,
  wish: Ownership | undefined,
  run: CommandRunner,
): Promise<Ownership> {
  const { uid, gid, mode } = await directory.status();
  const list =
    inPlace === undefined ? await attributesAt(directory.at('.'), directory.path, run) : noAttributes;
  const above = { uid: Number(uid), gid: Number(gid), mode: modeWithoutList(Number(mode), list) };
  return granted(above, inPlace, wish);
}

/** As `grantOwnership`, from what it looks at. */
export function granted(
  directory: Ownership,
  inPlace: Ownership | undefined,
  wish: Ownership | undefined,
): Ownership {
  const models = inPlace === undefined ? [directory] : [inPlace, directory];
  const base = models[0] ?? directory;
  const wanted = wish ?? base;
  const isOwner = models.some(({ uid }) => uid === wanted.uid);
  const isGroup = models.some(({ gid }) => gid === wanted.gid);
  // The bits of a wish belong to the owner and group that were wished for. With others it would lock the app out, or let
  // somebody in.
  const mode = isOwner && isGroup ? wanted.mode : base.mode;
  const most = inPlace === undefined ? directory.mode : directory.mode | inPlace.mode;
  return {
    uid: isOwner ? wanted.uid : base.uid,
    gid: isGroup ? wanted.gid : base.gid,
    mode: mode & most & databaseBits,
  };
}

/**
 * Gives a file of ours owner, group and mode. What is right already is not touched. Throws OpsError `denied`, naming
 * what is needed, when this process may not do it.
 */
export async function applyOwnership(path: string, wanted: Ownership, called: string): Promise<void> {
  await using file = await wrapped(`open ${called}`, () =>
    open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
  );
  const found = await file.stat();
  if (found.uid !== wanted.uid || found.gid !== wanted.gid) {
    await wrapped(`give ${called} to ${wanted.uid}:${wanted.gid}`, () =>
      file.chown(wanted.uid, wanted.gid).catch((error: unknown) => {
        throw errorCode(error) === 'EPERM' ? notAllowed(called, wanted, error) : error;
      }),
    );
  }
  // After the owner, because changing that clears bits.
  await wrapped(`set the mode of ${called}`, () => file.chmod(wanted.mode));
}

function ownershipIn({ uid, gid, mode }: Stats): Ownership {
  return { uid, gid, mode: mode & 0o7777 };
}

function notAllowed(path: string, { uid, gid }: Ownership, cause: unknown): OpsError {
  return new OpsError('denied', `cannot give ${path} to ${uid}:${gid}: only root or that user may`, {
    hint: `run the command as root, or as user ${uid}: with another owner or group the app is locked out`,
    cause,
  });
}
