// A reader that is out of reach, refuses, is full, or is cut half-way: nothing half is seen there, and the next run goes on.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { missingForReaders, publicHalf, TestReader } from '../../support/reader.ts';
import { processesIn, runAsProcess } from '../../support/ship-process.ts';
import { ShipWorld } from '../../support/ship-world.ts';

const missing = missingForReaders();
const isRoot = process.geteuid?.() === 0;

describe.skipIf(missing.length > 0)(`a reader (needs ${missing.join(', ') || 'nothing more'})`, () => {
  test.each(['ssh', 'daemon'] as const)(
    'over %s, out of reach, is a queue, and is told of when it is too long',
    async (way) => {
      await using reader = await TestReader[way]();
      await using world = new ShipWorld(reader, { keys: { queue_age_max: '1 d' } });
      await reader.close();
      const queued = await world.ship();
      expect(queued).toMatchObject({
        exitCode: 0,
        shipment: { state: 'queued', overdue: false, reason: expect.stringMatching(/refused/) as string },
        findings: [],
      });
      expect(queued.shipment.pending).toHaveLength(3);
      const since = queued.shipment.pending_since as string;
      const status = await world.runJson('db-export-json', ['status']);
      expect(status.json.result.apps[0].value.shipping).toMatchObject({ in_place: 0, pending_since: since });
      // What changes while it waits does not begin to wait anew.
      world.clock.advance(86_000_000);
      world.change("UPDATE day SET text = 'later' WHERE date = '2026-01-01'");
      expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { pending_since: since } });
      world.clock.advance(500_000);
      const told = await world.ship();
      expect(told).toMatchObject({
        exitCode: 1,
        shipment: { state: 'queued', overdue: true },
        findings: [
          {
            severity: 'warning',
            message: expect.stringMatching(/^3 documents wait for .* since .*refused/) as string,
          },
        ],
      });
      expect(reader.visible()).toEqual({});
    },
  );

  test('out of reach, where nothing waits, is told of when it could not be looked at for too long', async () => {
    await using reader = await TestReader.daemon();
    await using world = new ShipWorld(reader, { keys: { queue_age_max: '1 d', look_every: '2 h' } });
    await world.ship();
    await reader.close();
    expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { state: 'shipped' } });
    world.clock.advance(3 * 3_600_000);
    expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { state: 'queued', pending: [] } });
    const shown = await world.run('db-export-json', ['run', '--ship']);
    expect(shown.stdout).toMatch(/nothing waits, and it is out of reach: .*refused/);
    world.clock.advance(24 * 3_600_000);
    expect(await world.ship()).toMatchObject({
      exitCode: 1,
      shipment: { state: 'queued', overdue: true },
      findings: [{ message: expect.stringMatching(/could not be looked at since .*refused/) as string }],
    });
  });

  const refusals: [string, (reader: TestReader) => void | Record<string, unknown>, string, RegExp][] = [
    [
      'refuses our key',
      (reader) => writeFileSync(join(reader.home, 'authorized_keys'), publicHalf(join(reader.home, 'other'))),
      'denied',
      /refuses our key/,
    ],
    [
      'has another host key',
      (reader) => ({ host_key: publicHalf(join(reader.home, 'other')) }),
      'denied',
      /not the one that is pinned; it shows SHA256:/,
    ],
    [
      'has a host key of another type',
      () => ({ host_key: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQC7' }),
      'denied',
      /not the one that is pinned/,
    ],
    ['has no rsync', (reader) => reader.allow('no-such-program'), 'missing', /has no rsync/],
    ['greets', (reader) => reader.allow('echo hello'), 'config', /answers that is no rsync/],
    ['only lets read', (reader) => reader.allow(`rrsync -ro "${reader.directory}"`), 'denied', /read-only/],
    [
      'has no such directory',
      (reader) => rmSync(reader.directory, { recursive: true }),
      'missing',
      /our days is not there/,
    ],
    [
      'is told a key that is none',
      (reader) => writeFileSync(join(reader.home, 'id'), 'no key\n'),
      'config',
      /private key .* cannot be used/,
    ],
    [
      'is told a key that others may read',
      (reader) => chmodSync(join(reader.home, 'id'), 0o640),
      'denied',
      /others may read it/,
    ],
    ['is told a key that is gone', (reader) => rmSync(join(reader.home, 'id')), 'missing', /it is not there/],
    ['is told no key', () => ({ identity: undefined }), 'config', /no private key is named/],
  ];
  test.each(refusals)(
    'over ssh that %s is an error at once, in a dry run as well',
    async (_, spoil, kind, message) => {
      await using reader = await TestReader.ssh();
      await using world = new ShipWorld(reader);
      const keys = spoil(reader);
      if (typeof keys === 'object') world.settle(keys);
      for (const args of [['--dry-run'], []]) {
        const ended = await world.ship(args);
        expect(ended).toMatchObject({
          exitCode: 1,
          shipment: { state: 'failed', error: { kind, message: expect.stringMatching(message) as string } },
          findings: [{ kind, hint: expect.any(String) as string }],
        });
        expect(ended.stderr).not.toMatch(/ at .*\.ts:/);
      }
      expect(Object.keys(world.written())).toHaveLength(3);
    },
  );

  const daemons: [
    string,
    Parameters<typeof TestReader.daemon>[0],
    Record<string, unknown>,
    string,
    RegExp,
  ][] = [
    [
      'has another password',
      { lines: 'secrets file = /dev/null' },
      {},
      'denied',
      /refuses our user or password/,
    ],
    [
      'wants a password that we have not',
      {},
      { password_file: undefined },
      'denied',
      /refuses our user or password/,
    ],
    ['is read-only', { lines: 'read only = yes' }, {}, 'denied', /read-only/],
    ['refuses checksums', { lines: 'refuse options = checksum' }, {}, 'denied', /refuses --checksum/],
    [
      'does not take us',
      { lines: 'hosts allow = 10.9.9.9' },
      {},
      'denied',
      /takes nothing from this machine/,
    ],
    ['has no such path', { lines: 'path = /nowhere' }, {}, 'missing', /is not there/],
    ['may not write', { lines: 'uid = nobody\ngid = nogroup' }, {}, 'denied', /may not write/],
  ];
  test.each(daemons)('a daemon that %s is an error at once', async (name, module, keys, kind, message) => {
    if (name === 'may not write' && !isRoot) return;
    await using reader = await TestReader.daemon(module);
    await using world = new ShipWorld(reader, { keys });
    expect(await world.ship()).toMatchObject({
      exitCode: 1,
      shipment: { state: 'failed', error: { kind, message: expect.stringMatching(message) as string } },
      findings: [{ kind, hint: expect.any(String) as string }],
    });
    expect(reader.visible()).toEqual({});
  });

  test('without rsync or ssh here, says which package has it', async () => {
    await using reader = await TestReader.ssh();
    await using world = new ShipWorld(reader);
    const bin = join(world.home, 'bin');
    mkdirSync(bin);
    for (const [program, message] of [
      ['none', /rsync: it is not installed/],
      ['rsync', /ssh is not installed here/],
    ] as const) {
      if (program === 'rsync') symlinkSync('/usr/bin/rsync', join(bin, program));
      expect(await world.ship([], { environment: { PATH: bin } })).toMatchObject({
        exitCode: 1,
        shipment: {
          state: 'failed',
          error: { kind: 'missing', message: expect.stringMatching(message) as string },
        },
      });
    }
  });

  test.skipIf(!isRoot)(
    'that is full takes nothing half, and the rest goes on when there is room (needs root)',
    async () => {
      await using reader = await TestReader.ssh();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'none', reader.directory]);
      onTestFinished(() => void execFileSync('umount', ['-l', reader.directory]));
      await using world = new ShipWorld(reader, { days: 4, sizeBytes: 100_000 });
      expect(await world.ship()).toMatchObject({
        exitCode: 1,
        shipment: {
          state: 'failed',
          error: { kind: 'io', message: expect.stringMatching(/no space left|it is full/) as string },
        },
      });
      expect(world.written()).toMatchObject(reader.visible());
      execFileSync('mount', ['-o', 'remount,size=3m', reader.directory]);
      expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { state: 'shipped' } });
      expect(reader.visible()).toEqual(world.written());
    },
  );

  test('that has a directory in the place of a document keeps it, and all others arrive', async () => {
    await using reader = await TestReader.ssh();
    await using world = new ShipWorld(reader);
    mkdirSync(join(reader.directory, '2026-01-02.json', 'theirs'), { recursive: true });
    expect(await world.ship()).toMatchObject({
      exitCode: 1,
      shipment: { state: 'failed', pending: ['2026-01-02.json'], error: { kind: 'io' } },
    });
    expect(Object.keys(reader.visible())).toEqual(['2026-01-01.json', '2026-01-03.json']);
    expect(readdirSync(join(reader.directory, '2026-01-02.json'))).toEqual(['theirs']);
  });

  test('that says yes and keeps nothing is not believed', async () => {
    await using reader = await TestReader.ssh();
    await using world = new ShipWorld(reader);
    // It takes everything, with an exit code of 0, and somewhere else.
    const elsewhere = join(reader.home, 'elsewhere');
    mkdirSync(elsewhere);
    reader.allow(
      `set -- $SSH_ORIGINAL_COMMAND; case "$3" in -n*) cd "${reader.directory}";; *) cd "${elsewhere}";; esac; exec rsync --server $3 $4 $5 $6 $7 . .`,
    );
    const ended = await world.ship();
    expect(ended).toMatchObject({
      exitCode: 1,
      shipment: {
        state: 'failed',
        sent: [],
        error: { kind: 'io', message: expect.stringMatching(/says that it took everything/) as string },
      },
    });
    expect(Object.keys(reader.visible())).toEqual([]);
  });
});

describe.skipIf(missing.length > 0)(
  `a transfer that is cut (needs ${missing.join(', ') || 'nothing more'})`,
  () => {
    /** Everything that anybody could see at the reader is a whole document, old or new. */
    function requireWhole(reader: TestReader, ...versions: Record<string, string>[]): void {
      for (const [name, text] of Object.entries(reader.visible()))
        expect(versions.map((version) => version[name])).toContain(text);
    }

    const cuts: [string, (reader: TestReader, pid: number) => void][] = [
      ['the receiver is killed', (reader) => reader.killSessions()],
      ['we are killed', (_, pid) => void process.kill(pid, 'SIGKILL')],
      ['we are told to stop', (_, pid) => void process.kill(pid, 'SIGTERM')],
    ];
    test.each(cuts)(
      'half-way, where %s: no half document is ever seen, and the next run goes on',
      async (how, cut) => {
        await using reader = await TestReader.ssh();
        await using world = new ShipWorld(reader, { days: 5, sizeBytes: 400_000 });
        expect(await world.ship()).toMatchObject({ exitCode: 0 });
        const before = world.written();
        world.change('UPDATE day SET text = hex(randomblob(200000))');
        world.settle({ limit: '150 kB/s' }); // slower than anybody could miss
        let pid = 0;
        let cutting = false;
        reader.onArriving(() => {
          cutting = true;
          expect(processesIn(world.home)).not.toEqual([]);
          requireWhole(reader, before);
          cut(reader, pid);
        });
        const ended = await world.shipBy(async (line) => {
          const { onStart } = { onStart: (started: number) => void (pid = started) };
          return runAsProcess(world, line, onStart);
        }, []);
        expect(cutting).toBe(true);
        if (how === 'the receiver is killed')
          expect(ended).toMatchObject({ exitCode: 0, shipment: { state: 'queued', sent: [] } });
        else expect(ended.signal).toBe(how === 'we are killed' ? 'SIGKILL' : 'SIGTERM');
        if (how === 'we are told to stop') {
          expect(ended.stderr).toContain('the next run ships what the reader lacks');
          await expect.poll(() => processesIn(world.home), { timeout: 10_000 }).toEqual([]);
        }
        requireWhole(reader, before, world.written());
        world.settle();
        expect(await world.ship()).toMatchObject({ exitCode: 0, shipment: { state: 'shipped' } });
        expect(reader.visible()).toEqual(world.written());
        expect(readdirSync(join(world.state, 'scratch'))).toEqual([]);
      },
    );
  },
);
