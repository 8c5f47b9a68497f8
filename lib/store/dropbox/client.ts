// Every call to Dropbox goes through here: the gate, a token, the call, and what to do when it fails.
import { OpsError } from '../../base/errors.ts';
import { DropboxFailure } from './failure.ts';
import type { RateGate, Waiting } from './rate-gate.ts';
import { callSdk, type SdkCalls } from './sdk.ts';
import { linkHint, type Tokens } from './tokens.ts';
import type { Transport } from './transport.ts';

/** What a client is made of. */
export interface ClientParts {
  transport: Transport;
  tokens: Tokens;
  gate: RateGate;
  waiting: Waiting;
  /** How often a call is made again after a failure that may pass. Waiting because Dropbox asked does not count. */
  retriesMax: number;
  /** Aborts with the job, and at its deadline. */
  signal: AbortSignal;
}

/** How one call is to be made. */
export interface CallOptions<T> {
  signal?: AbortSignal | undefined;
  /** Finds out whether a call whose reply was lost was carried out; undefined when it was not. */
  settle?: () => Promise<T | undefined>;
}

const backoffFirstMs = 500;
const backoffMaxMs = 30_000;
/** Asked to wait ever again, it is asked ever less often, whatever it says itself. */
const throttledMaxMs = 300_000;

export class DropboxClient {
  readonly transport: Transport;
  readonly #parts: ClientParts;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.transport = parts.transport;
  }

  /** The signal of a call: the caller's, and the job's own. */
  signalFor(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#parts.signal : AbortSignal.any([signal, this.#parts.signal]);
  }

  /** Waits `ms` and returns true; false at once where the job's deadline comes first. */
  async waitWithin(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    const { gate } = this.#parts;
    if (gate.isTooLong(ms)) return false;
    await gate.sleep(ms, this.signalFor(signal));
    return true;
  }

  /**
   * Makes a generated call until `read` makes sense of its reply, it fails for good, or it has failed too often. Throws
   * DropboxFailure, or OpsError where a token, a deadline or a file of ours is the trouble.
   */
  async call<T>(
    send: (calls: SdkCalls) => Promise<{ result: unknown }>,
    read: (reply: unknown) => T,
    options: CallOptions<T> = {},
  ): Promise<T> {
    const signal = this.signalFor(options.signal);
    return this.persist(async (token) => read(await callSdk(this.transport, token, signal, send)), options);
  }

  /** The same for any work that takes a token and throws DropboxFailure. */
  async persist<T>(attempt: (token: string) => Promise<T>, options: CallOptions<T> = {}): Promise<T> {
    const { gate, tokens, retriesMax, waiting } = this.#parts;
    const signal = this.signalFor(options.signal);
    let [failures, throttled, renewals] = [0, 0, 0];
    for (;;) {
      await gate.pass(signal);
      let token: string | undefined;
      try {
        token = await tokens.current(signal);
        return await attempt(token);
      } catch (error) {
        if (!(error instanceof DropboxFailure)) throw error;
        if (error.kind === 'throttled') {
          gate.close(Math.max(error.retryAfterMs ?? 0, growing(1000, throttled, throttledMaxMs)));
          throttled += 1;
        } else if (error.kind === 'token' && token !== undefined) {
          if (renewals === renewalsMax) throw rejectedAnew(error);
          renewals += 1;
          tokens.reject(token);
        } else {
          if (!mayPass(error) || failures === retriesMax) throw error;
          const ms = Math.max(
            error.retryAfterMs ?? 0,
            strayed(growing(backoffFirstMs, failures, backoffMaxMs)),
          );
          failures += 1;
          // What failed is the news, and not that there is no time left to try it again.
          if (!(await this.waitWithin(ms, signal))) throw error;
          const settled = error.inDoubt ? await options.settle?.() : undefined;
          if (settled !== undefined) return settled;
        }
        waiting.traffic.retries += 1;
        waiting.log.debug('trying again', { because: error.message, failures });
      }
    }
  }
}

/** A token that was just given out and is not accepted will not be accepted the next time either. */
const renewalsMax = 1;

function mayPass(failure: DropboxFailure): boolean {
  return failure.inDoubt || failure.kind === 'contended';
}

/** Doubles with each time it was waited already, up to a most. */
function growing(firstMs: number, times: number, mostMs: number): number {
  return Math.min(mostMs, firstMs * 2 ** times);
}

/** Strays by a quarter, so that machines that failed together do not come back together. */
function strayed(ms: number): number {
  return ms * (0.75 + Math.random() / 2);
}

function rejectedAnew(cause: DropboxFailure): OpsError {
  return new OpsError(
    'denied',
    `cannot use Dropbox: it does not accept the token it just gave out (${cause.message})`,
    {
      hint: linkHint,
      cause,
    },
  );
}
