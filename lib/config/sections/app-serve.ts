// `apps.<name>.serve`: who follows the changes of this database asks here: the master of a pull.
import { z } from 'zod';
import type { ServeConfig } from '../pull-config.ts';
import type { Environment } from '../environment.ts';
import { secretPath } from '../secrets.ts';
import { absolutePath, duration, listen } from './values.ts';

const tableName = z.string().min(1, 'must name a table');

/** The SHA-256 of a reader's key: the key itself is in no file of this machine. */
const keyHash = z.string().transform((text, context) => {
  const hex = text.replace(/^sha256:/i, '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  context.addIssue({
    code: 'custom',
    message: 'must be "sha256:" and the 64 hex digits that delta-serve key prints',
  });
  return z.NEVER;
});

export const serveTable = z
  .strictObject({
    listen: listen
      .default({ host: '127.0.0.1', port: 5001 })
      .describe('where it listens, such as "0.0.0.0:5001"'),
    keys: z
      .record(
        z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be a name of letters and digits'),
        keyHash,
      )
      .default({})
      .describe('who may ask, by name: the hash that delta-serve key prints'),
    certificate: absolutePath.optional().describe('its certificate (PEM); delta-serve cert makes one'),
    private_key: absolutePath.optional().describe('the key of that, mode 600'),
    tunnel: z
      .boolean()
      .default(false)
      .describe('its address is inside a tunnel, or behind a proxy, so that plain HTTP is enough'),
    tables: z.array(tableName).min(1).optional().describe('the tables that are served; all unless given'),
    without: z.array(tableName).default([]).describe('tables that are not'),
    keep: duration.default(7 * 86_400_000).describe('so long a reader may be away and go on where it was'),
    log_rows_max: z
      .int('must be a whole number')
      .min(1000, 'must be at least 1000')
      .max(1_000_000_000)
      .default(1_000_000)
      .describe('no more noted changes are kept for readers that are away'),
  })
  .superRefine(({ listen: address, certificate, private_key: key, tunnel }, context) => {
    const add = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (certificate !== undefined && key === undefined)
      add('certificate', 'needs private_key beside it: delta-serve cert makes both');
    if (certificate === undefined && key !== undefined) add('private_key', 'needs certificate beside it');
    const isHere = ['127.0.0.1', '::1', 'localhost'].includes(address.host);
    if (certificate === undefined && !tunnel && !isHere)
      add(
        'listen',
        'would have the keys of readers travel in the clear: give it certificate and private_key (delta-serve cert makes both), or say tunnel = true',
      );
  });

export function serveConfig(table: z.infer<typeof serveTable>, environment: Environment): ServeConfig {
  const { certificate, private_key: key } = table;
  return {
    ...table.listen,
    keys: new Map(Object.entries(table.keys).map(([name, sha256]) => [sha256, name])),
    tls:
      certificate === undefined || key === undefined
        ? undefined
        : {
            certificate,
            key,
            keyPath: () => secretPath({ environment, credential: 'serve-private-key', file: key }) ?? key,
          },
    tables: table.tables,
    without: table.without,
    keptMs: table.keep,
    logRowsMax: table.log_rows_max,
  };
}
