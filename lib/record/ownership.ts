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

/** The fields of an ownership, none where nothing is known. The mode is written as people read it, in octal. */
export function ownershipFields(ownership: Ownership | undefined): Record<string, unknown> {
  if (ownership === undefined) return {};
  const { uid, gid, mode } = ownership;
  return { owner: uid, group: gid, mode: mode.toString(8).padStart(4, '0') };
}

/** The ownership among `fields`, undefined where they have none. Throws what `flaw` makes when it is not whole. */
export function parseOwnership(fields: Fields, flaw: Flaw): Ownership | undefined {
  if (!fields.has('mode')) return undefined;
  const mode = fields.text('mode');
  if (!/^[0-7]{3,4}$/.test(mode)) throw flaw('mode is not an octal number');
  return {
    uid: fields.integer('owner', 0, idMax),
    gid: fields.integer('group', 0, idMax),
    mode: Number.parseInt(mode, 8),
  };
}
