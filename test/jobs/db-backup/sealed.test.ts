// Backups that are sealed for their owner: what leaves the machine can be read by nobody else, and is a backup all the same.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { restore } from '../../../jobs/restore.ts';
import { type KeyPair, makeIdentity } from '../../../lib/seal/age.ts';
import { runInProcess } from '../../support/in-process.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { filesBelow, makeBookings, readBookings } from '../../support/world.ts';

const hasAge = spawnSync('age', ['--version']).status === 0; // test/requirements.test.ts fails where it must be there
const sealedName = /^backups\/bookings\/bookings-\d{8}T\d{6}Z\.db\.age$/;

let keys: KeyPair;
let others: KeyPair;
beforeAll(async () => {
  [keys, others] = [await makeIdentity(), await makeIdentity()];
});

/** A machine that seals for `recipients`, with one backup. */
async function sealed({ recipients = [keys.recipient], app = '' } = {}) {
  const world = new TypedWorld();
  const configure = (to: readonly string[]) => {
    const top = to.length === 0 ? '' : `[encryption]\nrecipients = ${JSON.stringify(to)}`;
    // A table ends the keys of the top, so it stands behind all of them.
    world.configure({ app, apps: top });
  };
  configure(recipients);
  makeBookings(world.database);
  const first = await world.run('db-backup', []);
  const identity = join(world.home, 'identity.txt');
  writeFileSync(identity, `# created by hand\n${keys.identity}\n`, { mode: 0o600 });
  const wrong = join(world.home, 'wrong.txt');
  writeFileSync(wrong, `${others.identity}\n`);
  const target = join(world.home, 'restored.db');
  const dispose = () => world[Symbol.asyncDispose]();
  return { world, configure, first, identity, wrong, target, [Symbol.asyncDispose]: dispose };
}

const backupIn = (world: TypedWorld) => world.stored().find((name) => sealedName.test(name)) ?? '';

describe('a sealed backup', () => {
  test('is made though nothing has changed since one was made in clear', async () => {
    await using machine = await sealed({ recipients: [], app: 'format = ["plain", "pages"]' });
    const { world } = machine;
    machine.configure([keys.recipient]);
    expect((await world.run('db-backup', [])).exitCode).toBe(0);
    for (const ending of ['.db.age', '.pages.age'])
      expect(world.stored().filter((name) => /^backups\//.test(name) && name.endsWith(ending))).toHaveLength(
        1,
      );
  });

  test('is all that leaves the machine, and says in clear no more than is needed', async () => {
    await using machine = await sealed();
    const { world, first } = machine;
    expect(first.exitCode).toBe(0);
    const [backup = '', manifest = '', latest] = world.stored();
    expect(backup).toMatch(sealedName);
    expect([manifest, latest]).toEqual([`${backup}.json`, 'latest/bookings.db.age']);
    for (const name of filesBelow(world.store)) {
      const bytes = readFileSync(join(world.store, name), 'latin1');
      for (const secret of ['payment', 'booking (', 'SQLite format 3', world.database])
        expect(bytes).not.toContain(secret);
    }
    expect(JSON.parse(readFileSync(join(world.store, manifest), 'utf8'))).toMatchObject({
      ...{ format: 'holdfast-manifest', version: 4, app: 'bookings', is_suspect: false },
      stored: { recipients: [keys.recipient], objects: [{ name: backup }] },
    });
    expect((await world.run('db-backup', ['list-backups'])).stdout).toMatch(/proven/);
  });

  test.skipIf(!hasAge)('opens with age alone', async () => {
    await using machine = await sealed();
    const { world, identity, target } = machine;
    for (const name of [backupIn(world), 'latest/bookings.db.age']) {
      execFileSync('age', ['-d', '-i', identity, '-o', target, join(world.store, name)]);
      expect(readBookings(target)).toEqual(readBookings(world.database));
      rmSync(target);
    }
  });

  test('is what the next one is compared with, though nothing here can open it', async () => {
    await using machine = await sealed();
    const { world } = machine;
    rmSync(world.database);
    makeBookings(world.database, { rows: 1, journalMode: 'delete' });
    const { exitCode, stdout, stderr } = await world.run('db-backup', []);
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toContain('SUSPECT');
  });

  test('is restored with the identity: from a file, a pipe, and the terminal', async () => {
    await using machine = await sealed();
    const { world, identity, target } = machine;
    const ways: [string[], object][] = [
      [['--identity', identity], {}],
      [['--identity', '-'], { input: `${keys.identity}\n` }],
      [[], { askSecret: async () => keys.identity.toLowerCase() }],
    ];
    const common = { environment: { HOLDFAST_CONFIG: world.config }, clock: world.clock };
    for (const [args, options] of ways) {
      const ended = await runInProcess(restore, ['run', 'latest', '--to', target, '--yes', ...args], {
        ...common,
        ...options,
      });
      expect(ended).toMatchObject({ exitCode: 0 });
      expect(readBookings(target)).toEqual(readBookings(world.database));
      expect(ended.stdout + ended.stderr).not.toContain(keys.identity.slice(20, 40));
      rmSync(target);
    }
  });

  test.each<[string, string[], RegExp, number]>([
    ['no identity', [], /cannot open .*it is sealed for age1\w+, and no identity was given/, 77],
    [
      'the identity of somebody else',
      ['--identity', 'WRONG'],
      /sealed for age1\w+, and the identity that was given opens what is sealed for age1/,
      77,
    ],
    [
      'a file that is not there',
      ['--identity', '/nowhere/key'],
      /cannot read \/nowhere\/key: it is not there/,
      66,
    ],
    ['a file that holds none', ['--identity', 'CONFIG'], /as an identity: its line 1 does not begin/, 65],
  ])('is not restored with %s, and that is said', async (_what, args, message, exitCode) => {
    await using machine = await sealed();
    const { world, wrong, target } = machine;
    const given = args.map((arg) => (arg === 'WRONG' ? wrong : arg === 'CONFIG' ? world.config : arg));
    const ended = await world.run('restore', ['run', 'latest', '--to', target, '--yes', ...given]);
    expect(ended.stderr).toMatch(message);
    expect(ended.exitCode).toBe(exitCode);
    expect(existsSync(target)).toBe(false);
  });

  test('is restored on another machine, which knows nothing but the store, the key and the name', async () => {
    await using machine = await sealed();
    const { world, identity, target } = machine;
    renameSync(world.state, `${world.state}-gone`);
    rmSync(world.database);
    const ended = await world.run('restore', [
      'run',
      'latest',
      '--to',
      target,
      '--yes',
      '--identity',
      identity,
    ]);
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(readBookings(target)).toHaveLength(200);
  });

  test('is proven by its bytes where nobody can open it, and by what is in it where somebody can', async () => {
    await using machine = await sealed();
    const { world, identity, wrong } = machine;
    const verify = (...args: string[]) => world.runJson('db-backup', ['verify', ...args]);
    const [closed, opened, denied] = [
      await verify(),
      await verify('--identity', identity),
      await verify('--identity', wrong),
    ];
    expect(closed).toMatchObject({ exitCode: 0 });
    expect(JSON.stringify(closed.json)).toContain('"basis":"sealed"');
    expect(opened).toMatchObject({ exitCode: 0 });
    expect(JSON.stringify(opened.json)).toContain('"basis":"check"');
    expect(denied.exitCode).not.toBe(0);
    expect(denied.stderr + denied.stdout).toContain('the identity that was given opens what is sealed for');
  });

  test.each([true, false])(
    'is found bad where its bytes were altered, with an identity: %s',
    async (isOpened) => {
      await using machine = await sealed();
      const { world, identity } = machine;
      const path = join(world.store, backupIn(world));
      const bytes = readFileSync(path);
      bytes[bytes.length - 100]! ^= 1;
      writeFileSync(path, bytes);
      const { exitCode, stdout } = await world.run('db-backup', [
        'verify',
        ...(isOpened ? ['--identity', identity] : []),
      ]);
      expect(exitCode).toBe(1);
      expect(stdout).toMatch(/DAMAGED: [^]*were altered: SHA-256 is/);
      expect((await world.run('db-backup', ['list-backups'])).stdout).toMatch(/damaged/i);
    },
  );

  test('is drilled where the identity is, and the keys are compared with those of the page', async () => {
    await using machine = await sealed();
    const { world, configure, identity } = machine;
    const drill = (...args: string[]) => world.run('restore', ['drill', ...args]);
    const doctor = async () => (await world.run('health-check', ['doctor', '--root', world.home])).stdout;
    const unopened = await drill();
    expect(unopened.stdout).toMatch(/NOT DONE: the backup is sealed/);
    const opened = await drill('--identity', identity);
    expect(opened).toMatchObject({ exitCode: 0 });
    expect(opened.stdout).toContain('restore drill passed');
    expect(await doctor()).toContain(`backups are sealed for ${keys.recipient}: one of these is on the page`);

    configure([others.recipient]);
    const old = await drill('--identity', identity);
    expect(old.exitCode).toBe(1);
    expect(old.stdout + old.stderr).toContain(
      `sealed for ${others.recipient} from now on, and the identity is that of ${keys.recipient}`,
    );
  });

  test('stays one when encryption is taken away again, or is for others', async () => {
    await using machine = await sealed();
    const { world, configure, identity, wrong, target } = machine;
    configure([others.recipient]);
    await world.run('db-backup', []);
    configure([]);
    await world.run('db-backup', []);
    const { stdout } = await world.run('db-backup', ['list-backups']);
    expect(stdout.match(/proven/g)).toHaveLength(3);
    const [first = '', , second = ''] = world.stored();
    for (const [name, file] of [
      [first, identity],
      [second, wrong],
    ] as const) {
      const ended = await world.run('restore', ['run', name, '--to', target, '--yes', '--identity', file]);
      expect(ended).toMatchObject({ exitCode: 0 });
      rmSync(target);
    }
  });
});

describe('what was in clear before', () => {
  const clear = 'latest/bookings.db';
  /** A machine with a backup in clear, which seals from now on. */
  async function sealsFromNowOn() {
    const machine = await sealed({ recipients: [] });
    expect(machine.world.stored()).toContain(clear);
    machine.configure([keys.recipient]);
    return machine;
  }
  const saidOfClear = async (world: TypedWorld) => {
    const { json } = await world.runJson('db-backup', ['info']);
    const told = (json.findings as { message: string }[]).map(({ message }) => message);
    return told.filter((message) => message.includes('in clear'));
  };

  test.each([
    ['run', 'removed latest/bookings.db: it was in clear'],
    ['upload', 'removed latest/bookings.db: it was in clear'],
  ])('a latest copy is told, and goes with the first sealed one: %s', async (command, says) => {
    await using machine = await sealsFromNowOn();
    const { world } = machine;
    expect(await saidOfClear(world)).toEqual([
      `${clear} lies in the store in clear, beside backups that are sealed`,
    ]);
    const planned = await world.run('db-backup', ['run', '--dry-run']);
    expect(planned.stdout).toContain(`would then remove ${clear}, which is in clear`);
    expect(world.stored()).toContain(clear);
    const { exitCode, stdout } = await world.run('db-backup', [command]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(says);
    expect(world.stored().filter((name) => name.startsWith('latest/'))).toEqual([`${clear}.age`]);
    expect(await saidOfClear(world)).toEqual([]);
    expect((await world.run('db-backup', ['info'])).stdout).toContain('in clear: 1 backup, which retention');
  });

  test('a latest copy stays as long as no sealed one takes its place', async () => {
    await using machine = await sealsFromNowOn();
    const { world } = machine;
    rmSync(world.database);
    makeBookings(world.database, { rows: 1, journalMode: 'delete' });
    const { stdout } = await world.run('db-backup', ['run']);
    expect(stdout).toContain('SUSPECT');
    expect(world.stored().filter((name) => name.startsWith('latest/'))).toEqual([clear]);
  });
});
