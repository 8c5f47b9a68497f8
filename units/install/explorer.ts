// The explorer, one for all apps: its settings, and how it comes and goes.
import type { AppPlace } from './alerts.ts';
import { sharedConfig } from './alerts.ts';
import type { Change } from './changes.ts';
import { explorerDropInText } from './drop-in.ts';
import type { Machine } from './machine.ts';
import { explorerCredentials } from './secret-files.ts';
import { explorerUnit } from './wanted.ts';

/** What its unit is told; undefined where the configuration has no `[explorer]`. */
export function explorerDropIn(root: string, apps: readonly AppPlace[]): string | undefined {
  const config = sharedConfig(root, apps);
  if (config?.explorer === undefined) return undefined;
  const { explorer, timeZone } = config;
  return explorerDropInText(explorer, { timeZone, credentials: explorerCredentials(root) });
}

/** Before its unit is taken away. */
export async function stopExplorer(changes: readonly Change[], machine: Machine): Promise<void> {
  const unit = changes.find(({ path }) => path.endsWith(`/${explorerUnit}`));
  if (unit !== undefined && unit.after === undefined)
    await machine.try('systemctl', 'disable', '--now', '--quiet', explorerUnit);
}

/** After its unit was put in place; one that runs already is started anew where something has changed. */
export async function startExplorer(changes: readonly Change[], machine: Machine): Promise<void> {
  const own = changes.filter(
    ({ path, after }) => after !== undefined && /\/(datasette|holdfast-explorer)\./.test(path),
  );
  if (own.length === 0) return;
  await machine.run('systemd-sysusers', '/etc/sysusers.d/holdfast-explorer.conf');
  await machine.run('systemctl', 'enable', '--quiet', explorerUnit);
  const isChanged = own.some(({ kind }) => kind !== 'same');
  // What it runs is installed by hand, and may not be there yet: that is no reason to leave everything else undone.
  const said = await machine.try('systemctl', isChanged ? 'restart' : 'start', explorerUnit);
  if (said.trim() !== '') machine.say(said.trim());
  const state = (await machine.try('systemctl', 'is-active', explorerUnit)).trim();
  if (state !== 'active')
    machine.say(
      `\nwarning: the explorer did not start\ntry: journalctl --namespace=holdfast -u ${explorerUnit} -n 20`,
    );
}
