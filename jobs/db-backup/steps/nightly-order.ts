// What a nightly run is asked for: a backup in each format of the app, the latest copy, and where its window is open a full
// that has waited for it.
import { inFullWindow } from '../../../lib/backup/full-window.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { BackupOrder } from '../../steps/back-up-app.ts';

/** What a person said of it. */
interface Given {
  acceptShrink: boolean;
  accept: string | undefined;
}

export function nightlyOrder(
  { clock, config }: JobContext,
  { formats, pages: { fullWindow } }: GuardedApp,
  { acceptShrink: shrink, accept: finding }: Given,
): BackupOrder {
  const window = fullWindow && inFullWindow(fullWindow, clock.now(), config.timeZone);
  const what = { formats, storesUnchanged: true, refreshLatest: true, until: window?.until };
  return { label: undefined, acceptance: { shrink, finding }, ...what };
}
