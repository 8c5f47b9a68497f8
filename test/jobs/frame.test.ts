// What a run leaves beside its result: its log, for a person or for the journal, and its row in the history.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runsOf } from '../support/history-rows.ts';
import { TypedWorld } from '../support/typed-world.ts';
import { makeBookings } from '../support/world.ts';

test('the log has priorities for the journal', async () => {
  await using world = new TypedWorld();
  world.configure();
  const { stderr } = await world.run('db-backup', ['backup'], { environment: { JOURNAL_STREAM: '8:1' } });
  expect(stderr).toMatch(/^<3>error: cannot read the database/m);
});

describe('the history', () => {
  test('has a row for each run with how it ended, and none for those that only look', async () => {
    await using world = new TypedWorld();
    world.configure();
    await world.run('db-backup', ['backup']);
    makeBookings(world.database);
    await world.run('db-backup', ['backup']);
    await world.run('db-backup', ['info']);
    expect(runsOf(world)).toEqual([
      { command: 'backup', outcome: 'failed', exit_code: 66 },
      { command: 'backup', outcome: 'done', exit_code: 0 },
    ]);
  });

  test('that is damaged is set aside, and the backup is made', async () => {
    await using world = new TypedWorld();
    world.configure();
    makeBookings(world.database);
    mkdirSync(world.state);
    writeFileSync(
      join(world.state, 'ops.db'),
      'this is no database at all, but long enough to be read as one'.repeat(40),
    );
    expect(await world.run('db-backup', ['backup'])).toMatchObject({ exitCode: 0 });
    expect(readdirSync(world.state)).toContainEqual(expect.stringMatching(/^ops\.db\.damaged-/));
  });
});
