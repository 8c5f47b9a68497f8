// How much memory of its own a command needs, its child processes included. Pages of a file that a process has mapped
// stand in its resident set too, but the kernel takes those back whenever it wants the room: a proof of a large database
// maps the whole of it. What nobody can take back is anonymous memory, and that is what a small machine must have.
import { readFileSync } from 'node:fs';

const intervalMs = 10;

/** Watches a process and its children from now on. `end` stops that and returns the most they held at once, in bytes. */
export function watchAnonymousMemory(pid: number): { end(): number } {
  let peakBytes = 0;
  const look = () => void (peakBytes = Math.max(peakBytes, anonymousBytes(pid)));
  const timer = setInterval(look, intervalMs);
  return {
    end() {
      clearInterval(timer);
      return peakBytes;
    },
  };
}

function anonymousBytes(pid: number): number {
  try {
    // A process that was just forked has the pages of its parent until it writes to them: counted as shares, they count once.
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const [, kilobytes = '0'] = /^Pss_Anon:\s+(\d+) kB$/m.exec(rollup) ?? [];
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return Number(kilobytes) * 1024 + children.reduce((sum, child) => sum + anonymousBytes(Number(child)), 0);
  } catch {
    return 0; // it has just ended
  }
}
