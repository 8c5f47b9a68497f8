// What staff may type to correct rows: statements that change rows, and only mirrored ones.
import { OpsError } from '../base/errors.ts';
import { ownPrefix } from '../delta/shape.ts';

/** Throws OpsError `usage` for a statement that begins with another word, or names what we keep beside the rows. */
export function requireCorrection(text: string, first: string, changing: ReadonlySet<string>): void {
  if (!changing.has(first)) {
    throw new OpsError('usage', `cannot correct rows: ${first} is no INSERT, UPDATE or DELETE`);
  }
  if (text.toLowerCase().includes(ownPrefix))
    throw new OpsError(
      'usage',
      `cannot correct rows: what begins with ${ownPrefix} is not for anybody to write`,
    );
}
