// Tells the dead-man's switch of runs that began or ended.
import { pinged } from '../../../lib/incident/ping.ts';
import type { Ping } from '../../../lib/incident/state.ts';
import type { PingChannel } from '../../../lib/notify/ping.ts';
import type { Desk } from './desk.ts';
import { type Attempt, failing, mending, setbackOf, watched, worked } from './send-due.ts';

/** Its name among the channels. */
const name = 'ping';

/**
 * Returns what was tried. What fails waits for the next run. Where the service refuses one check the others are told all the
 * same, and how it fares is judged by the one that it refused.
 */
export async function sendPings(desk: Desk, hasTime: () => boolean): Promise<Attempt[]> {
  const { ping: channel } = desk.alerts;
  const attempts: Attempt[] = [];
  if (channel === undefined || !desk.mayTry({ name, ...channel })) return attempts;
  for (const ping of [...desk.state.pings]) {
    if (!hasTime()) break;
    const attempt = await sendPing(desk, channel, ping);
    attempts.push(attempt);
    if (attempt.outcome === 'failed' && attempt.hint === undefined) break;
  }
  const isWell = attempts.length > 0 && attempts.every(({ outcome }) => outcome === 'delivered');
  if (isWell) await desk.keep(worked(desk, name, desk.state));
  return attempts;
}

async function sendPing(desk: Desk, channel: PingChannel, ping: Ping): Promise<Attempt> {
  const { context } = desk;
  const attempt = { channel: name, title: `${ping.check} ${ping.kind}` };
  try {
    await channel.send(ping, context.signal);
  } catch (error) {
    const setback = setbackOf(error);
    const { message, hint, refused } = setback;
    context.log.warn(message, { ping: attempt.title });
    if (hint !== undefined) context.log.warn(`hint: ${hint}`);
    const failed = failing(desk, name, setback, channel.setting);
    await desk.keep(watched(desk, refused ? pinged(failed, ping) : failed, name, setback));
    return {
      ...attempt,
      outcome: refused ? 'refused' : 'failed',
      reason: message,
      hint: mending(desk, setback),
    };
  }
  await desk.keep(pinged(desk.state, ping));
  return { ...attempt, outcome: 'delivered', reason: undefined, hint: undefined };
}
