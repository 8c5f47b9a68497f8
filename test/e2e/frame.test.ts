// The commands as processes: what they print, how they end.
import { mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeBookings, runProgram, World } from '../support/world.ts';

const bin = resolve(import.meta.dirname, '../../bin');

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
    expect(json.result.apps[0].value.taken_at).toMatch(/Z$/);
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
