// The executables themselves: where they start from, what they print, how they end.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeBookings, runProgram, World } from '../support/world.ts';

const bin = resolve(import.meta.dirname, '../../bin');

describe('the launcher', () => {
  test('works from any directory and through symbolic links', async () => {
    await using world = new World();
    symlinkSync(join(bin, 'db-backup'), join(world.home, 'first'));
    symlinkSync(join(world.home, 'first'), join(world.home, 'second'));
    const { exitCode, stdout } = await runProgram(join(world.home, 'second'), ['--help'], { cwd: '/proc' });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Usage: db-backup');
  });

  test('uses the pinned Node, whatever Node is on the PATH', async () => {
    await using world = new World();
    makeBookings(world.database, { rows: 3 });
    world.configure();
    mkdirSync(join(world.home, 'old'));
    writeFileSync(join(world.home, 'old/node'), '#!/bin/sh\necho "this is Node 20" >&2\nexit 1\n');
    chmodSync(join(world.home, 'old/node'), 0o755);
    const { exitCode, stderr } = await world.run('db-backup', ['backup'], {
      environment: { PATH: `${join(world.home, 'old')}:/usr/bin:/bin` },
    });
    expect(exitCode, stderr).toBe(0);
  });

  test('says how to install what is not installed', async () => {
    await using world = new World();
    mkdirSync(join(world.home, 'copy/bin'), { recursive: true });
    copyFileSync(join(bin, 'db-backup'), join(world.home, 'copy/bin/db-backup'));
    const { exitCode, stderr } = await runProgram(join(world.home, 'copy/bin/db-backup'), ['--help']);
    expect(exitCode).toBe(78);
    expect(stderr).toContain('npm ci');
  });

  test('keeps compiled code out of shared temporary directories', async () => {
    await using world = new World();
    await runProgram(join(bin, 'db-backup'), ['--help'], { environment: { TMPDIR: world.home } });
    expect(execFileSync('ls', ['-A', world.home], { encoding: 'utf8' }).trim()).toBe('app');
  });
});

describe('what is printed', () => {
  test('is one JSON object on stdout and the log on stderr', async () => {
    await using world = new World();
    world.configure();
    makeBookings(world.database);
    const { json, stderr } = await world.runJson('db-backup', ['backup']);
    expect(json).toMatchObject({
      ok: true,
      job: 'db-backup',
      command: 'backup',
      run_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(json.result.apps[0].value.manifest.taken_at).toMatch(/Z$/);
    expect(stderr).toContain('backed up');
    const quiet = await world.run('db-backup', ['backup', 'another', '--quiet']);
    expect(quiet.stderr).toBe('');
  });

  test('has priorities for the journal', async () => {
    await using world = new World();
    world.configure();
    const { stderr } = await world.run('db-backup', ['backup'], { environment: { JOURNAL_STREAM: '8:1' } });
    expect(stderr).toMatch(/^<3>error: cannot read the database/m);
  });

  test('may be cut off by a reader that has seen enough', async () => {
    await using world = new World();
    world.configure();
    makeBookings(world.database);
    await world.run('db-backup', ['backup']);
    const { stderr } = await runProgram('/bin/sh', ['-c', `${join(bin, 'db-backup')} list-backups | true`], {
      environment: { HOLDFAST_CONFIG: world.config },
    });
    expect(stderr).not.toContain('EPIPE');
  });
});

describe('the history', () => {
  test('has a row for each run with how it ended, and none for those that only look', async () => {
    await using world = new World();
    world.configure();
    await world.run('db-backup', ['backup']);
    makeBookings(world.database);
    await world.run('db-backup', ['backup']);
    await world.run('db-backup', ['info']);
    const rows = execFileSync(
      'sqlite3',
      [join(world.state, 'ops.db'), 'SELECT command, outcome, exit_code FROM runs ORDER BY started_at'],
      { encoding: 'utf8' },
    );
    expect(rows.trim().split('\n')).toEqual(['backup|failed|66', 'backup|done|0']);
  });

  test('that is damaged is set aside, and the backup is made', async () => {
    await using world = new World();
    world.configure();
    makeBookings(world.database);
    mkdirSync(world.state);
    writeFileSync(
      join(world.state, 'ops.db'),
      'this is no database at all, but long enough to be read as one'.repeat(40),
    );
    const { exitCode } = await world.run('db-backup', ['backup']);
    expect(exitCode).toBe(0);
    expect(execFileSync('ls', [world.state], { encoding: 'utf8' })).toContain('ops.db.damaged-');
  });
});

describe('being told to stop', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s ends by that signal and says what was left',
    async (signal) => {
      await using world = new World();
      world.configure({
        app: 'stop = "true"\nstart = "true"\nhealth = { command = "false", timeout_seconds = 1 }',
      });
      makeBookings(world.database, { rows: 20_000 });
      let sent = false;
      const ended = await world.run('db-backup', ['backup', '--verbose'], {
        onOutput: (text, pid) => {
          // The log line comes after the copy and before the proof, which takes a while for so many rows.
          if (!sent && text.includes('snapshot taken')) process.kill(pid, signal);
          sent ||= text.includes('snapshot taken');
        },
      });
      expect(sent).toBe(true);
      expect(ended.signal).toBe(signal);
      expect(ended.stderr).toMatch(new RegExp(`stopped by ${signal}: `));
      const wholeOrNothing = world.stored().map((name) => name.replace(/^.*\./, ''));
      expect([[], ['db', 'json']]).toContainEqual(wholeOrNothing);
      const left = execFileSync('find', [world.home, '-name', '.holdfast-*-*'], { encoding: 'utf8' });
      expect(left).toBe('');
      const outcome = execFileSync('sqlite3', [join(world.state, 'ops.db'), 'SELECT outcome FROM runs'], {
        encoding: 'utf8',
      });
      expect(outcome.trim()).toBe('interrupted');
    },
  );
});

test('the launchers are readable: short, and they say what they do', () => {
  const text = readFileSync(join(bin, 'db-backup'), 'utf8');
  expect(text.split('\n').length).toBeLessThan(20);
});
