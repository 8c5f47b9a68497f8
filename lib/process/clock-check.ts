// Whether this machine's clock can be trusted: a Pi without a battery boots with the time of its last shutdown.
import type { CommandRunner } from '../base/command.ts';
import { OpsError } from '../base/errors.ts';

export type ClockState = 'synchronised' | 'unsynchronised' | 'unknown';

/**
 * Asks systemd whether the clock has been set from the network since boot. Where nobody can say (no systemd, no
 * answer within 5 s) it is `unknown`; never throws an OpsError, but
 * the signal's reason when it aborts.
 */
export async function clockState(run: CommandRunner, signal?: AbortSignal): Promise<ClockState> {
  try {
    const { stdout } = await run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], {
      timeoutMs: 5000,
      signal,
    });
    const answer = stdout.trim();
    if (answer === 'yes') return 'synchronised';
    return answer === 'no' ? 'unsynchronised' : 'unknown';
  } catch (error) {
    // Not installed, not booted with systemd, or stuck: all the same answer.
    if (error instanceof OpsError) return 'unknown';
    throw error;
  }
}
