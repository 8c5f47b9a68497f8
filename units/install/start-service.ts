// A service that is to run from now on, and after every boot.
import type { Machine } from './machine.ts';

/** One that does not start says why, and keeps nothing else from being installed. */
export async function startService(unit: string, isChanged: boolean, machine: Machine): Promise<void> {
  await machine.run('systemctl', 'enable', '--quiet', unit);
  await machine.try('systemctl', isChanged ? 'restart' : 'start', unit);
  const state = (await machine.try('systemctl', 'is-active', unit)).trim();
  machine.say(
    state === 'active'
      ? `${unit} runs`
      : `warning: ${unit} does not run\ntry: journalctl --namespace=+holdfast -u ${unit} -n 20`,
  );
}
