// A command that has to be killed, for which the product leaves it seconds to end by itself.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../../lib/base/log.ts';
import { runShell } from '../../../lib/process/shell.ts';
import { lives } from '../../support/lives.ts';
import { scratch } from '../../support/scratch.ts';

test('a timeout ends what the command has started, even what does not want to end', async () => {
  const path = join(scratch(), 'pid');
  const stubborn = `sh -c 'trap "" TERM; echo $$ > ${path}; exec sleep 600' & wait`;
  const pid = () => (existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0);
  // A slow machine may have begun nothing when the time is up: then it gets more.
  for (let timeoutMs = 250; pid() === 0; timeoutMs *= 2) {
    const running = runShell(stubborn, { timeoutMs, log: silentLog });
    await expect(running).rejects.toMatchObject({ kind: 'unavailable' });
  }
  // Killed it is; the kernel takes its time to say so.
  await expect.poll(() => lives(pid()), { timeout: 60_000 }).toBe(false);
});
