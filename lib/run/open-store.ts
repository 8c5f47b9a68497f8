// Opens the configured store, and remembers that it was seen, so that a vanished one is noticed.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { systemError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { openDirectoryStore } from '../store/directory/open.ts';
import type { Store } from '../store/store.ts';

/**
 * A directory that was a store before and is empty or gone now is a disk that is not mounted: it is not made anew,
 * for that would put the copies on the wrong disk. The memory is a small file in the state directory.
 */
export async function openStore(config: Config, clock: Clock, log: Log): Promise<Store> {
  const { path } = config.store;
  const seen = join(
    config.stateDirectory,
    'stores',
    `${createHash('sha256').update(path).digest('hex').slice(0, 16)}.json`,
  );
  const first = !existsSync(seen);
  if (first && path === join(config.stateDirectory, 'store')) await makeOwn(config.stateDirectory);
  const store = await openDirectoryStore({ path, create: first, clock, log });
  if (first) await remember(seen, path, clock, log);
  return store;
}

async function makeOwn(stateDirectory: string): Promise<void> {
  try {
    await mkdir(stateDirectory, { recursive: true, mode: 0o750 });
  } catch (error) {
    throw systemError(`create the state directory ${stateDirectory}`, error, {
      hint: 'set HOLDFAST_STATE to a directory this user may write',
    });
  }
}

async function remember(seen: string, path: string, clock: Clock, log: Log): Promise<void> {
  try {
    await mkdir(dirname(seen), { recursive: true, mode: 0o750 });
    await writeFileAtomically(seen, `${JSON.stringify({ path, first_seen: clock.now().toISOString() })}\n`);
  } catch (error) {
    log.warn('the store could not be remembered; a vanished disk would go unnoticed', {
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}
