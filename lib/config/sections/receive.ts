// `[receive]`: the service that takes in the row changes of others.
import { z } from 'zod';
import type { ReceiveConfig } from '../delta-config.ts';
import type { Environment } from '../environment.ts';
import { secretPath } from '../secrets.ts';
import { absolutePath, listen } from './values.ts';

const mebibyte = 1024 * 1024;

export const receiveTable = z
  .strictObject({
    listen: listen
      .default({ host: '127.0.0.1', port: 8790 })
      .describe('where it listens, such as "0.0.0.0:8790"'),
    certificate: absolutePath.optional().describe('its certificate (PEM); delta-receive cert makes one'),
    private_key: absolutePath.optional().describe('the key of that, mode 600'),
    behind_proxy: z
      .boolean()
      .default(false)
      .describe('a proxy on this machine stands before it, and says who asks'),
    tunnel: z
      .boolean()
      .default(false)
      .describe('its address is inside a tunnel, such as WireGuard, so that plain HTTP is enough'),
    request_mb: z
      .int('must be a whole number')
      .min(1, 'must be at least 1')
      .max(64, 'must be at most 64')
      .default(8)
      .describe('one request holds no more MiB'),
    batch_mb: z
      .int('must be a whole number')
      .min(16, 'must be at least 16')
      .max(16_384, 'must be at most 16384')
      .default(1024)
      .describe('one batch holds no more MiB, compressed'),
  })
  .superRefine((table, context) => {
    for (const [key, message] of receiveProblems(table))
      context.addIssue({ code: 'custom', path: [key], message });
  });

type ReceiveTable = z.infer<typeof receiveTable>;

function* receiveProblems(table: z.output<typeof receiveTable>): Generator<[string, string]> {
  const { listen: address, certificate, private_key: key, behind_proxy: isBehindProxy, tunnel } = table;
  if (certificate !== undefined && key === undefined)
    yield ['certificate', 'needs private_key beside it: delta-receive cert makes both'];
  if (certificate === undefined && key !== undefined) yield ['private_key', 'needs certificate beside it'];
  const isTls = certificate !== undefined;
  if (isTls && tunnel) yield ['tunnel', 'is for an address without a certificate'];
  const isHere = ['127.0.0.1', '::1', 'localhost'].includes(address.host);
  if (isBehindProxy && !isHere)
    yield ['behind_proxy', 'needs listen = "127.0.0.1:8790": others could say that they are the proxy'];
  if (!isTls && !tunnel && !isHere)
    yield [
      'listen',
      'would have the keys of the sources travel in the clear: give it certificate and private_key (delta-receive cert makes both), or say tunnel = true',
    ];
}

export function receiveConfig(
  table: ReceiveTable | undefined,
  environment: Environment,
): ReceiveConfig | undefined {
  if (table === undefined) return undefined;
  const { certificate, private_key: key } = table;
  return {
    ...table.listen,
    tls:
      certificate === undefined || key === undefined
        ? undefined
        : {
            certificate,
            key,
            keyPath: () => secretPath({ environment, credential: 'receive-private-key', file: key }) ?? key,
          },
    isBehindProxy: table.behind_proxy,
    requestBytesMax: table.request_mb * mebibyte,
    batchBytesMax: table.batch_mb * mebibyte,
  };
}
