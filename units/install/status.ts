// status and diff: what is installed, and what install would change.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arguments } from './arguments.ts';
import type { Change } from './changes.ts';
import { planInstall } from './install.ts';
import type { Machine } from './machine.ts';
import { appTimers, appUnits } from './wanted.ts';

const words = {
  same: 'as installed',
  new: 'not installed',
  update: 'out of date: install renews it',
  edited: 'changed by hand',
  remove: 'no longer needed: install removes it',
};

export async function status(request: Arguments, machine: Machine): Promise<void> {
  const { changes } = planInstall(request);
  machine.say(changes.map(({ kind, path }) => `${words[kind].padEnd(14)}  ${path}`).join('\n'));
  if (request.root !== '/') return;
  machine.say(
    `\n${await machine.try('systemctl', 'list-timers', '--all', '--no-pager', ...appTimers(request.app))}`.trimEnd(),
  );
  const properties = '--property=Id,Result,ExecMainStatus,InactiveEnterTimestamp';
  machine.say(`\n${(await machine.try('systemctl', 'show', properties, ...appUnits(request.app))).trim()}`);
}

export async function diff(request: Arguments, machine: Machine): Promise<void> {
  const changes = planInstall(request).changes.filter(({ kind }) => kind !== 'same');
  if (changes.length === 0) machine.say('no difference');
  for (const change of changes) machine.say(await difference(change, machine));
}

/** By diff(1): people know how to read it. */
async function difference({ path, before, after }: Change, machine: Machine): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-diff-'));
  try {
    writeFileSync(join(folder, 'a'), before ?? '');
    writeFileSync(join(folder, 'b'), after ?? '');
    const label = (text: string | undefined) => (text === undefined ? '/dev/null' : path);
    return await machine.try(
      'diff',
      '-u',
      '--label',
      label(before),
      '--label',
      label(after),
      join(folder, 'a'),
      join(folder, 'b'),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
