// What somebody else does in the Dropbox while a night is under way is theirs, and stays.
import { expect, test } from 'vitest';
import { latestPath } from '../../../support/dropbox-world.ts';
import { grownWorld } from '../../../support/dropbox-world-grown.ts';
import { expectNextRun } from '../../../support/dropbox-world-checks.ts';

test('the latest copy is replaced while it is sent: it stays, that is told, and the backup is made of what was sent', async () => {
  await using world = await grownWorld();
  const { standIn } = world;
  const run = () => void standIn.files.write(latestPath, 'of a person');
  standIn.fault({ route: 'files/upload_session/finish', action: { kind: 'run', run } });
  const before = Object.keys(world.remote());
  const ended = await world.run('db-backup', ['run']);
  expect(ended).toMatchObject({ exitCode: 73 });
  expect(ended.stderr).toMatch(
    /cannot create "latest\/bookings\.db" in Dropbox: somebody replaced it meanwhile/,
  );
  expect(standIn.files.bytes(latestPath).toString()).toBe('of a person');
  const made = Object.keys(world.remote()).filter((path) => !before.includes(path));
  expect(made.map((path) => path.replace(/.*\./, ''))).toEqual(['db', 'json']);
  const size = standIn.files.list().find(({ path }) => path === made[0])?.size ?? 0;
  const appended = standIn.sessions
    .flatMap(({ journal }) => journal)
    .reduce((sum, { length }) => sum + length, 0);
  expect(appended).toBe(size);
  await expectNextRun(world);
});

test('a backup that is to be pruned is replaced after it was listed: it stays, and that is told', async () => {
  await using world = await grownWorld({ mebibytes: 1 });
  await expectNextRun(world);
  await expectNextRun(world);
  world.configureDropbox({ app: 'keep = { last = 1 }' });
  const [oldest = ''] = Object.keys(world.remote()).filter((path) => /^\/backups.*\.db$/.test(path));
  const run = () => void world.standIn.files.write(oldest, 'of a person');
  world.standIn.fault({ route: 'files/list_folder', action: { kind: 'run', run, when: 'after-apply' } });
  const ended = await world.run('db-backup', ['prune']);
  expect(ended).toMatchObject({ exitCode: 73 });
  expect(ended.stderr).toMatch(/it is not what was looked at before/);
  expect(ended.stderr).toMatch(/hint: what is there was not touched/);
  expect(world.standIn.files.bytes(oldest).toString()).toBe('of a person');
});
