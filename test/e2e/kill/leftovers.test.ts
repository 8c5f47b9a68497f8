// S4: whatever a killed command had made for itself, beside a file that a person named too, the next night removes.
import { mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runWithFault, traceOperations } from '../../support/faults/run-with-faults.ts';
import { mustSucceed } from '../../support/kill-table.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings } from '../../support/world.ts';

/** What is typed; `path` does not exist, in a directory that does. */
const commands: Record<string, (path: string) => [string, ...string[]]> = {
  'db-backup test': () => ['db-backup', 'test'],
  'db-backup download': (path) => ['db-backup', 'download', path],
  'restore download': (path) => ['restore', 'download', 'latest/bookings.db', path],
  'restore run --to': (path) => ['restore', 'run', 'latest', '--to', path],
  'restore drill': () => ['restore', 'drill'],
  'db-backup verify': () => ['db-backup', 'verify'],
  'db-backup backup': () => ['db-backup', 'backup'],
};

/** What is ours and not meant to stay; paths from the world's home. */
function leftIn(world: TypedWorld): string[] {
  const names = readdirSync(world.home, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.holdfast-[0-9a-f]{8}-|holdfast-test-/.test(name));
}

test.each(Object.entries(commands))('%s, killed with its scratch there', async (_, typed) => {
  await using world = new TypedWorld(new Date(Date.now() - 3_600_000).toISOString());
  world.configure({ app: 'keep = { last = 5 }', top: 'clock = "trusted"' });
  makeBookings(world.database, { journalMode: 'delete', rows: 20, label: 'before' });
  await mustSucceed(world, 'db-backup', ['run']);
  world.clock.advance(3_600_000);
  const outside = join(world.home, 'outside');
  mkdirSync(outside);
  const env = { HOLDFAST_CONFIG: world.config, HOME: tmpdir(), TZ: 'UTC' };
  const program = (command: string) => resolve(import.meta.dirname, '../../../bin', command);
  const [command, ...args] = typed(join(outside, 'traced.db'));
  const operations = await traceOperations(program(command), args, env);
  const made = operations.filter(({ thread, name, file }) => thread === 'main' && isOfScratch(name, file));
  // As it begins, in the middle, and with all of it there.
  const chosen = [made.at(0), made.at(Math.floor(made.length / 2)), made.at(-1)];
  const published = operations.find(({ name, file }) => name === 'link' && file === 'object');
  if (published !== undefined) chosen.push(published);
  for (const [index, operation] of chosen.entries()) {
    const [, ...again] = typed(join(outside, `${index}.db`));
    const fault = { at: operation?.number ?? 0, kind: 'kill-after' } as const;
    expect(await runWithFault(program(command), again, env, fault)).toMatchObject({ signal: 'SIGKILL' });
  }
  expect(leftIn(world)).not.toEqual([]);
  expect(readdirSync(outside).filter((name) => /^[0-2]\.db$/.test(name))).toEqual([]);
  await mustSucceed(world, 'db-backup', ['run']);
  expect(leftIn(world)).toEqual([]);
});

/** A call that makes scratch, or something in it; what is in it has these names. */
function isOfScratch(name: string, file: string): boolean {
  if (/rm|unlink|sync|rename|link|chmod/i.test(name)) return false;
  return /^\.holdfast-[0-9a-f]{8}-|^(object|new\.db|probe|owner\.json|left\.json|backup\.db|snapshot\.db)$/.test(
    file,
  );
}
