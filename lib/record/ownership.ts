// Owner, group and permission bits of a file, as data and as fields of a record.
import type { Fields, Flaw } from './fields.ts';

/** Who a file belongs to, and who may use it. */
export interface Ownership {
  uid: number;
  gid: number;
  /** Permission bits, with set-id and sticky bits. */
  mode: number;
}

/** The highest number that a user or group can have. */
const idMax = 0xffff_fffe;

/** What the kernel shows inside of a user namespace for everybody who has no number there: it says of nobody who it was. */
const overflowId = 65_534;

/** The fields of an ownership, none where nothing is known. The mode is written as people read it, in octal. */
export function ownershipFields(ownership: Ownership | undefined): Record<string, unknown> {
  if (ownership === undefined) return {};
  const { uid, gid, mode } = ownership;
  return { owner: uid, group: gid, mode: mode.toString(8).padStart(4, '0') };
}

/**
 * The ownership among `fields`, undefined where they have none, or one that was not so outside of where it was seen.
 * Throws what `flaw` makes when it is not whole.
 */
export function parseOwnership(fields: Fields, flaw: Flaw): Ownership | undefined {
  if (!fields.has('mode')) return undefined;
  const mode = fields.text('mode');
  if (!/^[0-7]{3,4}$/.test(mode)) throw flaw('mode is not an octal number');
  const [uid, gid] = [fields.integer('owner', 0, idMax), fields.integer('group', 0, idMax)];
  if (uid === overflowId || gid === overflowId) return undefined;
  return { uid, gid, mode: Number.parseInt(mode, 8) };
}
