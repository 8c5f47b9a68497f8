// Measures what waits to be told; where nobody is to be told anything there is nothing to ask.
import type { DeliveryFacts } from '../health/alert-delivery.ts';
import { machine } from '../health/causes.ts';
import type { Probe } from './probe.ts';

const none: DeliveryFacts = { waiting: 0, oldestAt: undefined, dead: 0, failing: [] };

export const alertDeliveryProbe: Probe<DeliveryFacts> = {
  subjects: ({ config }) => (config.alerts === undefined ? [] : [machine]),
  measure: async (context) => (await context.delivery()) ?? none,
};
