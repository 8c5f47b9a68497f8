// `[apps.<name>]`, services: what is stopped before a restore and started after it.
import { z } from 'zod';
import type { ServicesConfig } from '../services-config.ts';
import { seconds } from './values.ts';

export const servicesKeys = {
  services: z.array(z.string()).optional().describe('systemd units a restore stops and starts'),
  stop: z.string().min(1).optional().describe('shell command that stops the app, instead of services'),
  start: z.string().min(1).optional().describe('shell command that starts the app again'),
  service_timeout_seconds: seconds.optional().describe('how long stopping or starting may take'),
};

type ServicesTable = z.infer<z.ZodObject<typeof servicesKeys>>;

/** Why the keys cannot stand together. */
export function servicesProblems({ services = [], stop, start }: ServicesTable): string[] {
  const isHalf = (stop === undefined) !== (start === undefined);
  const isTwice = services.length > 0 && stop !== undefined;
  return [
    ...(isHalf ? ['stop and start belong together'] : []),
    ...(isTwice ? ['give services, or stop and start, not both'] : []),
  ];
}

export function servicesConfig(table: ServicesTable): ServicesConfig {
  const { services: units = [], stop, start, service_timeout_seconds: timeoutSeconds = 120 } = table;
  return { units, stop, start, timeoutMs: timeoutSeconds * 1000 };
}
