// How old the newest of what other tools make is: files as they lie there, and units as systemd tells of them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { freshnessCheck } from '../../../lib/health/freshness.ts';
import { freshnessProbe } from '../../../lib/probe/freshness.ts';
import { scratch } from '../../support/scratch.ts';
import { probeWorld } from './context.ts';

const now = Date.parse('2026-11-28T03:00:00Z') / 1000;

function put(path: string, { hours, bytes = 10 }: { hours: number; bytes?: number }): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.alloc(bytes));
  utimesSync(path, now - hours * 3600, now - hours * 3600);
}

async function ask(path: string, more = '') {
  const world = probeWorld(`[health.freshness.things.copy]\npath = ${JSON.stringify(path)}\n${more}\n`);
  return world.ask(freshnessCheck, freshnessProbe, 'copy');
}

describe('files', () => {
  test.each<[what: string, files: Record<string, number>, more: string, verdict: string, message: RegExp]>([
    ['the newest counts', { 'a.db': 50, 'b.db': 2, 'c.db': 70 }, '', 'ok', /\/b\.db is 2 h old, 10 B$/],
    ['all of them are old', { 'a.db': 50, 'b.db': 40 }, '', 'warning', /\/b\.db is 1 d 16 h old/],
    ['none', {}, '', 'critical', /holds no file$/],
    ['below it does not count', { 'x/a.db': 1 }, '', 'critical', /holds no file$/],
    ['unless that was said', { 'x/y/a.db': 1 }, 'depth = 3', 'ok', /\/x\/y\/a\.db is 1 h old/],
    ['the end of a name', { 'a.tmp': 1, 'b.db': 40 }, 'suffix = ".db"', 'warning', /b\.db is/],
    ['no file that ends so', { 'a.tmp': 1 }, 'suffix = ".db"', 'critical', /no file that ends in \.db$/],
    ['too small', { 'a.db': 1 }, 'min_size = "100 MB"', 'critical', /has only 10 B, and should have 100 MB/],
    ['a name with a line end', { 'a\nb.db': 1, 'c.db': 9 }, '', 'ok', /is 1 h old/],
    ['a name like an option', { '-rf': 1 }, '', 'ok', /\/-rf is 1 h old/],
    ['a name with words and stars', { "a '*$(id) b": 1 }, '', 'ok', /\$\(id\) b is 1 h old/],
  ])('%s', async (_, files, more, verdict, message) => {
    const directory = join(scratch(), "it's a $(place)");
    mkdirSync(directory);
    for (const [name, hours] of Object.entries(files)) put(join(directory, name), { hours });
    expect(await ask(directory, more)).toMatchObject({
      verdict,
      message: expect.stringMatching(message) as string,
    });
  });

  test('one that is named, and the same through a link', async () => {
    const path = join(scratch(), 'copy.db');
    put(path, { hours: 40, bytes: 1000 });
    expect(await ask(path)).toMatchObject({
      verdict: 'warning',
      message: `${path} is 1 d 16 h old, 1 kB`,
      measures: { size_bytes: 1000 },
    });
    symlinkSync(path, `${path}.link`);
    expect((await ask(`${path}.link`)).message).toBe(`${path}.link is 1 d 16 h old, 1 kB`);
    put(path, { hours: 1 });
    expect(await ask(path)).toMatchObject({ verdict: 'ok' });
  });

  test('one that is not there', async () => {
    const path = join(scratch(), 'copy.db');
    expect(await ask(path)).toMatchObject({ verdict: 'critical', message: `${path} is not there` });
    symlinkSync('/nowhere', path);
    expect(await ask(path)).toMatchObject({ verdict: 'critical' });
  });

  test('a pipe is no file, and nobody waits for it', async () => {
    const path = join(scratch(), 'pipe');
    execFileSync('mkfifo', [path]);
    expect(await ask(path)).toMatchObject({ verdict: 'critical', message: `${path} holds no file` });
  });

  test('thousands of them', async () => {
    const directory = scratch();
    for (let i = 0; i < 3000; i += 1) put(join(directory, `${'long'.repeat(30)}-${i}`), { hours: 100 + i });
    expect((await ask(directory)).message).toMatch(/-0 is 4 d 4 h old/);
  });
});

describe('units', () => {
  /** systemd, as it answers one after the other. */
  function world(...answers: Record<string, string>[]) {
    const command: CommandRunner = (program, args) => {
      expect([program, ...args]).toEqual(
        expect.arrayContaining(['systemctl', 'show', '--', 'restic.service']),
      );
      const shown = {
        LoadState: 'loaded',
        ActiveState: 'inactive',
        SubState: 'dead',
        Result: 'success',
        ...answers.shift(),
      };
      const stdout = Object.entries(shown).map(([key, value]) => `${key}=${value}\n`);
      return Promise.resolve({ exitCode: 0, stdout: stdout.join(''), stderr: '' });
    };
    const made = probeWorld('[health.freshness.things.restic]\nunit = "restic.service"\n', { command });
    return { ...made, ask: () => made.ask(freshnessCheck, freshnessProbe, 'restic') };
  }
  const ended = (time: string) => ({ ExecMainExitTimestamp: time });
  const yesterday = ended('Fri 2026-11-27 02:00:05 UTC');

  test('a good end, and what came after it', async () => {
    const { ask, clock } = world(
      yesterday,
      { ...ended('Sat 2026-11-28 02:00:05 UTC'), Result: 'exit-code', ActiveState: 'failed' },
      { ...ended(''), ActiveState: 'activating', SubState: 'start' },
      {}, // the machine was started anew
      {},
      ended('Sat 2026-11-28 20:00:00 UTC'),
    );
    expect(await ask()).toMatchObject({ verdict: 'ok', message: 'restic.service ended well 1 d ago' });
    expect((await ask()).message).toBe(
      'restic.service ended well 1 d ago; its newest run failed (exit-code)',
    );
    expect((await ask()).message).toBe('restic.service ended well 1 d ago');
    clock.advance(10 * 3_600_000);
    expect(await ask()).toMatchObject({ verdict: 'ok' });
    clock.advance(2 * 3_600_000);
    expect(await ask()).toMatchObject({
      verdict: 'warning',
      message: 'restic.service ended well 1 d 12 h ago',
    });
    clock.advance(8 * 3_600_000);
    expect(await ask()).toMatchObject({ verdict: 'ok', message: 'restic.service ended well 3 h ago' });
  });

  test('one that never ran is told when it was watched long enough', async () => {
    const { ask, clock } = world({}, {}, {});
    expect(await ask()).toMatchObject({ verdict: 'ok' });
    clock.advance(35 * 3_600_000);
    expect(await ask()).toMatchObject({ verdict: 'ok' });
    clock.advance(3_600_000);
    expect(await ask()).toMatchObject({ verdict: 'warning' });
  });

  test.each([
    ['a service that runs', { ActiveState: 'active', SubState: 'running' }, 'ok', /runs$/],
    ['a mount', { ActiveState: 'active', SubState: 'mounted' }, 'ok', /runs$/],
    [
      'one that remains when it ended',
      { ActiveState: 'active', SubState: 'exited', ...yesterday },
      'ok',
      /ended well 1 d ago/,
    ],
    ['one that nobody knows', { LoadState: 'not-found' }, 'unknown', /there is no unit restic\.service/],
    ['one with a broken time', ended('n/a'), 'ok', /has not ended well since it is watched/],
  ])('%s', async (_, shown, verdict, message) =>
    expect(await world(shown).ask()).toMatchObject({
      verdict,
      message: expect.stringMatching(message) as string,
    }),
  );
});
