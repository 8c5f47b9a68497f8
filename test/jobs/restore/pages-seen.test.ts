// Backups in pages as commands show and choose them, before anything is fetched: what they are made of, under which names they
// are found, and what is no database by itself.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { backedUpWorld, expectRefusal } from '../../support/bad-input.ts';
import { putListedSeries, seriesBytes } from '../../support/listed-series.ts';
import { storedBackup } from '../../support/stored-backup.ts';
import type { TypedWorld } from '../../support/typed-world.ts';

let world: TypedWorld;
let names: [full: string, first: string, second: string];
beforeEach(async () => {
  world = await backedUpWorld();
  names = putListedSeries(world);
  return () => world[Symbol.asyncDispose]();
});

function stampOf(name: string): string {
  return name.replace(/^.*-/, '').replace(/\..*$/, '');
}

describe.each([
  ['restore', 'list'],
  ['db-backup', 'list-backups'],
])('%s %s', (job, command) => {
  test('says of each what it takes, and on which it is based', async () => {
    const [full, first, second] = names;
    const { stdout } = await world.run(job, [command]);
    expect(stdout).toMatch(new RegExp(`${second} .* 53 kB  increment 2 of 20 B +proven\\n`));
    expect(stdout).toMatch(new RegExp(`${first} .* 53 kB  increment 1 of 300 B +proven\\n`));
    expect(stdout).toMatch(new RegExp(`${full} .* 53 kB  full of 4 kB +proven\\n`));
    expect(stdout).toMatch(/\.db .* 53 kB {2}file of 53 kB +proven\n/);
    const { json } = await world.runJson(job, [command]);
    expect(json.result.apps[0].value.backups).toMatchObject([
      { name: second, format: 'pages', level: 2, base: first, size_bytes: 53248, stored_bytes: 20 },
      { name: first, format: 'pages', level: 1, base: full, size_bytes: 53248, stored_bytes: 300 },
      { name: full, format: 'pages', level: 0, size_bytes: 53248, stored_bytes: 4000 },
      { format: 'plain', size_bytes: 53248, stored_bytes: 53248, is_sealed: false },
    ]);
  });
});

test('a list says how much of the store is taken, and not how large what comes out is', async () => {
  const { stdout } = await world.run('db-backup', ['list-backups']);
  expect(stdout).toMatch(/^bookings: 4 backups, 58 kB in /);
});

describe('restore plan', () => {
  test('shows of what the database is put together, and what is fetched for it', async () => {
    const { exitCode, stdout } = await world.run('restore', ['plan', 'latest']);
    expect(exitCode).toBe(0);
    const [full, first, second] = names;
    expect(stdout).toMatch(
      new RegExp(
        `backup +${second} \\(proven\\), 53 kB, .*\\n` +
          `bookings: made of +full ${full}, 4 kB, of .*\\n` +
          `bookings: +increment 1 ${first}, 300 B, of .*\\n` +
          `bookings: +increment 2 ${second}, 20 B, of .*\\n` +
          `bookings: fetches +4.3 kB\\n`,
      ),
    );
    const { json } = await world.runJson('restore', ['plan', 'latest', '--to', join(world.home, 'new.db')]);
    expect(json.result).toMatchObject({
      needed_bytes: 53248 + 4320, // on one disk here
      backup: {
        name: second,
        size_bytes: 53248,
        fetch_bytes: 4320,
        chain: [full, first, second].map((name, level) => ({
          name,
          level,
          stored_bytes: seriesBytes[level],
        })),
      },
    });
  });

  test('goes to the second, and under any of its names', async () => {
    const [full, first, second] = names;
    const planned = async (...args: string[]) =>
      (await world.runJson('restore', ['plan', ...args])).json.result.backup.name as string;
    for (const name of [first, first.replace(/pages$/, 'db'), stampOf(first)])
      expect(await planned(name)).toBe(first);
    for (const name of [full, first, second]) {
      const [date = '', time = ''] = stampOf(name).split('T');
      const at = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4, 6)}Z`;
      expect(await planned('--at', at)).toBe(name);
    }
  });
});

describe('what is no database by itself', () => {
  test('is refused with what to name instead', async () => {
    const [full] = names;
    const part = full.replace('.pages', '+2.pages');
    const ofOther = full.replaceAll('bookings', 'other');
    mkdirSync(join(world.store, 'backups/other'));
    for (const name of [part, ofOther]) writeFileSync(join(world.store, name), 'pages');
    await expectRefusal(world, 'restore', ['run', part, '--yes'], {
      kind: 'usage',
      says: [/one part of a backup/],
      hint: new RegExp(`restore plan ${full}`),
    });
    await expectRefusal(world, 'restore', ['run', ofOther, '--yes'], {
      kind: 'usage',
      says: [/of the app other/],
      hint: /--app other/,
    });
    rmSync(join(world.store, `${full}.json`));
    for (const more of [[], ['--unproven']])
      await expectRefusal(world, 'restore', ['run', full, '--yes', ...more], {
        kind: 'damaged',
        says: [/it is in pages, and unfinished/],
        hint: /choose another backup/,
      });
    expect((await world.run('restore', ['plan', full])).stdout).toMatch(
      /OBSTACLE .*in pages, and unfinished/,
    );
  });

  test('is downloaded as it lies in the store, under its own name', async () => {
    const part = names[0].replace('.pages', '+2.pages');
    writeFileSync(join(world.store, part), 'pages');
    mkdirSync(join(world.home, 'to'));
    const { exitCode } = await world.run('restore', ['download', part, join(world.home, 'to')]);
    expect(exitCode).toBe(0);
    expect(readFileSync(join(world.home, 'to', part.replace(/.*\//, '')), 'utf8')).toBe('pages');
  });
});

describe('where the full is gone', () => {
  test('the increments on it are told as one, and the next sound backup is taken', async () => {
    const [full, first, second] = names;
    rmSync(join(world.store, full));
    const { exitCode, stdout, stderr } = await world.run('restore', ['run', 'latest', '--yes']);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
    const plain = storedBackup(world).name;
    expect(stdout).toContain(`restored ${plain} to`);
    expect(stdout.match(/PASSED OVER/g)).toHaveLength(1);
    expect(stdout).toMatch(
      new RegExp(`PASSED OVER ${second}: .*; passed over with it: 1 backup more, based on ${full}`),
    );
    const { json } = await world.runJson('restore', ['run', 'latest', '--yes']);
    expect(json.result.passed_over).toMatchObject([
      { backup: second, broken_by: full },
      { backup: first, broken_by: full },
    ]);
    await expectRefusal(world, 'restore', ['run', second, '--yes', '--unproven'], {
      kind: 'damaged',
      says: [new RegExp(full)],
      hint: /choose another backup: restore list/,
    });
  });
});

test('what is sealed is planned as far as everybody can read it, and refused before anything is fetched', async () => {
  const key = `age1${'q'.repeat(58)}`;
  await using sealed = await backedUpWorld();
  const [, , second] = putListedSeries(sealed, [key]);
  const listed = await sealed.run('restore', ['list']);
  expect(listed.stdout).toMatch(new RegExp(`${second} .* 53 kB  increment 2 of 20 B, sealed +proven`));
  const planned = await sealed.runJson('restore', ['plan', 'latest']);
  expect(planned.exitCode).toBe(1);
  expect(planned.json.result).toMatchObject({
    backup: { name: second, fetch_bytes: 4320, chain: [{ level: 0 }, { level: 1 }, { level: 2 }] },
    obstacles: [expect.stringMatching(`it is sealed for ${key}, and no identity was given`)],
  });
  for (const args of [['latest'], ['latest', '--yes'], [second, '--to', join(sealed.home, 'new.db')]])
    await expectRefusal(sealed, 'restore', ['run', ...args], {
      kind: 'denied',
      says: [new RegExp(`cannot open ${second}`), /no identity was given/],
      hint: /--identity <file>/,
    });
});

test('the store alone knows an app of which it has nothing but pages', async () => {
  const [, , second] = names;
  const plain = storedBackup(world);
  for (const path of [plain.data, plain.manifest]) rmSync(path);
  const environment = world.environmentAlone({
    DATABASE_PATH: '',
    HOLDFAST_STATE: join(world.home, 'new/state'),
    HOLDFAST_RUN: join(world.home, 'new/run'),
  });
  const listed = await world.run('restore', ['list'], { environment });
  expect(listed.stdout).toMatch(/bookings: 3 backups in /);
  const to = join(world.home, 'back.db');
  const planned = await world.run('restore', ['plan', 'latest', '--to', to], { environment });
  expect(planned.stdout).toContain(second);
});

test('an app that is not configured any more is found in the store by its name', async () => {
  world.configure({ apps: `[apps.second]\ndatabase = ${JSON.stringify(`${world.database}.2`)}` });
  const [old, now] = ['bookings', 'renamed'].map((app) => `[apps.${app}]`);
  const text = readFileSync(world.config, 'utf8');
  expect(text).toContain(old);
  writeFileSync(world.config, text.replace(old ?? '', now ?? ''));
  const { stdout } = await world.run('restore', ['list', '--app', 'bookings']);
  expect(stdout).toMatch(
    /bookings: 4 backups in .*[^]*to bring it back: restore run latest --app bookings --to /,
  );
  expect((await world.run('restore', ['list', '--app', 'bookngs'])).exitCode).toBe(64);
});
