// Why nobody answered, in the few words that fit into another sentence.
import { errorCode, errorMessage } from './errors.ts';

/**
 * `ECONNREFUSED 10.0.0.5:3128`, `ENOTFOUND proxy.lan`, `the proxy answers 407`, else the message itself: who was asked is
 * named where it is known, for that may be a proxy. fetch hides it below an error of its own.
 */
export function networkReason(error: unknown): string {
  const causes = causesOf(error);
  for (const cause of causes) {
    const status = /^Proxy response \((\d{3})\)/.exec(cause.message)?.[1];
    if (status !== undefined) return `the proxy answers ${status}`;
  }
  const coded = causes.find((cause) => errorCode(cause) !== undefined);
  if (coded !== undefined) return [errorCode(coded), peerOf(coded)].filter(Boolean).join(' ');
  return errorMessage(causes[error instanceof TypeError ? 1 : 0] ?? error);
}

/** The error and what is below it, from the outside in; of several that happened at once, the first. */
function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let at = error; at instanceof Error && !causes.includes(at); at = at.cause ?? firstOf(at))
    causes.push(at);
  return causes;
}

function firstOf(error: Error): unknown {
  return error instanceof AggregateError ? (error.errors as unknown[])[0] : undefined;
}

function peerOf(error: Error): string | undefined {
  const { address, port, hostname } = error as { address?: unknown; port?: unknown; hostname?: unknown };
  if (typeof address === 'string') return typeof port === 'number' ? `${address}:${port}` : address;
  return typeof hostname === 'string' ? hostname : undefined;
}
