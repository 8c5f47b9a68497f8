// What may come instead of an answer, for ever, to each call of each command: it ends with an exit code of the table and
// what helps, never in a stack, and everything that stood before stands.
import { describe, expect, test } from 'vitest';
import { misbehaviours } from '../../../contract/dropbox-misbehaviours.ts';
import { DropboxWorld, latestPath } from '../../../support/dropbox-world.ts';
import { worldsLike } from '../../../support/dropbox-world-grown.ts';

const backedUp = worldsLike(() => DropboxWorld.afterTwoNights());

const commands: [string, string[]][] = [
  ['db-backup', ['run']],
  ['db-backup', ['list-backups', '--json']],
  ['db-backup', ['info']],
  ['db-backup', ['test']],
  ['db-backup', ['verify']],
  ['restore', ['list']],
];

/** One of each kind; the contract of the store is tried on all of them. */
const chosen = misbehaviours.filter(({ name }) =>
  [
    '200 with null',
    '200 with an empty list',
    '200 with members of other types',
    '200 with unions in unions',
    '200 with nothing at all, though it was carried out',
    '401 with nothing',
    '403 that says it is not there',
    '409 without an error',
    '409 with a tag that nobody knows',
    '429 until a date',
    '429 for a number without an end',
    '503 for a month',
    'a file at another path',
    'a file with an odd time',
    'a file without a hash',
    'a reply that is lost',
  ].includes(name),
);

/** Exit codes of which each says what the matter is: done, bad news, and the kinds of a store that is unwell. */
const allowed = [0, 1, 65, 66, 69, 73, 77];

describe.each(commands)('%s %j', (command, args) => {
  test('survives what comes instead of an answer', async () => {
    expect(chosen).toHaveLength(16);
    await using world = await backedUp();
    world.configureDropbox({ store: 'retries = 1', app: 'keep = { last = 2 }' });
    for (const [row, { name, action }] of chosen.entries()) {
      const routes = [
        /^oauth2/,
        /^users|^check/,
        /list_folder/,
        /get_metadata/,
        /upload|copy/,
        /delete|download/,
      ];
      const route = routes[row % routes.length] ?? /./;
      const before = world.remote();
      const requests = world.standIn.requests.length;
      world.standIn.fault({ route, times: Infinity, action });
      const ended = await world.run(command, args);
      world.standIn.clearFaults();
      const called = `${name} to ${route.source}: exit ${ended.exitCode}\n${ended.stderr}${ended.stdout}`;
      expect(allowed, called).toContain(ended.exitCode);
      expect(ended.stderr, called).not.toMatch(/^ +at /m);
      if ((ended.exitCode ?? 0) > 1) expect(ended.stdout + ended.stderr, called).toMatch(/hint/);
      expect(world.standIn.requests.length - requests, called).toBeLessThan(150);
      const kept = Object.entries(before).filter(([path]) => path !== latestPath);
      // A run that ended well may have pruned, and never the newest of what was there.
      const standing = ended.exitCode === 0 && args[0] === 'run' ? kept.slice(-2) : kept;
      expect(world.remote(), called).toMatchObject(Object.fromEntries(standing));
      expect(world.standIn.files.has(latestPath), called).toBe(true);
    }
  });
});
