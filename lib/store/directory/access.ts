// What one operation on a directory store works with.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { HeldDirectory } from '../../files/held-directory.ts';

export interface DirectoryAccess {
  root: HeldDirectory;
  clock: Clock;
  log: Log;
}
