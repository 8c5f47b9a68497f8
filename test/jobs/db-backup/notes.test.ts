// A note of a backup: kept with it in every format, shown wherever backups are chosen from, and by nobody else where it is sealed.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeIdentity } from '../../../lib/seal/age.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { type Json, makeBookings } from '../../support/world.ts';

const note = 'before the import of “Zürich”';

async function noted(app = '', apps = ''): Promise<TypedWorld> {
  const world = new TypedWorld();
  world.configure({ app, apps });
  makeBookings(world.database);
  await world.run('db-backup', []);
  const ended = await world.run('db-backup', ['backup', '--note', ` ${note} `]);
  expect(ended).toMatchObject({ exitCode: 0 });
  return world;
}

async function newest(world: TypedWorld, job: string, command: string): Promise<Json> {
  return (await world.runJson(job, [command])).json.result.apps[0].value.backups[0];
}

describe('a note of a backup', () => {
  // In pages a database that has not changed is not stored again, unless somebody has something to say of it.
  test.each(['plain', 'pages'])('is shown where backups are chosen from: %s', async (format) => {
    await using world = await noted(`format = "${format}"`);
    for (const [job, command] of [
      ['db-backup', 'list-backups'],
      ['restore', 'list'],
    ] as const) {
      expect(await newest(world, job, command)).toMatchObject({ note, named: false });
      expect((await world.run(job, [command])).stdout).toMatch(new RegExp(`^ {6}note: ${note}$`, 'm'));
    }
    expect(readFileSync(join(world.state, 'ops.db'), 'utf8')).toContain(note);
    const plan = await world.runJson('restore', ['plan', 'latest']);
    expect(plan.json.result.backup.note).toBe(note);
    expect((await world.run('restore', ['plan', 'latest'])).stdout).toContain(`note      ${note}\n`);
  });

  test('is for the owner alone where the backup is sealed, and known where it was made', async () => {
    const keys = await makeIdentity();
    await using world = await noted('', `[encryption]\nrecipients = ["${keys.recipient}"]`);
    // Whoever sees the store, or looks into the history, is not its owner.
    for (const path of [
      ...world.stored().map((name) => join(world.store, name)),
      join(world.state, 'ops.db'),
    ])
      expect(readFileSync(path, 'latin1')).not.toContain('before the import');
    expect((await newest(world, 'db-backup', 'list-backups')).note).toBe(note);
    rmSync(join(world.state, 'sealed'), { recursive: true });
    expect((await newest(world, 'db-backup', 'list-backups')).note).toBeUndefined();
    const identity = join(world.home, 'identity.txt');
    writeFileSync(identity, keys.identity, { mode: 0o600 });
    const plan = await world.runJson('restore', ['plan', 'latest', '--identity', identity]);
    expect(plan.json.result.backup.note).toBe(note);
  });

  test.each([
    ['', "'--note <text>' argument '' is invalid. The value is empty."],
    [' ', 'cannot keep the note "": it is empty'],
    ['two\nlines', 'cannot keep the note "two\\nlines": it has more than one line'],
  ])('%j is refused before anything is copied', async (text, cause) => {
    await using world = new TypedWorld();
    world.configure();
    const { exitCode, stderr } = await world.run('db-backup', ['backup', '--note', text]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 64 });
    expect(stderr).toContain(cause);
    expect(world.stored()).toEqual([]);
  });
});
