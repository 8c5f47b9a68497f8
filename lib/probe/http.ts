// Measures what endpoints answer, and how soon.
import { OpsError } from '../base/errors.ts';
import { formatBytes } from '../base/format.ts';
import { clip, printable } from '../base/printable.ts';
import type { HttpEndpoint, JsonExpectation } from '../config/health-config.ts';
import type { HttpAnswer, HttpFacts } from '../health/http.ts';
import { askEndpoint, EndpointFailure } from '../process/ask-endpoint.ts';
import type { Probe, ProbeContext } from './probe.ts';

/** No answer to "are you well?" is larger. */
const bodyBytesMax = 1_000_000;

export const httpProbe: Probe<HttpFacts> = {
  // More than any endpoint may be given.
  timeoutMs: 35_000,
  subjects: ({ config }) => config.health.endpoints.map(({ name }) => name),
  async measure(context, subject) {
    const endpoint = endpointNamed(context, subject);
    return {
      address: shownAddress(endpoint.url),
      answer: await answerOf(context, endpoint),
      limits: endpoint.limits,
    };
  },
};

export function endpointNamed({ config }: ProbeContext, name: string): HttpEndpoint {
  const endpoint = config.health.endpoints.find((one) => one.name === name);
  if (endpoint === undefined) throw new OpsError('config', `there is no endpoint ${name}`);
  return endpoint;
}

/** Without its query, which may hold a secret. */
export function shownAddress(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${clip(pathname, 200)}`;
}

async function answerOf(context: ProbeContext, endpoint: HttpEndpoint): Promise<HttpAnswer> {
  const { signal, clock, root } = context;
  const { url, timeoutMs, statuses, fingerprint } = endpoint;
  const started = clock.monotonicMs();
  try {
    const { status, body } = await askEndpoint({
      url,
      timeoutMs,
      signal,
      bodyBytesMax,
      root,
      follow: !(statuses ?? []).some((one) => one >= 300 && one < 400),
      proof: fingerprint === undefined ? { kind: 'trusted' } : { kind: 'pinned', sha256: fingerprint },
    });
    const latencyMs = clock.monotonicMs() - started;
    const isRight = statuses === undefined ? status >= 200 && status < 300 : statuses.includes(status);
    if (!isRight)
      return {
        wrong: `answers ${status}${statuses === undefined ? '' : ` instead of ${statuses.join(' or ')}`}`,
      };
    const wrong = jsonDifference(body, endpoint.json);
    return wrong === undefined ? { status, latencyMs } : { wrong: `answers ${status}, but ${wrong}` };
  } catch (error) {
    if (error instanceof EndpointFailure) return { wrong: error.message };
    throw error;
  }
}

/** What is not as it should be in an answer of JSON; undefined where all is. */
function jsonDifference(body: Buffer | undefined, expected: readonly JsonExpectation[]): string | undefined {
  if (expected.length === 0) return undefined;
  if (body === undefined) return `with more than ${formatBytes(bodyBytesMax)}`;
  const document = parsed(body);
  if (document === undefined) return 'with what is no JSON';
  for (const { path, value } of expected) {
    const found = valueAt(document.value, path);
    if (found === value) continue;
    const name = path.join('.');
    if (found === undefined) return `without ${name}, which has to be ${shownJson(value)}`;
    return `${name} is ${shownJson(found)} instead of ${shownJson(value)}`;
  }
  return undefined;
}

function parsed(body: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(body.toString('utf8').replace(/^\ufeff/, '')) as unknown };
  } catch {
    return undefined;
  }
}

/** A name with dots in it is found as well as one below another; in a list, its number. */
function valueAt(document: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return document;
  if (typeof document !== 'object' || document === null) return undefined;
  for (let length = path.length; length > 0; length -= 1) {
    const name = path.slice(0, length).join('.');
    if (!Object.hasOwn(document, name)) continue;
    const found = valueAt((document as Record<string, unknown>)[name], path.slice(length));
    if (found !== undefined) return found;
  }
  return undefined;
}

function shownJson(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a table';
  return printable(clip(JSON.stringify(value), 60));
}
