// Which store it is that lies in Dropbox: another account, an emptied one, a marker that is gone and one that another run
// makes are noticed by every command, taken on purpose alone, and cost one request a night.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DropboxStandIn, type StandInOptions } from '../../../stand-ins/dropbox/stand-in.ts';
import { type DropboxSettings, DropboxWorld } from '../../../support/dropbox-world.ts';
import { makeBookings } from '../../../support/world.ts';

const marker = '/.holdfast-store';

const commands: [command: string, line: string][] = [
  ['db-backup', 'run'],
  ['db-backup', 'run --dry-run'],
  ['db-backup', 'backup once-more'],
  ['db-backup', 'upload'],
  ['db-backup', 'prune'],
  ['db-backup', 'info'],
  ['db-backup', 'list-backups'],
  ['db-backup', 'list'],
  ['db-backup', 'verify'],
  ['restore', 'list'],
  ['restore', 'plan latest'],
  ['restore', 'run latest --yes'],
  ['restore', 'drill'],
];

const writes = /^files\/(upload|copy|delete|move|create)/;

/** What may be there instead of the store that was used, and how a command says so. */
const instead: [
  what: string,
  change: (world: DropboxWorld) => Promise<AsyncDisposable | void>,
  says: RegExp,
][] = [
  [
    'another account with a store',
    (world) => anotherAccount(world, 'a store'),
    /another store is there \([0-9a-f]{32}\) than was used until now \([0-9a-f]{32}\)/,
  ],
  [
    'another account with nothing in it',
    (world) => anotherAccount(world, 'nothing'),
    /holds no \.holdfast-store, and was a store until now/,
  ],
  [
    'a Dropbox that was emptied',
    async ({ standIn }) => standIn.files.list().forEach(({ path }) => standIn.files.remove(path)),
    /holds no \.holdfast-store, and was a store until now/,
  ],
  [
    'backups without their marker',
    async ({ standIn }) => standIn.files.remove(marker),
    /holds no \.holdfast-store, and was a store until now/,
  ],
  [
    'another folder',
    async (world) => world.configureDropbox({ store: 'folder = "/pj"' }),
    /Dropbox \/pj: no store is there(, and the backups went to Dropbox until now| yet)/,
  ],
];

describe('what is there instead of the store that was used', () => {
  test.each(instead)(
    '%s: every command says so, nothing is written, and db-backup init takes it',
    async (what, change, says) => {
      await using world = await backedUp();
      await using other = (await change(world)) ?? nothing;
      void other;
      const standIn = accounts.get(world) ?? world.standIn;
      for (const [command, line] of commands) {
        const [before, asked] = [standIn.files.list(), standIn.requests.length];
        const database = world.fingerprint(`${world.home}/app`);
        const { exitCode, stderr } = await world.run(command, line.split(' '));
        expect({ what, line, exitCode, stderr }).toMatchObject({
          exitCode: 69,
          stderr: expect.stringMatching(says) as string,
        });
        expect(stderr).toMatch(
          /hint: is it the right account and folder\? db-backup test names the account;.*db-backup (init|run)/,
        );
        expect(standIn.files.list()).toEqual(before);
        expect(standIn.requests.slice(asked).map(({ route }) => route)).not.toContainEqual(
          expect.stringMatching(writes),
        );
        expect(world.fingerprint(`${world.home}/app`)).toEqual(database);
      }
      const { json } = await world.runJson('db-backup', ['test']);
      const trials = json.result.checks as { name: string; ok: boolean; detail: string }[];
      expect(trials.find(({ name }) => name === 'store')).toMatchObject({ ok: false });
      expect(trials.find(({ name }) => name === 'Dropbox account')?.detail).toContain('@');
      expect(await world.run('db-backup', ['init', '--dry-run'])).toMatchObject({ exitCode: 0 });
      expect(await world.run('db-backup', ['list'])).toMatchObject({ exitCode: 69 });
      expect(await world.run('db-backup', ['init'])).toMatchObject({ exitCode: 0 });
      expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
      expect(await world.run('restore', ['list'])).toMatchObject({ exitCode: 0 });
    },
  );
});

describe('the marker', () => {
  test('is made by the first backup, costs one request a night, and is no object', async () => {
    await using world = await backedUp();
    expect(JSON.parse(world.standIn.files.bytes(marker).toString())).toEqual({
      format: 'holdfast-store',
      version: 2,
      id: idOf(world),
    });
    const [first] = world.standIn.requests.slice(-1);
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    const night = world.standIn.requests.slice(first?.number);
    const aboutIt = night.filter(({ argument }) => JSON.stringify(argument ?? '').includes('holdfast-store'));
    expect(aboutIt.map(({ route }) => route)).toEqual(['files/get_metadata']);
    const { json } = await world.runJson('db-backup', ['list']);
    expect(JSON.stringify(json.result.files)).not.toContain('holdfast-store');
    expect((await world.runJson('db-backup', ['info'])).json.result).toMatchObject({ store_id: idOf(world) });
    expect((await world.run('db-backup', ['info'])).stdout).toContain(idOf(world));
  });

  test('needs no permission to ask whose account it is', async () => {
    await using world = await emptyWorld(
      {},
      { scopes: ['files.metadata.read', 'files.content.read', 'files.content.write'] },
    );
    expect(await world.run('db-backup', ['init'])).toMatchObject({ exitCode: 0 });
    expect(await world.run('db-backup', ['list'])).toMatchObject({ exitCode: 0 });
    world.standIn.files.remove(marker);
    expect(await world.run('db-backup', ['list'])).toMatchObject({ exitCode: 69 });
  });

  test('of a machine that has used no store yet is read with two requests', async () => {
    await using world = await backedUp();
    rmSync(world.state, { recursive: true });
    const asked = world.standIn.requests.length;
    expect(await world.run('db-backup', ['list'])).toMatchObject({ exitCode: 0 });
    const routes = world.standIn.requests.slice(asked).map(({ route }) => route);
    expect(routes).toEqual(['oauth2/token', 'files/get_metadata', 'files/download', 'files/list_folder']);
  });

  test('of a store that is older than markers is made by the next backup, and by nothing that looks', async () => {
    await using world = await backedUp();
    world.standIn.files.remove(marker);
    // All that the machine remembers is where the backups went before Dropbox.
    rmSync(`${world.state}/stores`, { recursive: true });
    mkdirSync(`${world.state}/stores`);
    writeFileSync(`${world.state}/stores/0123456789abcdef.json`, '{"path":"/srv/old"}');
    for (const [command, line] of [
      ['restore', 'list'],
      ['db-backup', 'info'],
      ['db-backup', 'run --dry-run'],
      ['restore', 'drill'],
    ] as const)
      expect(await world.run(command, line.split(' '))).toMatchObject({ exitCode: 0 });
    expect(world.standIn.files.has(marker)).toBe(false);
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    const id = idOf(world);
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    expect(idOf(world)).toBe(id);
  });

  test('of a Dropbox with the state of a new machine is believed, unless the configuration names another', async () => {
    await using world = await backedUp();
    const id = idOf(world);
    rmSync(world.state, { recursive: true });
    world.configureDropbox({ store: `id = "${'0'.repeat(32)}"` });
    for (const [command, line] of [...commands, ['db-backup', 'init'] as const]) {
      const { exitCode, stderr } = await world.run(command, line.split(' '));
      expect({ line, exitCode, stderr }).toMatchObject({
        exitCode: 69,
        stderr: expect.stringMatching(`the store there is ${id}, and .*holdfast.toml names 0{32}`) as string,
      });
    }
    world.configureDropbox({ store: `id = "${id}"` });
    const asked = world.standIn.requests.length;
    expect(await world.run('restore', ['list'])).toMatchObject({ exitCode: 0 });
    const downloads = world.standIn.requests.slice(asked).filter(({ route }) => route === 'files/download');
    expect(JSON.stringify(downloads)).not.toContain('holdfast-store');
    world.standIn.files.remove(marker);
    for (const [command, line] of [...commands, ['db-backup', 'init'] as const])
      expect(await world.run(command, line.split(' '))).toMatchObject({ exitCode: 69 });
  });

  test.each([
    ['whose reply is lost', { route: 'files/upload', action: { kind: 'dropAfterApply' } } as const],
    [
      'whose reply is wrong',
      { route: 'files/upload', action: { kind: 'wrongMetadata', change: 'content_hash' } } as const,
    ],
    ['that is cut', { route: 'files/upload', action: { kind: 'dropBefore' } } as const],
  ])('%s is made once', async (_, fault) => {
    await using world = await emptyWorld();
    world.standIn.fault(fault);
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    expect(idOf(world)).toMatch(/^[0-9a-f]{32}$/);
  });

  test('that somebody else makes at the same time counts', async () => {
    await using world = await emptyWorld();
    const theirs = `{"format":"holdfast-store","version":2,"id":"${'a'.repeat(32)}"}\n`;
    world.standIn.fault({
      route: 'files/upload',
      action: { kind: 'run', run: () => void world.standIn.files.write(marker, theirs) },
    });
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    expect(idOf(world)).toBe('a'.repeat(32));
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  });

  test('that was made a moment ago and is not seen yet is waited for', async () => {
    await using world = await emptyWorld();
    expect(await world.run('db-backup', ['init'])).toMatchObject({ exitCode: 0 });
    world.standIn.fault({ route: 'files/get_metadata', times: 2, action: { kind: 'staleRead' } });
    expect(await world.run('db-backup', ['list'])).toMatchObject({ exitCode: 0 });
  });

  test.each([
    ['what is this\n', 65, /its \.holdfast-store is not readable/],
    ['x'.repeat(70_000), 65, /its \.holdfast-store is not readable/],
    [
      '{"format":"holdfast-store","version":3}\n',
      69,
      /its format is version 3, this Holdfast knows version 2/,
    ],
  ])('that says %j is refused', async (text, exitCode, says) => {
    await using world = await backedUp();
    world.standIn.files.write(marker, text);
    for (const line of ['run', 'list', 'init']) {
      const ended = await world.run('db-backup', [line]);
      expect(ended).toMatchObject({ exitCode, stderr: expect.stringMatching(says) as string });
    }
  });

  test('made of a directory store that was copied there is read', async () => {
    await using world = await backedUp();
    const text = `{"format":"holdfast-store","version":2,"id":"${'b'.repeat(32)}","created_at":"2026-01-01T00:00:00.000Z"}\n`;
    world.standIn.files.write(marker, text);
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 69 });
    expect(await world.run('db-backup', ['init'])).toMatchObject({ exitCode: 0 });
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    // One of before ids gets one.
    world.standIn.files.write(
      marker,
      '{"format":"holdfast-store","version":1,"created_at":"2026-01-01T00:00:00.000Z"}\n',
    );
    expect(await world.run('db-backup', ['init'])).toMatchObject({ exitCode: 0 });
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    expect(idOf(world)).toMatch(/^[0-9a-f]{32}$/);
  });
});

test('the directory that comes into the place of a Dropbox whose settings are gone is made by no backup', async () => {
  await using world = await backedUp();
  const environment = world.environmentAlone({ HOLDFAST_STORE: '' });
  world.environment = {};
  const ended = await world.run('db-backup', ['run'], { environment });
  expect(ended).toMatchObject({
    exitCode: 69,
    stderr: expect.stringMatching(/no store is there, and the backups went to Dropbox until now/) as string,
  });
});

test.each([
  ['does not answer', { kind: 'dropBefore' } as const, /no answer from/],
  [
    'asks to wait for an hour',
    { kind: 'tooManyRequests', retryAfterSeconds: 3600 } as const,
    /asks for .* more, and the deadline of this run comes first/,
  ],
  ['is unwell', { kind: 'reply', status: 500, body: '' } as const, /busy or unwell/],
])('restore status does not wait for a Dropbox that %s', async (_, action, says) => {
  await using world = await backedUp();
  expect((await world.run('restore', ['status'])).stdout).toMatch(
    /newest proven backup: backups\/bookings\/.*, in Dropbox$/m,
  );
  world.standIn.fault({ route: /./, times: Infinity, action });
  const [asked, begun] = [world.standIn.requests.length, world.standIn.clock.now()];
  const { exitCode, stdout } = await world.run('restore', ['status']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^bookings: .*bookings\.db, /m);
  expect(stdout).toMatch(new RegExp(`the store could not be looked at: .*${says.source}`));
  expect(world.standIn.requests.length - asked).toBeLessThanOrEqual(2);
  expect(world.standIn.clock.now() - begun).toBeLessThan(3 * 60_000);
});

/** The account that took the place of a world's own. */
const accounts = new WeakMap<DropboxWorld, DropboxStandIn>();
const nothing: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() };

async function anotherAccount(world: DropboxWorld, holds: 'a store' | 'nothing'): Promise<AsyncDisposable> {
  const standIn = await DropboxStandIn.start();
  if (holds === 'a store')
    standIn.files.write(marker, `{"format":"holdfast-store","version":2,"id":"${'c'.repeat(32)}"}\n`);
  // A run that begins has a new token; this one's clock goes on with the world's.
  standIn.clock.advance((world.standIn.clock.now() - standIn.clock.now()) / 1000 + 3600);
  world.environment = standIn.environment;
  accounts.set(world, standIn);
  return standIn;
}

function idOf({ standIn }: DropboxWorld): string {
  return (JSON.parse(standIn.files.bytes(marker).toString()) as { id: string }).id;
}

async function emptyWorld(
  settings: DropboxSettings = {},
  options: StandInOptions = {},
): Promise<DropboxWorld> {
  const world = await DropboxWorld.start(options);
  makeBookings(world.database, { journalMode: 'delete' });
  world.configureDropbox(settings);
  return world;
}

async function backedUp(): Promise<DropboxWorld> {
  const world = await emptyWorld();
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  return world;
}
