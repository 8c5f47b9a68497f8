// Why a change is held, and what helps, in words.
import type { HeldReason } from '../../../lib/delta/batch.ts';

const reasons: Record<HeldReason, string> = {
  'frozen-day': 'their day is frozen',
  'no-day': 'their day cannot be told',
  'mass-deletion': 'more was deleted at once than is believed',
  clock: 'their time stamps lie ahead',
  unfit: 'its tables cannot hold their values',
};

export function heldWords(reason: string): string {
  return reason in reasons ? reasons[reason as HeldReason] : reason;
}

/** What somebody who may decide it types at the receiver. */
export function heldHelp({ reason, day }: { reason: HeldReason; day: string | null }): string {
  const about = `delta-receive held --reason ${reason}`;
  if (reason === 'frozen-day')
    return `delta-receive reopen ${day ?? '<day>'} takes them in, delta-receive discard --day ${day ?? '<day>'} forgets them`;
  if (reason === 'unfit') return `${about} says which value; correct it here, and the next cycle sends it`;
  if (reason === 'no-day')
    return `${about} lists them; give the row its day here, and the next cycle sends it`;
  return `${about} lists them; delta-receive release --reason ${reason} takes them in`;
}
