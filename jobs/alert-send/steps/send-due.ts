// Sends what one channel has to say, one message after the other, until it fails.
import { errorMessage, OpsError } from '../../../lib/base/errors.ts';
import { channelFailed, channelObservation, channelWorked } from '../../../lib/incident/channel.ts';
import { dueNotices, type Notice, told } from '../../../lib/incident/due.ts';
import { observe } from '../../../lib/incident/observe.ts';
import type { AlertState } from '../../../lib/incident/state.ts';
import { type Channel, DeliveryFailure, type Message } from '../../../lib/notify/channel.ts';
import { compose } from '../../../lib/notify/compose.ts';
import { keepDeadLetter } from '../../../lib/notify/dead-letters.ts';
import type { Desk } from './desk.ts';

/** One attempt to tell something. */
export interface Attempt {
  channel: string;
  title: string;
  outcome: 'delivered' | 'failed' | 'refused';
  reason: string | undefined;
  /** What a person has to do before it works. */
  hint: string | undefined;
}

/** What went wrong, as the engine takes it. */
export interface Setback {
  message: string;
  hint: string | undefined;
  /** The message itself is refused, and will be again. */
  refused: boolean;
  /** A person has to do something before it works. */
  permanent: boolean;
  /** The setting is refused, not the message, which waits for another one. */
  isOfSetting: boolean;
  retryAfterMs: number | undefined;
}

/** Slack takes one message a second. */
const paceMs = 1000;

/** Returns what was tried. A failure is no error: the next run goes on. Throws what stops the run itself. */
export async function sendDue(desk: Desk, channel: Channel, hasTime: () => boolean): Promise<Attempt[]> {
  const { context, alerts } = desk;
  const attempts: Attempt[] = [];
  while (hasTime() && desk.mayTry(channel)) {
    const { now, clockTrusted } = desk;
    const [notice] = dueNotices(desk.state, channel.name, alerts.policy, { now, clockTrusted });
    if (notice === undefined) break;
    if (attempts.length > 0) await context.wait(paceMs, context.signal);
    const message = compose(notice, { ...alerts, now });
    const attempt = await sendOne(desk, channel, notice, message);
    attempts.push(attempt);
    if (attempt.outcome === 'failed') desk.giveUp(channel.name);
  }
  return attempts;
}

async function sendOne(desk: Desk, channel: Channel, notice: Notice, message: Message): Promise<Attempt> {
  const { context } = desk;
  const attempt = { channel: channel.name, title: message.title };
  try {
    await channel.send(message, context.signal);
  } catch (error) {
    const setback = setbackOf(error);
    const isKept = channel.counts && !setback.refused;
    context.log.warn(`${channel.name}: ${setback.message}`, { title: message.title });
    if (setback.hint !== undefined) context.log.warn(`hint: ${setback.hint}`);
    if (channel.counts) await noteFailure(desk, channel, notice, message, setback);
    else await desk.keep(told(desk.state, notice, desk.now));
    const outcome = isKept || !channel.counts ? 'failed' : 'refused';
    return {
      ...attempt,
      outcome,
      reason: setback.message,
      hint: mending(desk, setback),
    };
  }
  // From here to the next line a kill repeats the message, with the same sequence id.
  await desk.keep(worked(desk, channel.name, told(desk.state, notice, desk.now)));
  record(desk, notice, message, 'delivered', undefined);
  return { ...attempt, outcome: 'delivered', reason: undefined, hint: undefined };
}

async function noteFailure(
  desk: Desk,
  { name: channel, setting }: Channel,
  notice: Notice,
  message: Message,
  setback: Setback,
): Promise<void> {
  const { now, alerts, context } = desk;
  if (setback.refused) {
    const reason = setback.message;
    await keepDeadLetter(alerts.deadDirectory, { channel, reason, message, now }).catch((error: unknown) =>
      context.log.error('a refused message could not be kept', { reason: errorMessage(error) }),
    );
    record(desk, notice, message, 'refused', reason);
  }
  const failed = failing(desk, channel, setback, setting);
  await desk.keep(watched(desk, setback.refused ? told(failed, notice, now) : failed, channel, setback));
}

/** What a person has to do before it works; undefined where it may work by itself. */
export function mending({ alerts }: Desk, { permanent, hint }: Setback): string | undefined {
  return permanent ? (hint ?? `alert-send test${alerts.configOption}`) : undefined;
}

/** The state once the channel has failed in this way. */
export function failing(desk: Desk, channel: string, setback: Setback, setting: () => string): AlertState {
  const refusedSetting = setback.isOfSetting ? setting() : undefined;
  const { now, alerts } = desk;
  return channelFailed(desk.state, channel, { ...setback, refusedSetting }, { now, random: alerts.random() });
}

/** The channel's own check hears that it works. */
export function worked(desk: Desk, channel: string, state: AlertState): AlertState {
  return watched(desk, channelWorked(state, channel, desk.now), channel, {
    permanent: false,
    hint: undefined,
  });
}

/** The other channels tell of a channel that is in trouble, and that it is well again. */
export function watched(
  desk: Desk,
  state: AlertState,
  channel: string,
  { permanent, hint }: Pick<Setback, 'permanent' | 'hint'>,
): AlertState {
  const { now, alerts } = desk;
  const next = `alert-send test${alerts.configOption}`;
  const observation = channelObservation(state, channel, { now, permanent, hint, next });
  return observation === undefined ? state : observe(state, observation, alerts.policy, now);
}

/** Throws on what is neither the channel's failure nor a setting's: a bug, or being stopped. */
export function setbackOf(error: unknown): Setback {
  if (error instanceof DeliveryFailure) {
    const { message, permanent, isOfSetting, hint, retryAfterMs } = error;
    return { message, hint, refused: permanent && !isOfSetting, permanent, isOfSetting, retryAfterMs };
  }
  // A secret that is missing or wrong: the message waits for it.
  if (error instanceof OpsError) {
    const { message, hint } = error;
    return { message, hint, refused: false, permanent: true, isOfSetting: false, retryAfterMs: undefined };
  }
  throw error;
}

function record(
  { context }: Desk,
  { channel, items }: Notice,
  { title }: Message,
  outcome: 'delivered' | 'refused',
  reason: string | undefined,
): void {
  context.history.recordDelivery({
    channel,
    checks: items.map(({ check }) => check),
    title,
    outcome,
    reason,
  });
}
