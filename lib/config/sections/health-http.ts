// `[health.http.endpoints.<name>]`: addresses that have to answer, and how.
import { z } from 'zod';
import type { JsonExpectation, HttpEndpoint } from '../health-config.ts';
import { limitFor } from './health-limit.ts';
import { limitsOf, namedTables } from './health-thing.ts';

const status = z.int('must be a status such as 200').min(200, 'must be a status such as 200').max(599);

const jsonValue = z.union([z.string(), z.number(), z.boolean()], 'must be a text, a number, true or false');
type JsonTable = { [key: string]: z.infer<typeof jsonValue> | JsonTable };
const jsonTable: z.ZodType<JsonTable> = z.record(
  z.string(),
  z.lazy(() =>
    z.union([jsonValue, jsonTable], 'must be a text, a number, true or false, or a table of those'),
  ),
);

const endpointTable = z
  .strictObject({
    url: z.string().superRefine((text, context) => {
      const problem = urlProblem(text);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    }),
    status: z
      .union(
        [status.transform((one) => [one]), z.array(status).min(1)],
        'must be a status such as 200, or a list',
      )
      .optional()
      .describe('the status that it has to answer with; any of 200 to 299 unless given'),
    json: jsonTable.optional().describe('what its answer has to hold: { ok = true, "db.state" = "up" }'),
    fingerprint: z
      .string()
      .transform((text) => text.replaceAll(':', '').toLowerCase())
      .refine(
        (hex) => /^[0-9a-f]{64}$/.test(hex),
        'must be the SHA-256 fingerprint of a certificate, 64 hex digits',
      )
      .optional()
      .describe('the one certificate that it may show'),
    timeout_seconds: z
      .number()
      .positive('must be more than 0')
      .max(30, 'must be at most 30')
      .default(10)
      .describe('so long an answer may take'),
    warn: limitFor('ms').optional().describe('an answer after so many milliseconds is a warning'),
    critical: limitFor('ms').optional().describe('and after so many critical'),
  })
  .refine(({ url, fingerprint }) => fingerprint === undefined || url.startsWith('https:'), {
    message: 'is for an address that begins with https:',
    path: ['fingerprint'],
  });

/** What is wrong with an address, in words that hold none of it: it may hold a secret. */
function urlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    return 'must be an address such as "http://127.0.0.1:8000/health"';
  return url.username === '' && url.password === '' ? undefined : 'must not hold a user name or password';
}

export const httpKeys = {
  endpoints: namedTables(endpointTable).default({}).describe('what has to answer, by a name of its own'),
};

type HttpTable = z.infer<z.ZodObject<typeof httpKeys>>;

export function httpConfig(table: HttpTable | undefined): readonly HttpEndpoint[] {
  return Object.entries(table?.endpoints ?? {}).map(([name, endpoint]) => ({
    name,
    url: endpoint.url,
    statuses: endpoint.status,
    json: endpoint.json === undefined ? [] : [...flattened(endpoint.json, [])],
    fingerprint: endpoint.fingerprint,
    timeoutMs: Math.max(1, Math.round(endpoint.timeout_seconds * 1000)),
    limits: limitsOf(endpoint.warn, endpoint.critical),
  }));
}

/** A dotted path and tables in tables are the same. */
function* flattened(table: JsonTable, above: readonly string[]): Generator<JsonExpectation> {
  for (const [key, value] of Object.entries(table)) {
    const path = [...above, ...key.split('.')];
    if (typeof value === 'object') yield* flattened(value, path);
    else yield { path, value };
  }
}
