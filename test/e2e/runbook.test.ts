// The runbook, typed line by line in the order of the page: each section in a world in which that has happened which it is about.
import '../support/in-memory.ts';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { CommandLine } from '../support/tried/command-lines.ts';
import { useIt } from '../support/tried/on-machine.ts';
import { newMachine } from '../support/tried/worlds.ts';
import type { RunbookWorld } from '../support/tried/runbook-world.ts';
import { type Ended } from '../support/world.ts';
import type { Part } from '../support/tried/sections.ts';
import { partsWithLines } from '../support/tried/places.ts';

const help = `a line of the runbook does not do what a reader would see there.
Mend the line, or the command; where it has to end so, or wants another world: test/support/tried/sections.ts`;

test("README's lines for who has nothing but a path", async () => {
  await using world = await newMachine();
  mkdirSync(world.at('/srv/app/data'));
  execFileSync('sqlite3', [world.at('/srv/app/data/app.db'), 'CREATE TABLE booking (id)']);
  const { stdout } = await world.shell(world.placed(`cd /opt/holdfast\n${useIt()}`));
  expect(stdout).toBe('');
});

for (const { part, lines } of partsWithLines()) {
  const { missing = [], sections, from } = part;
  const name = `${from ?? sections.join(', ')}${missing.length > 0 ? ` (needs ${missing.join(', ')})` : ''}`;
  (missing.length > 0 ? test.skip : test)(name, () => read(part, lines));
}

/** Types the lines one after the other, and tells of all that end otherwise than they should. */
async function read(
  { world: make, exits = {}, before = {} }: Part,
  lines: readonly CommandLine[],
): Promise<void> {
  await using world = await make();
  const typed: Record<string, number> = {};
  const wrong: string[] = [];
  for (const { text, number, page } of lines) {
    await before[text]?.(world);
    typed[text] = (typed[text] ?? 0) + 1;
    const expected = [exits[text] ?? 0].flat();
    const exit = expected[Math.min(typed[text], expected.length) - 1];
    const { exitCode, stdout, stderr } = await typedIn(world, text);
    if (exitCode === exit) continue;
    wrong.push(`${page}:${number}: ${text}\nended with ${exitCode}, not ${exit}:\n${stdout}${stderr}`);
  }
  expect(wrong.join('\n'), help).toBe('');
}

/** How it ended, also where it could not even be typed. */
async function typedIn(world: RunbookWorld, text: string): Promise<Ended> {
  try {
    return await world.type(text);
  } catch (error) {
    return { exitCode: null, signal: null, stdout: '', stderr: String(error) };
  }
}
