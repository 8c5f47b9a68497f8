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

  /**
   * Makes a generated call until it succeeds, fails for good, or has failed too often. Throws DropboxFailure, or
   * OpsError where a token, a deadline or a file of ours is the trouble.
   */
  async call<T>(send: (calls: SdkCalls) => Promise<{ result: T }>, options: CallOptions<T> = {}): Promise<T> {
    return this.callFor(send, (result) => result, options);
  }

  /** The same, for what `read` finds in the result; a result that makes no sense to it is a failure like any other. */
  async callFor<Result, T>(
    send: (calls: SdkCalls) => Promise<{ result: Result }>,
    read: (result: Result) => T,
    options: CallOptions<T> = {},
  ): Promise<T> {
    const signal = this.signalFor(options.signal);
    return this.persist(async (token) => read(await callSdk(this.transport, token, signal, send)), options);
  }

  /** The same for any work that takes a token and throws DropboxFailure. */
  async persist<T>(attempt: (token: string) => Promise<T>, options: CallOptions<T> = {}): Promise<T> {
    const { gate, tokens, retriesMax, waiting } = this.#parts;
    const signal = this.signalFor(options.signal);
    let failures = 0;
    let hasRenewed = false;
    for (;;) {
      await gate.pass(signal);
      let token: string | undefined;
      try {
        token = await tokens.current(signal);
        return await attempt(token);
      } catch (error) {
        if (!(error instanceof DropboxFailure)) throw error;
        if (error.kind === 'throttled') gate.close(error.retryAfterMs ?? 0);
        else if (error.kind === 'token' && token !== undefined) {
          if (hasRenewed) throw rejectedAnew(error);
          hasRenewed = true;
          tokens.reject(token);
        } else {
          if (!mayPass(error) || failures === retriesMax) throw error;
          failures += 1;
          const ms = backoffMs(failures);
          // What failed is the news, and not that there is no time left to try it again.
          if (gate.isTooLong(ms)) throw error;
          await gate.sleep(ms, signal);
          const settled = error.inDoubt ? await options.settle?.() : undefined;
          if (settled !== undefined) return settled;
        }
        waiting.traffic.retries += 1;
        waiting.log.debug('trying again', { because: error.message, failures });
      }
    }
  }
}

function mayPass(failure: DropboxFailure): boolean {
  return failure.inDoubt || failure.kind === 'contended';
}

/** Doubles, and strays by a quarter, so that machines that failed together do not come back together. */
function backoffMs(failures: number): number {
  const ms = Math.min(backoffMaxMs, backoffFirstMs * 2 ** (failures - 1));
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
