// Brings the state of alerts up to now: what lies in the spool, and what time has made of it.
import { tick } from '../../../lib/incident/tick.ts';
import { deadLetters } from '../../../lib/notify/dead-letters.ts';
import { fold, observeSelf } from '../../../lib/notify/fold.ts';
import type { KeptState } from '../../../lib/notify/state-codec.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { Alerts } from '../../../lib/run/open-alerts.ts';

/** The state with everything taken in, not yet kept; `names` are the records that are in it. */
export interface TakenIn {
  kept: KeptState;
  names: readonly string[];
  clockTrusted: boolean;
}

/** Sets damaged files aside. Called under the lock. */
export async function takeIn(context: JobContext, alerts: Alerts): Promise<TakenIn> {
  const now = context.clock.now().getTime();
  await alerts.spool.sweep(now);
  const contents = await alerts.spool.read();
  return combine(context, alerts, await alerts.states.read(now), contents);
}

/** The same without changing anything, for those who only look. */
export async function peek(context: JobContext, alerts: Alerts): Promise<TakenIn> {
  const contents = await alerts.spool.look();
  return combine(context, alerts, await alerts.states.look(context.clock.now().getTime()), contents);
}

async function combine(
  context: JobContext,
  alerts: Alerts,
  kept: KeptState,
  { records, unreadable }: Awaited<ReturnType<Alerts['spool']['read']>>,
): Promise<TakenIn> {
  const { policy, ping, channels, deadDirectory } = alerts;
  const now = context.clock.now().getTime();
  const clockTrusted = (await context.clockState()) !== 'unsynchronised';
  const folded = fold(kept.state, records, kept.taken, { policy, pingChecks: ping?.checks ?? [], now });
  const dead = await deadLetters(deadDirectory);
  const isBuried = dead.some(({ name }) => name.startsWith('unreadable-'));
  const observed = observeSelf(folded, {
    ...{ ownCheck: 'alert-send', unreadable, isBuried, policy, now },
    exposed: context.exposedSecrets(),
    brokenSettings: context.brokenSettings,
    configOption: alerts.configOption,
  });
  const names = channels.map(({ name }) => name);
  const state = tick(observed, policy, { now, clockTrusted, channels: names });
  return { kept: { ...kept, state }, names: records.map(({ name }) => name), clockTrusted };
}
