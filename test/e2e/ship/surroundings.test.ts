// What rsync and ssh are given, and what they take from elsewhere: no secret where others see it, no settings of the machine or of
// the user, and no reader, however it behaves, that holds a run for ever.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { missingForReaders, TestReader } from '../../support/reader.ts';
import { ShipWorld } from '../../support/ship-world.ts';
import { filesBelow } from '../../support/world.ts';

const missing = missingForReaders();

/** A directory for PATH in which `program` is `script`. */
function fake(world: ShipWorld, program: string, script: string): Record<string, string> {
  const bin = join(world.home, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, program), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, program), 0o755);
  return { PATH: `${bin}:/usr/bin:/bin` };
}

describe.skipIf(missing.length > 0)(`shipping (needs ${missing.join(', ') || 'nothing more'})`, () => {
  test.each(['ssh', 'daemon'] as const)(
    'over %s gives the programs no secret that others see, and no variable of ours',
    async (way) => {
      await using reader = await TestReader[way]();
      await using world = new ShipWorld(reader);
      for (const name of [
        'SSH_AUTH_SOCK',
        'RSYNC_RSH',
        'RSYNC_PROXY',
        'RSYNC_CONNECT_PROG',
        'RSYNC_ICONV',
        'HOME',
        'CVSIGNORE',
      ])
        vi.stubEnv(name, '/bin/false');
      onTestFinished(() => void vi.unstubAllEnvs());
      const seen = join(world.home, 'seen');
      const look = `tr '\\0' '\\n' </proc/$$/cmdline >>${seen}; tr '\\0' '\\n' </proc/$$/environ >>${seen}; ls /proc/$$/cwd/ >>${seen}`;
      const environment = fake(world, 'rsync', `${look}; exec /usr/bin/rsync "$@"`);
      fake(world, 'ssh', `${look}; exec /usr/bin/ssh "$@"`);
      const ended = await world.ship([], { environment: { ...environment, RSYNC_PASSWORD: 'not-this-one' } });
      expect(ended).toMatchObject({ exitCode: 0, shipment: { state: 'shipped' } });
      const told = readFileSync(seen, 'utf8');
      expect(told).toContain('--files-from=list');
      expect(told).not.toMatch(/open-sesame|not-this-one|\/bin\/false/);
      const variables = [...told.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
      expect(
        variables.filter((name) => !['PATH', 'LC_ALL', 'PWD', 'RSYNC_RSH'].includes(name ?? '')),
      ).toEqual([]);
      for (const name of filesBelow(world.state))
        expect(readFileSync(join(world.state, name), 'latin1')).not.toContain('open-sesame');
      expect(ended.stdout + ended.stderr).not.toContain('open-sesame');
    },
  );

  test('a password comes from the environment where no file is named', async () => {
    await using reader = await TestReader.daemon();
    await using world = new ShipWorld(reader, { keys: { password_file: undefined } });
    const environment = { RSYNC_PASSWORD: 'open-sesame' };
    expect(await world.ship([], { environment })).toMatchObject({
      exitCode: 0,
      shipment: { state: 'shipped' },
    });
  });

  const endless: [string, Record<string, unknown>, RegExp][] = [
    ['never answers', { timeout_seconds: 1 }, /timeout/],
    ['never answers, and takes longer than it may', { deadline_minutes: 0.01 }, /took longer than/],
  ];
  test.each(endless)('a reader that %s is out of reach', async (_, keys, reason) => {
    await using reader = await TestReader.ssh();
    reader.allow('exec sleep 1000');
    await using world = new ShipWorld(reader, { keys });
    expect(await world.ship()).toMatchObject({
      exitCode: 0,
      shipment: { state: 'queued', reason: expect.stringMatching(reason) as string },
    });
  });

  const oddRsyncs: [string, string, Record<string, unknown>][] = [
    ['is killed here', 'kill -9 $$', { state: 'queued', reason: 'rsync was ended by SIGKILL' }],
    [
      'says more than anybody can keep',
      'head -c 60000000 /dev/zero | tr "\\0" x; head -c 60000000 /dev/zero >&2',
      { state: 'failed', sent: [] },
    ],
    ['says nothing, and that all is well', 'exit 0', { state: 'failed', sent: [] }],
    [
      'names what it was not asked about',
      'echo ".f          ../../etc/passwd"; echo ".f          2026-01-01.json"',
      { state: 'failed', sent: [] },
    ],
    ['turns the terminal upside down', 'printf "\\033[2J\\007evil\\n" >&2; exit 99', { state: 'failed' }],
  ];
  test.each(oddRsyncs)('an rsync that %s is not believed', async (_, script, shipment) => {
    await using reader = await TestReader.daemon();
    await using world = new ShipWorld(reader);
    const ended = await world.ship([], { environment: fake(world, 'rsync', script) });
    expect(ended.shipment).toMatchObject(shipment);
    expect(ended.shipment.pending).toContain('2026-01-02.json');
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(ended.stdout + ended.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  test('while one run ships, a second one waits for no one, and exports and freezes go on', async () => {
    await using reader = await TestReader.ssh();
    await using world = new ShipWorld(reader, { days: 2 });
    const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    reader.onConnection = () => {
      arrived.resolve();
      return released.promise;
    };
    const shipping = world.ship();
    await arrived.promise;
    expect(await world.run('db-export-json', ['run', '--ship'])).toMatchObject({
      exitCode: 75,
      stderr: expect.stringContaining('db-export-json run --ship') as string,
    });
    expect(await world.run('db-export-json', ['freeze', '2026-01-01'])).toMatchObject({ exitCode: 0 });
    world.change("UPDATE day SET text = 'later' WHERE date = '2026-01-02'");
    expect(await world.run('db-export-json', ['run'])).toMatchObject({ exitCode: 0 });
    released.resolve();
    // What was copied before travels, and what was written meanwhile goes with the next run.
    expect(await shipping).toMatchObject({ exitCode: 0, shipment: { state: 'shipped' } });
    expect(reader.visible()['2026-01-02.json']).not.toContain('later');
    expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { sent: ['2026-01-02.json'] } });
    expect(reader.visible()).toEqual(world.written());
  });

  test('what vanishes under the hands of a transfer is not called shipped', async () => {
    await using reader = await TestReader.ssh();
    await using world = new ShipWorld(reader);
    reader.onConnection = (count) => {
      if (count !== 2) return; // the first one looked
      const scratch = join(world.state, 'scratch');
      for (const run of readdirSync(scratch))
        rmSync(join(scratch, run, 'documents/2026-01-03.json'), { force: true });
    };
    expect(await world.ship()).toMatchObject({
      exitCode: 1,
      shipment: {
        state: 'failed',
        pending: ['2026-01-03.json'],
        sent: ['2026-01-01.json', '2026-01-02.json'],
      },
    });
    expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { sent: ['2026-01-03.json'] } });
    expect(reader.visible()).toEqual(world.written());
  });
});
