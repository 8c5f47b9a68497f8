// The commands as processes: where they print, how they end.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../support/history-rows.ts';
import { processesWith } from '../support/reading-processes.ts';
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

describe('a mistake of ours that nobody waits for', () => {
  test.each([
    ['throw', 'put in order\n', /mistake in Holdfast: nobody waits for this\n[^]*TypeError: nobody[^]* at /],
    ['stall', '', /mistake in Holdfast: the work stands still/],
    ['stall-beside-a-spare', '', /mistake in Holdfast: the work stands still/],
  ])('is exit code 70, and no end in the middle: %s', async (command, stdout, says) => {
    await using world = new World();
    world.configure();
    const fixture = resolve(import.meta.dirname, '../support/run-going-wrong.ts');
    const environment = { HOLDFAST_CONFIG: world.config };
    const ended = await runProgram(process.execPath, [fixture, command], { environment });
    expect(ended).toMatchObject({ exitCode: 70, stdout, stderr: expect.stringMatching(says) });
    expect(ended.stderr).not.toMatch(/unsettled/);
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
      expect(runsOf(world)).toEqual([
        { command: 'backup', outcome: 'interrupted', exit_code: expect.any(Number) },
      ]);
    },
  );
});

describe('a process that was started to read rows is not left behind', () => {
  const mark = 'HOLDFAST_TEST_MARK=spare';
  const [name, value] = mark.split('=') as [string, string];
  const plain = { app: '', database: true };
  test.each([
    [
      'by a run that ends well',
      'run',
      0,
      { ...plain, app: '[apps.bookings.export]\ndirectory = "DOCUMENTS"' },
    ],
    ['by settings that are wrong', 'run', 78, { ...plain, app: 'nothing = ["of this"]' }],
    ['where no documents are made', 'status', 78, plain],
    [
      'where there is no database',
      'run',
      66,
      { app: '[apps.bookings.export]\ndirectory = "DOCUMENTS"', database: false },
    ],
  ])('%s', async (_, command, exitCode, { app, database }) => {
    await using world = new World();
    const documents = join(world.home, 'documents');
    mkdirSync(documents);
    world.configure({ app: app.replace('DOCUMENTS', documents) });
    if (database) makeBookings(world.database);
    const environment = { [name]: value, HOLDFAST_CONFIG: world.config };
    // Nobody waits for streams that such a process may hold open.
    const child = spawn(join(bin, 'db-export-json'), [command], {
      env: { ...process.env, ...environment },
      stdio: 'ignore',
    });
    expect(await once(child, 'exit')).toEqual([exitCode, null]);
    expect(processesWith(mark)).toEqual([]);
  });
});
