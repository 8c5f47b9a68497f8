// What is said of pruning: what goes and what that frees, what stays and why, and the total last; never that something was
// pruned where nothing was.
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { backedUpWorld } from '../../support/bad-input.ts';

test.each(['plain', 'pages'])('of backups as %s', async (format) => {
  const app = (last: number) => ({
    app: `keep = { last = ${last} }\nformat = "${format}"`,
    top: 'clock = "trusted"',
  });
  await using world = await backedUpWorld(app(9));
  for (let night = 0; night < 3; night += 1) {
    change(world, `INSERT INTO booking (guest) VALUES ('${night}')`);
    await world.run('db-backup', ['run']);
  }
  const say = async (...args: string[]) =>
    (await world.run('db-backup', args)).stdout.split('\n').slice(0, -1);
  const count = (await world.runJson('db-backup', ['prune', '--dry-run'])).json.result.apps[0].value.decisions
    .length;
  for (const args of [['prune'], ['prune', '--dry-run']]) {
    const lines = await say(...args);
    expect(lines[0]).toBe('bookings: keeps last 9');
    expect(lines.at(-1)).toBe(`bookings: nothing to prune: ${count} backups, all kept`);
    expect(lines.join('\n')).not.toMatch(/pruned|removed/);
    expect(lines.filter((line) => /^ {2}keep {2}/.test(line))).toHaveLength(count);
  }
  expect((await say('run', '--dry-run')).join('\n')).toMatch(/: nothing to prune: \d+ backups, all kept$/m);

  world.configure(app(1));
  const planned = await say('prune', '--dry-run');
  const { json } = await world.runJson('db-backup', ['prune', '--dry-run']);
  const { removed, freed_bytes: freedBytes } = json.result.apps[0].value;
  expect([removed.length > 0, freedBytes > 0]).toEqual([true, true]);
  const total = /would remove (\d+) backups?, (.*) would be free again; (.*) kept$/.exec(
    planned.at(-1) ?? '',
  );
  expect(Number(total?.[1])).toBe(removed.length);
  for (const name of removed)
    expect(planned.join('\n')).toMatch(new RegExp(`would remove +${name} .*B +not among`));
  const done = await say('prune');
  expect(done.at(-1)).toBe(
    `bookings: removed ${total?.[1]} backup${removed.length === 1 ? '' : 's'}, ${total?.[2]} are free again; ${total?.[3]} kept`,
  );
  expect((await say('prune')).at(-1)).toBe(`bookings: nothing to prune: ${total?.[3]}, all kept`);
});

test('a refusal says why, and how many stay', async () => {
  await using world = await backedUpWorld({ top: 'clock = "trusted"' });
  change(world, 'DELETE FROM payment; DELETE FROM booking');
  await world.run('db-backup', ['run']);
  for (const [args, words] of [
    [['prune'], 'was'],
    [['prune', '--dry-run'], 'would be'],
  ] as const) {
    const { stdout, exitCode } = await world.run('db-backup', args);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      new RegExp(`bookings: nothing ${words} pruned: the newest backup, \\S+, is suspect; 2 backups kept\n$`),
    );
  }
});

function change({ database }: { database: string }, sql: string): void {
  const live = new Database(database);
  live.exec(sql);
  live.close();
}
