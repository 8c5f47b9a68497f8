// Opens what knows of the changes in an app's database, as its configuration says.
import { dirname, join } from 'node:path';
import type { FileApp } from '../config/config.ts';
import type { DeltaConfig } from '../config/delta-config.ts';
import { createDirectories } from '../files/make-directories.ts';
import { inStateDirectory } from '../files/state-directory.ts';
import { requireSource } from '../sqlite/look.ts';
import { openCapture, openComparing, type OpenCapture } from '../sqlite/capture/open.ts';

/** So long a lock of the app is waited for. */
const busyMs = 5000;

export type DeltaApp = FileApp & { readonly delta: DeltaConfig };

/** `look`: nothing is made, neither there nor beside. Throws what the contract and opening the database throw. */
export async function openAppCapture(
  { name, database, delta }: DeltaApp,
  { stateDirectory, look }: { stateDirectory: string; look: boolean },
): Promise<OpenCapture> {
  const { path, file } = await requireSource(database);
  const shadow = join(stateDirectory, 'delta', name, 'shadow.db');
  const { tables, without, logRowsMax, capture } = delta;
  const options = { file, collection: { tables, without }, logRowsMax, busyMs };
  const isByTriggers = capture === 'triggers';
  if (isByTriggers && look) return openCapture(path, { ...options, shadow: undefined });
  await inStateDirectory(`write ${shadow}`, () => createDirectories(dirname(shadow), 0o750));
  return isByTriggers
    ? openCapture(path, { ...options, shadow })
    : openComparing(path, { ...options, shadow });
}
