// What scripted faults do at the moments of a request: on its arrival, after its body, and when it was applied.
import type { Effects, Faults, Moment } from './faults.ts';
import { Dropped, type Incoming } from './incoming.ts';

/** Returns when the request may go on. Throws Dropped when its connection is to end. */
export async function meet(moment: Moment, incoming: Incoming, given: Given): Promise<void> {
  const { effects, faults } = given;
  meetDrop(moment, incoming, given);
  for (const { run, when = 'arrival', afterBytes } of effects.all('run')) {
    if (afterBytes !== undefined || when !== moment) continue;
    const drop = () => incoming.destroy();
    await untilGone(incoming, run({ request: incoming.request, drop }));
    if (incoming.message.destroyed && !incoming.message.complete) throw new Dropped();
  }
  for (const { milliseconds, when = 'after-body' } of effects.all('delay')) {
    if (when !== moment) continue;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    await untilGone(incoming, promise);
    clearTimeout(timer);
  }
  for (const { when = 'after-body' } of effects.all('hang')) {
    if (when !== moment) continue;
    await untilGone(incoming, faults.hang(effects));
    throw new Dropped();
  }
}

export interface Given {
  effects: Effects;
  faults: Faults;
  /** The body is read piece by piece, so that it can be cut at a byte. */
  streamed: boolean;
}

function meetDrop(moment: Moment, { request }: Incoming, { effects, streamed }: Given): void {
  if (moment === 'after-apply' && effects.has('dropAfterApply')) throw new Dropped();
  const drop = effects.one('dropBefore');
  if (drop === undefined) return;
  const bytes = drop.bytes ?? 0;
  if (moment === 'arrival' && (bytes === 0 || !streamed)) throw new Dropped();
  // The body was shorter than the fault expected.
  if (moment === 'after-body' && request.bodyBytes < bytes) throw new Dropped();
}

async function untilGone({ gone }: Incoming, event: void | Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  gone.addEventListener('abort', end);
  if (gone.aborted) end();
  await Promise.race([event, promise]);
  gone.removeEventListener('abort', end);
}
