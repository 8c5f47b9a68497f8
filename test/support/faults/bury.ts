// What a run in this process left, as if that process had died.
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { currentProcess } from '../../../lib/files/process-identity.ts';

const { pid, startTicks } = currentProcess();

/** Gives everything below `folder` that names this process to one of its number that began earlier, and is dead. */
export function bury(folder: string): void {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  for (const entry of entries.filter((one) => one.isFile() && one.name.endsWith('.json'))) {
    const path = join(entry.parentPath, entry.name);
    const text = readFileSync(path, 'utf8');
    const buried = text.replace(
      new RegExp(`("pid": ?${pid},\\s*"start_ticks": ?)${startTicks}\\b`, 'g'),
      `$1${startTicks - 1}`,
    );
    if (buried !== text) writeFileSync(path, buried);
  }
  // The innermost first, or their paths would be those of before.
  for (const { parentPath, name } of entries.reverse()) {
    const buried = name.replace(`-${pid}-${startTicks}-`, `-${pid}-${startTicks - 1}-`);
    if (buried !== name) renameSync(join(parentPath, name), join(parentPath, buried));
  }
}
