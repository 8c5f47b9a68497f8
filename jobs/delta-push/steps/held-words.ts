// Why a change is held, and what helps, in words.
import { shellWord } from '../../../lib/base/shell-word.ts';
import type { HeldReason } from '../../../lib/delta/batch.ts';

const reasons: Record<HeldReason, string> = {
  'frozen-day': 'their day is frozen',
  'no-day': 'their day cannot be told',
  'mass-deletion': 'more was deleted at once than is believed',
  clock: 'their time stamps lie ahead',
  unfit: 'its tables cannot hold their values',
};

export function heldWords(reason: string): string {
  return Object.hasOwn(reasons, reason) ? reasons[reason as HeldReason] : reason;
}

/** What somebody who may decide it types at the receiver. */
export function heldHelp({
  reason,
  day,
  table,
}: {
  reason: HeldReason;
  day: string | null;
  table: string;
}): string {
  const which = `--for ${reason} --table ${shellWord(table)}`;
  if (reason === 'frozen-day' && day !== null)
    return `delta-receive reopen ${day} takes them in; delta-receive held discard ${which} --day ${day} forgets them`;
  if (reason === 'no-day') return 'nothing: give the rows their day here, and the next cycle sends them';
  if (reason === 'unfit')
    return `delta-receive held list ${which} says which value; another one here, and the next cycle sends it`;
  return `delta-receive held apply ${which} takes them in; delta-receive held discard ${which} forgets them`;
}
