// The other process of the lock tests: takes a lock and does as it is told, one word per line on its standard input.
//   node --import tsx lock-holder.ts <directory> <name> <purpose> [no-flock]
import { spawn } from 'node:child_process';
import { readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CommandRunner } from '../../lib/base/command.ts';
import { systemClock } from '../../lib/base/clock.ts';
import { errorMessage, OpsError } from '../../lib/base/errors.ts';
import { silentLog } from '../../lib/base/log.ts';
import { acquireLock, type HeldLock } from '../../lib/lock/lock.ts';
import { runBriefly } from '../../lib/process/run-briefly.ts';

const [directory = '', name = '', purpose = '', noFlock = ''] = process.argv.slice(2);
const withoutFlock: CommandRunner = async () => {
  throw new OpsError('missing', 'cannot run flock: it is not installed');
};
let lock: HeldLock | undefined;

const answers: Record<string, (argument: string) => string | Promise<string>> = {
  async acquire() {
    try {
      lock = await acquireLock({
        directory,
        name,
        purpose,
        runId: `run-of-${process.pid}`,
        run: noFlock === '' ? runBriefly : withoutFlock,
        clock: systemClock,
        log: silentLog,
      });
      return 'held';
    } catch (error) {
      return `refused ${error instanceof OpsError ? error.kind : 'bug'}: ${errorMessage(error)}`;
    }
  },
  async release() {
    await lock?.release();
    return 'released';
  },
  /** Leaves a process behind that outlives this one. */
  grandchild() {
    const child = spawn('sleep', ['600'], { stdio: 'ignore', detached: true });
    return `grandchild ${child.pid}`;
  },
  /** Blocks the event loop until somebody writes to the named pipe. */
  block(pipe) {
    writeSync(1, 'blocked\n');
    return `unblocked ${readFileSync(pipe, 'utf8')}`;
  },
  /** Forgets the lock without releasing it, and collects garbage. */
  async forget() {
    lock = undefined;
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let i = 0; i < 5; i += 1) {
      await new Promise(setImmediate);
      collect();
    }
    return 'forgotten';
  },
};

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [word = '', argument = ''] = line.split(' ');
  console.log(await answers[word]?.(argument));
}
