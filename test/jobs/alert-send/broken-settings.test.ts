// The configuration cannot be read any more: alerts go on as it was when it could, and say so.
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nobody } from '../../support/as-nobody.ts';
import { AlertWorld } from '../../support/alert-world.ts';

const failed = 'db-backup of bookings failed';
const told = 'configuration failed';
const over = 'configuration is well again';

/** Whose state directory is known without the file, as that of a unit; it was good once, and has been sent with. */
async function start() {
  const world = await AlertWorld.start({ backup: false });
  const good = readFileSync(world.config, 'utf8').replace(/^state_directory.*\n/, '');
  writeFileSync(world.config, good);
  const environment = { HOLDFAST_STATE: world.state };
  const send = () => world.run('alert-send', [], { environment });
  expect((await send()).exitCode).toBe(0);
  const kept = join(world.state, 'alerts/settings.json');
  return { world, send, kept, good, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

const ways: [how: string, breaks: (path: string, good: string) => void, said: RegExp][] = [
  ['a line that is no TOML', (path, good) => writeFileSync(path, `${good}x = [\n`), /line \d+, column \d+: /],
  [
    'cut in the middle',
    (path, good) => writeFileSync(path, good.slice(0, good.indexOf('server') + 9)),
    /line \d+, column/,
  ],
  ['a key that nobody knows', (path, good) => writeFileSync(path, `kep = 3\n${good}`), /kep: unknown key/],
  [
    'a value that cannot be',
    (path, good) => writeFileSync(path, good.replace('"directory"', '"tape"')),
    /store/,
  ],
  [
    'an alert setting that cannot be',
    (path, good) => writeFileSync(path, good.replace('[alerts]', '[alerts]\nfailures = -1')),
    /alerts\.failures/,
  ],
  ['empty', (path) => writeFileSync(path, ''), /apps: needs at least one app/],
  ['gone', (path) => rmSync(path), /it is not there/],
  ['a directory in its place', (path) => (rmSync(path), mkdirSync(path)), /directory/],
  ['larger than any is', (path, good) => writeFileSync(path, good.padEnd(2 ** 21, '#')), /larger than/],
];

/** It would have root read a file, and send it to where somebody else says. */
const ofOther: [string, (kept: string) => void] = [
  'is of another user',
  (kept) => chownSync(kept, nobody, nobody),
];

describe('a configuration that cannot be read', () => {
  test.each(ways)(
    '%s: what happens is told all the same, and that it is so once',
    async (_, breaks, said) => {
      await using started = await start();
      const { world, send, good } = started;
      const environment = { HOLDFAST_STATE: world.state, SERVICE_RESULT: 'exit-code', EXIT_STATUS: '78' };
      breaks(world.config, good);
      for (let times = 0; times < 2; times += 1) {
        const ended = await send();
        expect(ended).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(said) });
      }
      expect([world.titles, world.headlines]).toEqual([[told], [told]]);
      const [message = ''] = world.ntfy.messages.map((one) => one.message);
      expect(message).toMatch(said);
      expect(message.split('\n')[0]).toMatch(
        /^the configuration is broken: cannot \w+ [^:]*\.toml: .*; alerts go on with its settings of 2026-11-20 02:0\d:13Z, and no other job runs$/,
      );
      // The end of a unit that could not begin for it is told as well.
      await world.run('alert-send', ['spool', '--job', 'db-backup@bookings'], { environment });
      await send();
      expect(world.titles).toEqual([told, failed]);
      expect((await world.run('alert-send', ['list'], { environment })).stdout).toMatch(
        /alerts-configuration/,
      );
      rmSync(world.config, { recursive: true, force: true });
      writeFileSync(world.config, good);
      await send();
      expect(world.titles).toEqual([told, failed, over]);
      expect(world.filesWithSecrets()).toEqual([]);
    },
  );

  test('who tries the settings at a terminal tries the present ones', async () => {
    await using started = await start();
    const { world } = started;
    writeFileSync(world.config, 'x = [');
    const environment = { HOLDFAST_STATE: world.state };
    expect((await world.run('alert-send', ['test'], { environment })).exitCode).toBe(78);
  });

  test('another one than was kept is not spoken for', async () => {
    await using started = await start();
    const { world } = started;
    const environment = { HOLDFAST_STATE: world.state };
    const other = join(world.home, 'other.toml');
    expect((await world.run('alert-send', ['--config', other], { environment })).exitCode).toBe(78);
  });

  test('alerts that were taken out are not spoken with', async () => {
    await using started = await start();
    const { world, send, good } = started;
    writeFileSync(world.config, good.replace(/^\[alerts\][^]*?(?=\[store\])/m, ''));
    expect((await send()).exitCode).toBe(0);
    writeFileSync(world.config, 'x = [');
    expect((await send()).exitCode).toBe(78);
    expect(world.titles).toEqual([]);
  });

  test.each<[string, (kept: string) => void]>([
    ['is damaged', (kept) => writeFileSync(kept, readFileSync(kept, 'utf8').slice(0, 200))],
    [
      'is of a newer Holdfast',
      (kept) => writeFileSync(kept, readFileSync(kept, 'utf8').replace('"version":1', '"version":9')),
    ],
    ['others may write', (kept) => chmodSync(kept, 0o666)],
    ['has a second name', (kept) => linkSync(kept, `${kept}.too`)],
    ['is gone', (kept) => rmSync(kept)],
    ...(process.geteuid?.() === 0 ? [ofOther] : []),
  ])('what was kept and %s counts for nothing', async (_, spoil) => {
    await using started = await start();
    const { world, send, kept } = started;
    spoil(kept);
    writeFileSync(world.config, 'x = [');
    expect((await send()).exitCode).toBe(78);
    expect(world.titles).toEqual([]);
  });

  test('what is kept is for this user alone, names no secret, and is written when it changes', async () => {
    await using started = await start();
    const { world, send, kept, good } = started;
    const { mtimeNs, ino, mode } = statSync(kept, { bigint: true });
    expect(mode & 0o777n).toBe(0o600n);
    await send();
    expect(statSync(kept, { bigint: true })).toMatchObject({ mtimeNs, ino });
    writeFileSync(world.config, good.replace('[alerts]', '[alerts]\nquiet = "22:00-07:00"'));
    await send();
    expect(readFileSync(kept, 'utf8')).toContain('22:00-07:00');
    expect(world.tellsSecret(readFileSync(kept, 'utf8'))).toBe(false);
  });
});
