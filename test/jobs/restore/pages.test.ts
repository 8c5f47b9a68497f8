// Backups in pages on the way back, on every store: each hour comes back as it was, and what is bad in a series is found, told and
// passed over.
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectRefusal } from '../../support/bad-input.ts';
import { DropboxWorld } from '../../support/dropbox-world.ts';
import { type Hour, hourlyKeys, hourlySeries, rowsOf, type TimedWorld } from '../../support/series-world.ts';
import { StandbyBox } from '../../support/standby-world.ts';
import { TypedWorld } from '../../support/typed-world.ts';

type Hours = [full: Hour, first: Hour, second: Hour, newest: Hour];
interface Series<Kind extends TimedWorld = TimedWorld> {
  world: Kind;
  hours: Hours;
  /** The plain file of the night, which is as old as the full. */
  plain: string;
}

// Made once: a test that spoils a store mends it again.
let onDisk: Series<TypedWorld>;
let onDropbox: Series<DropboxWorld>;
beforeAll(async () => {
  const disk = new TypedWorld();
  disk.configure({ app: hourlyKeys, top: 'clock = "trusted"' });
  onDisk = await seriesIn(disk);
  const remote = await DropboxWorld.start();
  remote.configureDropbox({ app: hourlyKeys });
  onDropbox = await seriesIn(remote);
}, 60_000);
afterAll(async () => {
  for (const { world } of [onDisk, onDropbox]) await world[Symbol.asyncDispose]();
});

async function seriesIn<Kind extends TimedWorld>(world: Kind): Promise<Series<Kind>> {
  const hours = (await hourlySeries(world)) as Hours;
  return { world, hours, plain: hours[0].name.replace(/pages$/, 'db') };
}

async function stateOf(world: TimedWorld, name: string): Promise<string | undefined> {
  const { json } = await world.runJson('restore', ['list']);
  const { backups } = json.result.apps[0].value as { backups: { name: string; state: string }[] };
  return backups.find((each) => each.name === name)?.state;
}

describe.each([
  ['a directory', () => onDisk],
  ['Dropbox', () => onDropbox],
])('in %s', (_, series) => {
  test('every hour comes back as it was, to a new file, by download and in place', async () => {
    const { world, hours, plain } = series();
    const folder = join(world.home, 'to');
    mkdirSync(folder);
    for (const { name, at, rows } of hours) {
      const to = join(folder, `${at.replaceAll(':', '')}.db`);
      const restored = await world.runJson('restore', ['run', '--at', at, '--to', to]);
      expect(restored.exitCode, restored.stderr).toBe(0);
      // The plain file of the night is of the same instant, and goes before.
      const backup = name === hours[0].name ? plain : name;
      expect(restored.json.result).toMatchObject({ backup, proof: { proven: true } });
      expect(rowsOf(to)).toBe(rows);
      expect((await world.run('restore', ['download', name, folder])).exitCode).toBe(0);
      expect(rowsOf(join(folder, name.replace(/^.*\//, '').replace(/pages$/, 'db')))).toBe(rows);
    }
    const [, first, , newest] = hours;
    expect((await world.run('restore', ['download', newest.name, folder])).stdout).toContain('to the byte');
    expect((await world.run('restore', ['run', first.name, '--yes', '--recheck'])).exitCode).toBe(0);
    expect(rowsOf(world.database)).toBe(first.rows);
    for (const [job, ...args] of [
      ['restore', 'drill', newest.name],
      ['db-backup', 'verify', '--all'],
    ] as const) {
      const { exitCode, stdout } = await world.run(job, args);
      expect(exitCode).toBe(0);
      expect(stdout).toContain(`proven: ${newest.name}: bytes, integrity, schema and rows are as`);
    }
  });
});

test('all are verified with each of their objects fetched once', async () => {
  const { world, hours } = onDropbox;
  const revisions = world.standIn.files
    .list()
    .filter(({ path }) => hours.some(({ name }) => path.endsWith(name)))
    .map(({ rev }) => rev);
  const before = world.standIn.requests.length;
  expect((await world.run('db-backup', ['verify', '--all'])).exitCode).toBe(0);
  const asked = world.standIn.requests
    .slice(before)
    .filter(({ route }) => route === 'files/download')
    .map(({ argument }) => JSON.stringify(argument));
  expect(revisions.map((revision) => asked.filter((one) => one.includes(revision)).length)).toEqual([
    1, 1, 1, 1,
  ]);
});

describe('a bad newest increment', () => {
  test.each([
    ['restore run latest', ['restore', 'run', 'latest', '--yes']],
    ['restore run --at', ['restore', 'run', '--yes', '--at', 'AT']],
    ['restore drill', ['restore', 'drill', 'NEWEST']],
    ['db-backup verify', ['db-backup', 'verify']],
    ['restore download', ['restore', 'download', 'latest', 'COPY']],
  ])('is found by %s, and the one before it counts from then on', async (what, [job = '', ...args]) => {
    const { world, hours } = onDisk;
    const [, , before, newest] = hours;
    using spoilt = spoil(world, newest.name, flipBit);
    void spoilt;
    const copy = join(world.home, 'copy.db');
    const given = args.map((arg) => ({ AT: newest.at, NEWEST: newest.name, COPY: copy })[arg] ?? arg);
    const { exitCode, stdout } = await world.run(job, given);
    expect(exitCode).not.toBe(0);
    if (what.startsWith('restore run')) {
      expect(stdout).toMatch(new RegExp(`PASSED OVER ${newest.name}: .*its bytes were altered`));
      expect(rowsOf(world.database)).toBe(before.rows);
    }
    expect(existsSync(copy)).toBe(false);
    expect(await stateOf(world, newest.name)).toBe('damaged');
    const next = await world.runJson('restore', ['plan', 'latest']);
    expect(next.json.result.backup).toMatchObject({ name: before.name, state: 'proven' });
    await expectRefusal(world, 'restore', ['run', newest.name, '--yes'], {
      kind: 'damaged',
      says: [/found damaged on/],
      hint: /restore list/,
    });
  });
});

describe('a bad full', () => {
  test.each<[string, (path: string, other: string) => void]>([
    ['missing', (path) => rmSync(path)],
    ['shortened', (path) => truncateSync(path, 5000)],
    ['swapped for another object', (path, other) => writeFileSync(path, readFileSync(other))],
    ['without its manifest', (path) => rmSync(`${path}.json`)],
  ])('that is %s: no increment is chosen, and one that is named is refused', async (_, change) => {
    const { world, hours, plain } = onDisk;
    const [full, , , newest] = hours;
    using spoilt = spoil(world, full.name, (path) => change(path, join(world.store, newest.name)));
    void spoilt;
    await expectRefusal(world, 'restore', ['run', newest.name, '--yes'], {
      kind: 'damaged',
      says: [new RegExp(full.name)],
      hint: /choose another backup: restore list/,
    });
    const { exitCode, json } = await world.runJson('restore', ['run', 'latest', '--yes']);
    expect(exitCode).toBe(1);
    expect(json.result.backup).toBe(plain);
    expect(rowsOf(world.database)).toBe(full.rows);
  });

  test('is fetched for one increment only, and all that is based on it is bad', async () => {
    const { world, hours, plain } = onDropbox;
    const [full, ...increments] = hours;
    const asked = () => world.standIn.requests.filter(({ argument }) => isFull(argument)).length;
    const revision = world.standIn.files.list().find(({ path }) => path.endsWith(full.name))?.rev ?? '';
    const isFull = (argument: unknown) => JSON.stringify(argument ?? {}).includes(revision);
    const matches = ({ argument }: { argument: unknown }) => isFull(argument);
    const action = { kind: 'corruptByte', at: 5000 } as const;
    world.standIn.fault({ route: 'files/download', times: Infinity, matches, action });
    const before = asked();
    const { exitCode, json } = await world.runJson('restore', ['run', 'latest', '--yes']);
    expect(exitCode).toBe(1);
    expect(json.result).toMatchObject({ backup: plain, proof: { proven: true } });
    expect(rowsOf(world.database)).toBe(full.rows);
    // For the newest increment alone: once more, as it may have been the way here, and the store tries each three times.
    expect(asked() - before).toBe(6);
    const { passed_over: passedOver } = json.result as { passed_over: { backup: string }[] };
    const names = passedOver.map(({ backup }) => backup);
    expect(names).toEqual(expect.arrayContaining(increments.map(({ name }) => name)));
    const told = (json.findings as { message: string }[]).filter(({ message }) =>
      /passed over/.test(message),
    );
    expect(told).toHaveLength(1);
    const { stdout } = await world.run('db-backup', ['list-backups']);
    expect(stdout).toMatch(new RegExp(`${full.name}[^\\n]* damaged\\n *found damaged on .* by restore run`));
    expect(stdout).toContain(`it needs ${full.name}, which is damaged`);
    const verified = await world.runJson('db-backup', ['verify', '--all']);
    expect(verified.json.findings).toMatchObject([
      { message: expect.stringMatching(`${full.name} is damaged: .*; 3 backups more need it`) as string },
    ]);
  });
});

test('a standby pulls the newest hour, once, and is made live with it', async () => {
  const { world, hours } = onDisk;
  const newest = hours[3];
  await using box = new StandbyBox(world);
  box.standBy('', { app: hourlyKeys });
  const pulled = await box.runJson('restore', ['standby']);
  expect(pulled.exitCode, pulled.stderr).toBe(0);
  const { arrival, backup, path = '' } = pulled.json.result.apps[0].value as Record<string, string>;
  expect({ arrival, backup }).toEqual({ arrival: 'pulled', backup: newest.name });
  expect(rowsOf(path)).toBe(newest.rows);
  expect((await box.runJson('restore', ['standby'])).json.result.apps[0].value.arrival).toBe('current');
  using spoilt = spoil(world, hours[0].name, flipBit);
  void spoilt;
  expect((await box.run('restore', ['promote', '--yes'])).exitCode).toBe(0);
  expect(rowsOf(box.database)).toBe(newest.rows);
});

/** Changes an object on the disk; what it was is put back in the end, and nobody remembers. */
function spoil({ store }: TypedWorld, name: string, change: (path: string) => void): Disposable {
  const path = join(store, name);
  const were = [path, `${path}.json`].map((each) => [each, readFileSync(each)] as const);
  change(path);
  return {
    [Symbol.dispose]() {
      for (const [each, bytes] of were) writeFileSync(each, bytes);
      rmSync(`${path}.verdict`, { force: true });
    },
  };
}

function flipBit(path: string): void {
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(path, bytes);
}
