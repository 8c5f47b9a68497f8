// `apps.<name>.health`: how a restore finds out that the app is well again.
import { z } from 'zod';
import type { HealthConfig } from '../services-config.ts';
import { seconds } from './values.ts';

export const healthTable = z
  .strictObject({
    command: z.string().min(1).optional().describe('healthy when this shell command exits 0'),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('healthy when this address answers 2xx'),
    timeout_seconds: seconds.default(60).describe('how long the app may take to become healthy'),
  })
  .refine(
    ({ command, url }) => (command === undefined) !== (url === undefined),
    'needs either command or url',
  );

export function healthConfig({ command, url, timeout_seconds }: z.infer<typeof healthTable>): HealthConfig {
  return { command, url, timeoutMs: timeout_seconds * 1000 };
}
