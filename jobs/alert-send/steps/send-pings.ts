// Tells the dead-man's switch of runs that began or ended.
import { channelFailed } from '../../../lib/incident/channel.ts';
import { pinged } from '../../../lib/incident/ping.ts';
import type { Desk } from './desk.ts';
import { type Attempt, setbackOf, watched, worked } from './send-due.ts';

/** Its name among the channels. */
const name = 'ping';

/** Returns what was tried. One that fails waits for the next run; one that is refused for good is dropped. */
export async function sendPings(desk: Desk, hasTime: () => boolean): Promise<Attempt[]> {
  const { alerts, context } = desk;
  const attempts: Attempt[] = [];
  for (const ping of alerts.ping === undefined ? [] : desk.state.pings) {
    if (!hasTime() || !desk.mayTry(name)) break;
    const attempt = { channel: name, title: `${ping.check} ${ping.kind}` };
    try {
      await alerts.ping?.send(ping, context.signal);
    } catch (error) {
      const setback = setbackOf(error);
      context.log.warn(setback.message, { ping: attempt.title });
      if (setback.hint !== undefined) context.log.warn(`hint: ${setback.hint}`);
      const { now } = desk;
      const failed = channelFailed(desk.state, name, setback, { now, random: alerts.random() });
      const next = setback.refused ? pinged(failed, ping) : failed;
      await desk.keep(watched(desk, next, name, setback.permanent));
      attempts.push({ ...attempt, outcome: setback.refused ? 'refused' : 'failed', reason: setback.message });
      if (!setback.refused) desk.giveUp(name);
      continue;
    }
    await desk.keep(worked(desk, name, pinged(desk.state, ping)));
    attempts.push({ ...attempt, outcome: 'delivered', reason: undefined });
  }
  return attempts;
}
