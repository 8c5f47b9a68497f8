// Parity, held and corrections as an operator types them, over HTTP to a receiver with a replica in a SQLite file.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { deltaPush } from '../../../jobs/delta-push.ts';
import { type DeltaSite, deltaSite, pointTo } from '../../support/delta-site.ts';
import { openHistoryDatabase } from '../../support/history-database.ts';
import { runInProcess } from '../../support/in-process.ts';
import { tunnelProxy } from '../../support/tunnel-proxy.ts';
import { TypedWorld } from '../../support/typed-world.ts';

async function site(to?: string): Promise<DeltaSite & { world: TypedWorld }> {
  const world = new TypedWorld('2026-11-28T09:00:00Z');
  onTestFinished(() => world[Symbol.asyncDispose]());
  const made = await deltaSite(world, to === undefined ? {} : { to });
  for (const command of to === undefined ? ['install', 'run'] : ['install'])
    expect(await world.run('delta-push', [command])).toMatchObject({ exitCode: 0 });
  return { world, ...made };
}

test('what differs is named with what helps, sent once more, and then equal', async () => {
  const { world, server } = await site();
  // Once everything is there, nobody is told any more that it is still on its way.
  expect((await server.replica.status()).sources.map(({ isResyncing }) => isResyncing)).toEqual([false]);
  const equal = await world.run('delta-push', ['parity', '--deep']);
  expect([equal.exitCode, equal.stdout]).toEqual([
    0,
    expect.stringContaining('all of it: 5 rows in 4 days or tables, equal everywhere'),
  ]);
  server.tampered.exec('UPDATE VISIT SET time_in = 9 WHERE id = 3');
  const differs = await world.run('delta-push', ['parity', '--repair']);
  expect([differs.exitCode, differs.stdout]).toEqual([
    1,
    expect.stringMatching(
      /VISIT of 2026-11-27 differs: 1 row \(1 here, 1 there\): 3\n.*delta-push run.*\n.*noted for the next cycle: 1 row/,
    ),
  ]);
  const noted = (): unknown =>
    JSON.parse(readFileSync(join(world.state, 'delta', 'tagtracker', 'parity.json'), 'utf8'));
  expect(noted()).toMatchObject({ deep: false, differing: 1, named: ['VISIT of 2026-11-27'] });
  expect(await world.run('delta-push', ['run'])).toMatchObject({ exitCode: 0 });
  expect(await world.run('delta-push', ['parity', '--table', 'DAY'])).toMatchObject({ exitCode: 0 });
  expect(noted()).toMatchObject({ differing: 1 }); // not all was compared
  expect(await world.run('delta-push', ['parity'])).toMatchObject({ exitCode: 0 });
  expect(noted()).toMatchObject({ differing: 0, named: [] });
});

test('what is held is listed with what helps, and what staff corrected is shown, and applied when it is asked for', async () => {
  const { world, server, app } = await site();
  await server.freeze('2026-11-26');
  await server.correct("UPDATE VISIT SET time_out = '17:30' WHERE id = 2");
  app.exec("UPDATE VISIT SET time_out = 'x' WHERE id = 1");
  expect(await world.run('delta-push', ['run'])).toMatchObject({ exitCode: 1 });
  const past = openHistoryDatabase(join(world.state, 'ops.db'));
  onTestFinished(() => past.close());
  expect(past.all('SELECT direction, subject, source, outcome, held FROM batches WHERE held > 0')).toEqual([
    { direction: 'sent', subject: 'tagtracker', source: 'laptop-1', outcome: 'applied', held: 1 },
  ]);
  const held = await world.run('delta-push', ['held']);
  expect([held.exitCode, held.stdout]).toEqual([
    0,
    expect.stringMatching(
      /VISIT of 2026-11-26: 1 change, their day is frozen .*: 1\n.*delta-receive reopen 2026-11-26/,
    ),
  ]);
  const shown = await world.run('delta-push', ['corrections']);
  expect([shown.exitCode, shown.stdout]).toEqual([0, expect.stringContaining('time_out: "" -> "17:30"')]);
  expect(await world.run('delta-push', ['corrections', '--apply'])).toMatchObject({ exitCode: 0 });
  expect(app.prepare('SELECT time_out FROM VISIT WHERE id = 2').pluck().get()).toBe('17:30');
  const again = await world.run('delta-push', ['corrections', '--apply']);
  expect(again.stdout).toContain('nothing was corrected');
  expect((await world.run('delta-push', ['parity'])).stdout).toContain(
    'cannot be compared: 1 change is held at the receiver',
  );
});

test.each([
  [['parity', '--table', 'nope'], 64, 'cannot compare the table nope: none of that name travels'],
  [['held', '--day', '27.11.'], 64, 'cannot tell which day "27.11." is'],
  [['parity', '--day', 'yesterday'], 64, 'cannot compare the day yesterday: it is no day of the calendar'],
])('%s is refused', async (args, code, message) => {
  const { world } = await site();
  const refused = await world.run('delta-push', args);
  expect([refused.exitCode, refused.stderr]).toEqual([code, expect.stringContaining(message)]);
});

test('a receiver that is out of reach is said to be so', async () => {
  const { world } = await site();
  const there = world.run('delta-push', ['held']);
  expect(await there).toMatchObject({ exitCode: 0 });
  pointTo(world, 'http://127.0.0.1:1');
  for (const command of ['held', 'parity', 'corrections']) {
    const gone = await world.run('delta-push', [command]);
    expect([command, gone.exitCode, gone.stderr]).toEqual([
      command,
      69,
      expect.stringContaining('at 127.0.0.1:1: '),
    ]);
  }
});

test('through the proxy of the environment, whose password is nowhere', async () => {
  const { world, server, port } = await site('http://reports.example:8790');
  const { port: open, asked } = await tunnelProxy({ port });
  const { port: closed } = await tunnelProxy({ answer: 'HTTP/1.1 407 No\r\n\r\n' });
  const through = (at: number) => ({ HTTP_PROXY: `http://pi:proxy-password@127.0.0.1:${at}` });
  const refused = await world.run('delta-push', ['run'], { environment: through(closed) });
  expect([refused.exitCode, refused.stdout]).toEqual([0, expect.stringContaining('the proxy answers 407')]);
  const known = [refused, await world.run('delta-push', ['held'], { environment: through(closed) })];
  const record = readFileSync(join(world.state, 'delta/tagtracker/note.json'), 'utf8');
  expect(record).toContain('the proxy answers 407');
  expect(JSON.stringify([known, record])).not.toContain('proxy-password');
  const options = { environment: through(open) };
  expect(await world.run('delta-push', ['run', '--now'], options)).toMatchObject({ exitCode: 0 });
  expect((await server.replica.status()).sources).toMatchObject([{ batches: expect.any(Number) as number }]);
  expect(asked[0]).toEqual({ target: 'reports.example:8790', identity: 'pi:proxy-password' });
});

describe('whoever waits sees how far it is', () => {
  /** A clock on which each look takes six seconds. */
  const typed = async (world: TypedWorld, args: readonly string[], attended = true) => {
    let ms = 0;
    const clock = { now: () => world.clock.now(), monotonicMs: () => (ms += 6000) };
    const ended = await runInProcess(deltaPush, args, {
      clock,
      attended,
      environment: { HOLDFAST_CONFIG: world.config },
    });
    expect(ended.exitCode, ended.stderr).toBe(0);
    return ended.stderr;
  };

  test('of a first push, of a comparison, and of rows that are sent once more', async () => {
    const { world, app } = await site();
    app.exec(
      `INSERT INTO VISIT WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i, 1, 'x' || i, '', '' FROM n`,
    );
    await typed(world, ['resync', 'VISIT']);
    const push = await typed(world, ['run']);
    // What was noted of the rows above waits beside the walk through all of them.
    expect(push).toMatch(
      /tagtracker: pushing {2}\d+ % {2}[\d,]+ of [\d,]+ rows {2}batch 1 {2}[\d.]+ kB {2}[\d.]+ k?B\/s/,
    );
    expect(push).toMatch(/batch 5 /);
    expect(await typed(world, ['parity', '--deep'])).toMatch(/comparing {2}50 % {2}\d rows? {2}VISIT/);
    expect(await typed(world, ['resync', '--day', '2026-11-27'])).toMatch(
      /tagtracker: asking what there is of 2026-11-27 {2}\d+ % {2}VISIT/,
    );
    await typed(world, ['resync', 'VISIT']);
    expect(await typed(world, ['run'], false)).toMatch(/tagtracker: pushing {2}[\d,]+ rows {2}batch \d/);
  });

  test('of a script of SQL', async () => {
    const { world } = await site();
    await typed(world, ['resync']);
    expect(await typed(world, ['export-sql', join(world.home, 'x.sql'), '--keep'])).toMatch(
      /tagtracker: writing {2}\d+ changes? /,
    );
  });
});

test.each<[readonly string[], number, RegExp]>([
  [['VISIT', '--day', '2026-11-27'], 0, /1 row of 2026-11-27, there and here, is looked at/],
  [['visit', '--day', '2026-11-27'], 0, /1 row of 2026-11-27/],
  [['--day', '2026-11-27'], 0, /2 rows of 2026-11-27/],
  [['VISIT', '--day', '2026-11-31'], 64, /it is no service day/],
  [['NOTE', '--day', '2026-11-27'], 64, /no row of NOTE has one there/],
])('resync %j says which rows travel once more', async (args, exitCode, words) => {
  const { world, app } = await site();
  app.exec('CREATE TABLE NOTE(id INTEGER PRIMARY KEY)');
  expect(await world.run('delta-push', ['run'])).toMatchObject({ exitCode: 0 });
  const { exitCode: ended, stdout, stderr } = await world.run('delta-push', ['resync', ...args]);
  expect([ended, stdout + stderr]).toEqual([exitCode, expect.stringMatching(words)]);
});

test('a column that is gone here is told once, and stands in what is asked of it', async () => {
  const { world, app } = await site();
  app.exec('ALTER TABLE VISIT DROP COLUMN time_out');
  const words = 'VISIT has no column time_out here: the receiver keeps it';
  const run = await world.run('delta-push', ['run']);
  expect([run.exitCode, run.stdout]).toEqual([1, expect.stringContaining(`WARNING: tagtracker: ${words}`)]);
  expect(await world.run('delta-push', ['run'])).toMatchObject({ exitCode: 0 });
  for (const command of ['status', 'doctor']) {
    const shown = await world.run('delta-push', [command]);
    expect([command, shown.stdout]).toEqual([command, expect.stringContaining(`  ${words}`)]);
  }
  expect(await world.run('delta-push', ['parity', '--deep'])).toMatchObject({ exitCode: 0 });
  app.exec('ALTER TABLE VISIT ADD COLUMN time_out TEXT');
  expect((await world.run('delta-push', ['run'])).stdout).not.toContain('receiver keeps');
  expect((await world.run('delta-push', ['status'])).stdout).not.toContain('time_out');
});

test.each(['run', 'held', 'parity', 'corrections', 'takeover'])(
  'without its key %s says where one is made, on the machine that makes it',
  async (command) => {
    const { world } = await site();
    rmSync(join(world.home, 'key'));
    const args = [command, ...(command === 'takeover' ? ['--yes'] : []), '--config', world.config];
    expect(await world.run('delta-push', args)).toMatchObject({
      exitCode: 66,
      stderr: expect.stringContaining(
        'hint: on the receiver: delta-receive key add laptop-1; then put what it prints into',
      ) as string,
    });
  },
);
