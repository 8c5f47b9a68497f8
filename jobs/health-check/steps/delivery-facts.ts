// What waits to be told, and how the channels are, for the check that asks.
import type { DeliveryFacts } from '../../../lib/health/alert-delivery.ts';
import { deadLetters } from '../../../lib/notify/dead-letters.ts';
import type { JobContext } from '../../../lib/run/context.ts';

/** Undefined where nobody is to be told anything. */
export async function deliveryFacts(context: JobContext): Promise<DeliveryFacts | undefined> {
  if (context.config.alerts === undefined) return undefined;
  const alerts = await context.openAlerts();
  const { records } = await alerts.spool.look();
  const { state } = await alerts.states.look(context.clock.now().getTime());
  const spoken = alerts.channels.map(({ name }) => name);
  const times = records.map(({ record }) => record.at);
  return {
    waiting: records.length,
    oldestAt: times.length === 0 ? undefined : new Date(Math.min(...times)),
    dead: (await deadLetters(alerts.deadDirectory)).length,
    failing: state.channels
      .filter(({ channel, attempts }) => attempts > 0 && spoken.includes(channel))
      .map(({ channel, failingAt, problem }) => ({
        channel,
        since: failingAt === undefined ? undefined : new Date(failingAt),
        problem,
      })),
  };
}
