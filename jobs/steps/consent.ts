// A person's yes to what cannot be taken back.
import { OpsError } from '../../lib/base/errors.ts';
import type { JobContext } from '../../lib/run/context.ts';
import { Declined } from '../../lib/run/failure.ts';

/** Returns where a person says yes. Throws Declined where one says no, and OpsError `usage` where nobody can be asked. */
export async function requireYes(
  { confirm }: Pick<JobContext, 'confirm'>,
  question: string,
  { act, shownBy }: { act: string; shownBy?: string },
): Promise<void> {
  const isYes = await confirm(question);
  if (isYes === true) return;
  if (isYes === false) throw new Declined();
  const shown = shownBy === undefined ? '' : `; ${shownBy} shows what would happen`;
  throw new OpsError('usage', `cannot ${act} without consent`, {
    hint: `say yes when asked, at a terminal, or add --yes${shown}`,
  });
}
