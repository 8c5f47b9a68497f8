// Asks an app whether it is well, again and again until it is or the time is up: an app takes a while to start.
import type { Clock } from '../base/clock.ts';
import { errorMessage, OpsError } from '../base/errors.ts';
import { formatDuration } from '../base/format.ts';
import { silentLog } from '../base/log.ts';
import { runShell } from './shell.ts';
import { getUrl } from './get-url.ts';

export interface HealthProbe {
  /** A shell command that exits 0 when the app is well. */
  command?: string | undefined;
  /** A URL that answers 2xx when the app is well. With a command beside it, both have to agree. */
  url?: string | undefined;
  /** For all tries together. */
  timeoutMs: number;
  signal: AbortSignal;
  clock: Clock;
  /** Returns after `ms`, or throws when the signal aborts. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface HealthAnswer {
  ok: boolean;
  attempts: number;
  /** What the last try found, in a few words. */
  detail: string;
}

const betweenTriesMs = 1000;
const tryMsMax = 10_000;

/**
 * Tries at least once, then once a second, each try at most 10 s. "Not well" is an answer and not an error; throws
 * only when the signal aborts (its reason) or there is nothing to ask.
 */
export async function probeHealth(probe: HealthProbe): Promise<HealthAnswer> {
  const { timeoutMs, signal, clock, wait } = probe;
  if (probe.command === undefined && probe.url === undefined) {
    throw new Error('probeHealth needs a command or a url');
  }
  const started = clock.monotonicMs();
  const leftMs = () => timeoutMs - (clock.monotonicMs() - started);
  for (let attempts = 1; ; attempts += 1) {
    signal.throwIfAborted();
    const tryMs = Math.max(1, Math.min(tryMsMax, Math.round(leftMs())));
    const { ok, detail } = await tryOnce(probe, tryMs);
    if (ok) return { ok, attempts, detail };
    if (leftMs() <= betweenTriesMs) {
      return { ok, attempts, detail: `${detail} (asked for ${formatDuration(timeoutMs)})` };
    }
    await wait(betweenTriesMs, signal);
  }
}

async function tryOnce({ command, url, signal }: HealthProbe, timeoutMs: number) {
  const details: string[] = [];
  try {
    if (command !== undefined) {
      await runShell(command, { timeoutMs, signal, log: silentLog });
      details.push('the health command exits 0');
    }
    if (url !== undefined) details.push(await getUrl(url, { timeoutMs, signal }));
    return { ok: true, detail: details.join('; ') };
  } catch (error) {
    if (signal.aborted || !(error instanceof OpsError)) throw error;
    return { ok: false, detail: errorMessage(error) };
  }
}
