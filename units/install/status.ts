// status and diff: what is installed, and what install would change.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import type { Arguments } from './arguments.ts';
import { type Change, changesTo } from './changes.ts';
import { planInstall } from './install.ts';
import type { Machine } from './machine.ts';
import { readRecord } from '../../lib/probe/install-record.ts';
import { allTimers, allUnits } from './wanted.ts';

const words = {
  same: 'as installed',
  new: 'not installed',
  update: 'out of date: install renews it',
  edited: 'changed by hand',
  remove: 'no longer needed: install removes it',
};

export async function status(request: Arguments, machine: Machine): Promise<void> {
  const { lines, problem } = filesOf(request);
  machine.say(lines.join('\n'));
  if (request.root === '/') await sayUnits(request, machine);
  // What is in the way of an installation comes last, and takes nothing from what there is to see.
  if (problem !== undefined) throw problem;
}

/** Each file and what it is; where nobody can say what would be installed, whether it is as it was. */
function filesOf(request: Arguments): { lines: string[]; problem: OpsError | undefined } {
  try {
    const { changes } = planInstall(request);
    return { lines: changes.map(({ kind, path }) => line(words[kind], path)), problem: undefined };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    const { shared, apps } = readRecord(request.root);
    const written = { ...shared, ...apps[request.app]?.files };
    const kept = changesTo(request.root, new Map(), written).map(({ kind, path }) => [path, kind] as const);
    const there = new Map(kept);
    const word = (path: string) => {
      const kind = there.get(path);
      return kind === undefined ? 'gone' : kind === 'edited' ? words.edited : words.same;
    };
    const lines = Object.keys(written)
      .sort()
      .map((path) => line(word(path), path));
    return { lines: lines.length === 0 ? [`nothing is installed of ${request.app}`] : lines, problem: error };
  }
}

function line(word: string, path: string): string {
  return `${word.padEnd(14)}  ${path}`;
}

async function sayUnits(request: Arguments, machine: Machine): Promise<void> {
  machine.say(
    `\n${await machine.try('systemctl', 'list-timers', '--all', '--no-pager', ...allTimers(request.app))}`.trimEnd(),
  );
  const properties = '--property=Id,Result,ExecMainStatus,InactiveEnterTimestamp';
  machine.say(`\n${(await machine.try('systemctl', 'show', properties, ...allUnits(request.app))).trim()}`);
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
