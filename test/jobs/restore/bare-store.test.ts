// The machine is gone as well: what a store alone says, and how one command brings a database back.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings, readBookings } from '../../support/world.ts';

/** A machine on which nothing is left but what is mounted at the store. */
function newMachine(world: TypedWorld, more: Record<string, string> = {}) {
  const environment = world.environmentAlone({
    DATABASE_PATH: '',
    HOLDFAST_STATE: join(world.home, 'new/state'),
    HOLDFAST_RUN: join(world.home, 'new/run'),
    ...more,
  });
  return (line: string) => world.run('restore', line.replaceAll('~', world.home).split(' '), { environment });
}

async function world(apps: string[] = []): Promise<TypedWorld> {
  const made = new TypedWorld();
  makeBookings(made.database, { journalMode: 'delete' });
  const others = apps.map((name) => {
    const path = join(made.home, 'app', `${name}.db`);
    makeBookings(path, { journalMode: 'delete', rows: 7 });
    return `[apps.${name}]\ndatabase = ${JSON.stringify(path)}`;
  });
  made.configure({ apps: others.join('\n') });
  expect(await made.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  return made;
}

describe('of a store alone', () => {
  test('every app is listed, and the command that is named brings one back', async () => {
    await using old = await world(['ctv', 'baby']);
    const restore = newMachine(old);
    const before = old.fingerprint(old.store);
    const { exitCode, stdout } = await restore('list');
    expect(exitCode).toBe(0);
    for (const app of ['bookings', 'ctv', 'baby'])
      expect(stdout).toMatch(new RegExp(`${app}: 1 backup in .*\\n.*proven\\n(.*\\n)?.*--app ${app} --to `));
    expect(stdout).toContain(`it was at ${join(old.home, 'app/ctv.db')}`);
    expect(await restore('run latest --app ctv --to ~/back.db')).toMatchObject({ exitCode: 0 });
    expect(readBookings(join(old.home, 'back.db'))).toHaveLength(7);
    expect(await restore('plan latest --app ctv --to ~/other.db')).toMatchObject({ exitCode: 0 });
    expect(await restore('download latest ~/copy.db --app baby')).toMatchObject({ exitCode: 0 });
    expect(await restore('list --app nobody')).toMatchObject({ exitCode: 64 });
    expect(old.fingerprint(old.store)).toEqual(before);
  });

  test('nothing goes where only the store says that it was', async () => {
    await using old = await world(['ctv']);
    const { exitCode, stderr } = await newMachine(old)('run latest --app ctv --yes');
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(/nothing here says where its database is[^]*--to .*DATABASE_PATH=/);
  });

  test('one that the environment alone has made is listed by what its manifests say', async () => {
    await using old = new TypedWorld();
    makeBookings(old.database, { journalMode: 'delete' });
    const environment = old.environmentAlone();
    expect(await old.run('db-backup', ['run'], { environment })).toMatchObject({ exitCode: 0 });
    const restore = newMachine(old);
    expect((await restore('list')).stdout).toMatch(
      /bookings: 1 backup.*\n.*proven\n[^]*--app bookings --to /,
    );
    expect(await restore('run latest --to ~/back.db')).toMatchObject({ exitCode: 0 });
    // Under another name on the new machine, in its place.
    const inPlace = newMachine(old, { DATABASE_PATH: join(old.home, 'app/renamed.db') });
    expect(await inPlace('run latest --yes')).toMatchObject({ exitCode: 0 });
  });

  test('that holds nothing of ours says so, and stays as it is', async () => {
    await using old = new TypedWorld();
    mkdirSync(old.store);
    writeFileSync(join(old.store, 'holiday.jpg'), 'x');
    expect(await newMachine(old)('list')).toMatchObject({ exitCode: 69 });
    expect(existsSync(join(old.home, 'new'))).toBe(false);
  });
});

test('with the path of the database a store of another layout is found, and restored in place', async () => {
  await using old = await world();
  const path = join(old.home, 'app/new.db');
  const restore = newMachine(old, { DATABASE_PATH: path });
  expect((await restore('list')).stdout).toMatch(/bookings: 1 backup .*\n.*proven/);
  expect(await restore('run latest --yes')).toMatchObject({ exitCode: 0 });
  expect(readFileSync(path).length).toBeGreaterThan(0);
});

test('of several apps in it the one that is meant is named', async () => {
  await using old = await world(['ctv']);
  const restore = newMachine(old, { DATABASE_PATH: join(old.home, 'app/new.db') });
  expect(await restore('run latest --yes')).toMatchObject({
    exitCode: 64,
    stderr: expect.stringMatching(/the store has backups of bookings, ctv/) as string,
  });
  expect(await restore('run latest --app ctv --yes')).toMatchObject({ exitCode: 0 });
});
