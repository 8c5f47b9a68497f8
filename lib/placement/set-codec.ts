// Marks and sets of files, as the two records of a placement, the intent and undo.json, hold them.
import { Fields, type Flaw } from '../record/fields.ts';
import { type DatabaseSet, type MemberSuffix, memberSuffixes } from './database-set.ts';
import type { FileMark } from './file-mark.ts';

/** A mark as JSON; the numbers are texts, because they may exceed what a JSON number holds. */
export function formatMark(mark: FileMark): Record<string, string> {
  return {
    device: String(mark.device),
    inode: String(mark.inode),
    size_bytes: String(mark.sizeBytes),
    modified_ns: String(mark.modifiedNs),
  };
}

/** The mark that `formatMark` wrote. */
export function parseMark(fields: Fields, flaw: Flaw): FileMark {
  return {
    device: parseWhole(fields, 'device', flaw),
    inode: parseWhole(fields, 'inode', flaw),
    sizeBytes: parseWhole(fields, 'size_bytes', flaw),
    modifiedNs: parseWhole(fields, 'modified_ns', flaw),
  };
}

/** A set as a JSON list, one entry for each member. */
export function formatSet(set: DatabaseSet): Record<string, string>[] {
  return [...set].map(([suffix, mark]) => ({ suffix, ...formatMark(mark) }));
}

/** The set that `formatSet` wrote under `key`. */
export function parseSet(fields: Fields, key: string, flaw: Flaw): DatabaseSet {
  const members = new Map<MemberSuffix, FileMark>();
  for (const [index, item] of fields.list(key).entries()) {
    const member = new Fields(item, `${key}[${index}].`, flaw);
    members.set(member.choice('suffix', memberSuffixes), parseMark(member, flaw));
  }
  return members;
}

function parseWhole(fields: Fields, key: string, flaw: Flaw): bigint {
  const text = fields.text(key);
  if (!/^-?\d{1,30}$/.test(text)) throw flaw(`${key} of a file is not a whole number`);
  return BigInt(text);
}
