// What staff corrected of a frozen day comes back to the laptop once, whole or not at all, and is never sent as a change of its own.
import { describe, expect, it, onTestFinished } from 'vitest';
import { openOwn } from '../../../lib/sqlite/open.ts';
import {
  type Laptop,
  openLaptop,
  openServer,
  type Server,
  tagTrackerSchema,
} from '../../support/parity-world.ts';

const modes = ['triggers', 'diff'] as const;
const visits = (laptop: Laptop) => laptop.app.prepare('SELECT * FROM VISIT ORDER BY id').raw().all();
const logged = (laptop: Laptop) => laptop.capture.state().waiting;

/** The day is over, pushed and frozen. */
async function frozen(
  mode: (typeof modes)[number],
  sql = tagTrackerSchema,
): Promise<{ server: Server; laptop: Laptop }> {
  const server = await openServer();
  const laptop = await openLaptop(server, { mode, sql });
  await server.freeze('2026-11-26');
  return { server, laptop };
}

describe.each(modes)('changes known by %s', (mode) => {
  it('a correction is shown, applied, known as applied, and not sent back', async () => {
    const { server, laptop } = await frozen(mode);
    await server.correct(`UPDATE VISIT SET time_out = '17:30' WHERE id = 2; DELETE FROM VISIT WHERE id = 1`);
    const before = visits(laptop);
    const shown = await laptop.correct(false);
    expect(shown.map(({ state, refusal }) => [state, refusal])).toEqual([
      ['differs', undefined],
      ['differs', undefined],
    ]);
    expect(visits(laptop)).toEqual(before);
    expect((await laptop.correct(true)).map(({ state }) => state)).toEqual(['applied', 'applied']);
    expect(visits(laptop)).toEqual([
      [2, 1, 'wa2', '09:10', '17:30'],
      [3, 2, 'wa1', '08:55', '12:00'],
    ]);
    expect(await laptop.verdicts()).toEqual([]);
    expect(await laptop.correct(true)).toEqual([]);
    const results = await laptop.push();
    expect(results.map(({ applied: { upserts, deletes }, held }) => [upserts, deletes, held])).toEqual(
      results.map(() => [0, 0, {}]),
    );
    if (mode === 'triggers') expect(results).toEqual([]);
    // What the app does after it is noted as ever, also of the very rows.
    laptop.app.exec("UPDATE VISIT SET time_out = '18:00' WHERE id = 2");
    expect((await laptop.push()).map(({ held }) => held)).toEqual([{ 'frozen-day': 1 }]);
  });

  it('a row that staff added comes too, and is ours there once we have said the same', async () => {
    const { server, laptop } = await frozen(mode);
    await server.correct(`INSERT INTO VISIT(id, day_id, bike_id, time_in) VALUES(77, 1, 'wa7', '10:00')`);
    await laptop.correct(true);
    expect(visits(laptop)).toContainEqual([77, 1, 'wa7', '10:00', null]);
    expect(await laptop.verdicts()).toEqual(['VISIT 2026-11-26 not-comparable 0  1 change waits']);
    expect((await laptop.push()).map(({ applied, held }) => [applied.unchanged, held])).toEqual([[1, {}]]);
    expect(await laptop.verdicts()).toEqual([]);
  });

  it.each([
    ['is not pushed yet', async () => undefined, 'it was changed here too, and that is not pushed yet'],
    [
      'is held there',
      (laptop: Laptop) => laptop.push(),
      'it was changed here too, and that is held at the receiver',
    ],
  ])('a row whose change here %s is left alone, and with it all others', async (_, then, refusal) => {
    const { server, laptop } = await frozen(mode);
    await server.correct("UPDATE VISIT SET time_out = '17:30' WHERE id IN (1, 2)");
    laptop.app.exec("UPDATE VISIT SET time_out = '18:00' WHERE id = 2");
    await then(laptop);
    const before = visits(laptop);
    const rows = await laptop.correct(true);
    expect(rows.map(({ correction, refusal: why }) => [correction.key[0], why])).toEqual([
      [1n, undefined],
      [2n, refusal],
    ]);
    expect(visits(laptop)).toEqual(before);
    expect(laptop.capture.state().corrections).toBe(0);
  });

  it.each<[string, string, string, RegExp]>([
    ['changed here too', 'UPDATE VISIT SET time_out = ? WHERE id = 2', '18:00', /changed here too/],
    ['not taken by the app', "UPDATE VISIT SET time_in = 'never' WHERE id = ?", '2', /no such time/],
  ])(
    'where it is asked for, all are applied but a row that is %s, which is done with',
    async (why, sql, value, refusal) => {
      const guard = `CREATE TRIGGER guard BEFORE UPDATE ON VISIT WHEN NEW.time_in = 'never' BEGIN SELECT RAISE(ABORT, 'no such time'); END;`;
      const { server, laptop } = await frozen(mode, tagTrackerSchema + guard);
      await server.correct("UPDATE VISIT SET time_out = '17:30' WHERE id IN (1, 2)");
      if (why === 'changed here too') laptop.app.prepare(sql).run(value);
      else await server.correct(sql.replace('?', value));
      const [, ...others] = visits(laptop);
      const rows = await laptop.correct(true, true);
      expect(rows.map(({ state, refusal: left }) => [state, left === undefined])).toEqual([
        ['applied', true],
        ['differs', false],
      ]);
      expect(rows[1]?.refusal).toMatch(refusal);
      expect(visits(laptop)).toEqual([[1, 1, 'wa1', '09:00', '17:30'], ...others]);
      expect(await laptop.correct(true)).toEqual([]);
    },
  );

  it('values that have to be unique may be swapped', async () => {
    const { server, laptop } = await frozen(mode);
    await server.correct(
      `UPDATE VISIT SET bike_id = 'wa9' WHERE id = 1; UPDATE VISIT SET bike_id = 'wa1' WHERE id = 2`,
    );
    expect((await laptop.correct(true)).map(({ state }) => state)).toEqual(['applied', 'applied']);
    expect(await laptop.verdicts()).toEqual([]);
  });

  it.each([
    [
      'a constraint of the app',
      "UPDATE VISIT SET bike_id = 'wa1' WHERE id = 2",
      'VISIT 2: UNIQUE constraint failed',
    ],
    [
      'what other rows refer to',
      'DELETE FROM DAY WHERE id = 1',
      'its own rules do not allow them (FOREIGN KEY constraint failed)',
    ],
    ['a trigger of the app', "UPDATE VISIT SET time_in = 'never' WHERE id = 2", 'VISIT 2: no such time'],
  ])('%s is respected, and nothing is changed', async (_, sql, cause) => {
    const guard = `CREATE TRIGGER guard BEFORE UPDATE ON VISIT WHEN NEW.time_in = 'never' BEGIN SELECT RAISE(ABORT, 'no such time'); END;`;
    const { server, laptop } = await frozen(mode, tagTrackerSchema + guard);
    await server.correct(`UPDATE VISIT SET time_out = '17:30' WHERE id = 1`);
    await server.correct(sql);
    const before = visits(laptop);
    await expect(laptop.correct(true)).rejects.toThrow(cause);
    expect(visits(laptop)).toEqual(before);
    expect([logged(laptop), laptop.capture.state().corrections]).toEqual([0, 0]);
  });

  it('what a trigger of the app makes of it further, or of other rows, travels as any change', async () => {
    const sql = `${tagTrackerSchema}
      CREATE TABLE total(id INTEGER PRIMARY KEY, changes); INSERT INTO total VALUES(1, 0);
      CREATE TRIGGER touch AFTER UPDATE OF time_out ON VISIT WHEN NEW.time_in NOT LIKE '%!' BEGIN
        UPDATE VISIT SET time_in = time_in || '!' WHERE id = NEW.id AND id = 2;
        UPDATE total SET changes = changes + 1; END;`;
    const { server, laptop } = await frozen(mode, sql);
    await server.correct("UPDATE VISIT SET time_out = '17:30' WHERE id IN (1, 2)");
    expect((await laptop.correct(true)).map(({ state }) => state)).toEqual(['applied', 'changed-further']);
    const results = await laptop.push();
    const sum = (name: 'upserts' | 'unchanged') =>
      results.reduce((all, { applied }) => all + applied[name], 0);
    expect([sum('upserts'), sum('unchanged'), results[0]?.held]).toEqual([1, 0, { 'frozen-day': 1 }]);
  });

  it('a locked database is left as it is, and it is said who is asked to let go', async () => {
    const { server, laptop } = await frozen(mode);
    await server.correct("UPDATE VISIT SET time_out = '17:30' WHERE id = 1");
    const other = openOwn(laptop.path);
    onTestFinished(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    await expect(laptop.correct(true)).rejects.toMatchObject({
      kind: 'unavailable',
      hint: 'nothing was changed; run it again once the app has let go of its database',
    });
    other.exec('ROLLBACK');
    expect((await laptop.correct(true)).map(({ state }) => state)).toEqual(['applied']);
  });

  it.each([
    [
      'another column',
      'ALTER TABLE VISIT ADD COLUMN extra',
      'its table has other columns here than at the receiver',
    ],
    ['no such table', 'DROP TABLE VISIT', 'there is no such table here, or it does not travel'],
  ])('where the schema has %s here, nothing is done', async (_, change, refusal) => {
    const { server, laptop } = await frozen(mode);
    await server.correct("UPDATE VISIT SET time_out = '17:30' WHERE id = 1");
    laptop.app.exec(change);
    laptop.capture.check();
    expect((await laptop.correct(true)).map((row) => row.refusal)).toEqual([refusal]);
  });
});

it('what is changed and what is remembered of it are one: where it cannot be remembered, nothing is changed', async () => {
  const { server, laptop } = await frozen('triggers');
  await server.correct("UPDATE VISIT SET time_out = '17:30' WHERE id = 2");
  const before = visits(laptop);
  laptop.app.exec(
    `CREATE TRIGGER full BEFORE UPDATE OF corrections ON _holdfast_delta BEGIN SELECT RAISE(ABORT, 'full'); END`,
  );
  await expect(laptop.correct(true)).rejects.toThrow('full');
  expect([visits(laptop), logged(laptop)]).toEqual([before, 0]);
  laptop.app.exec('DROP TRIGGER full');
  expect((await laptop.correct(true)).map(({ state }) => state)).toEqual(['applied']);
});

it('is put back with the database, and then comes once more', async () => {
  const { server, laptop } = await frozen('triggers');
  await server.correct("UPDATE VISIT SET time_out = '17:30' WHERE id = 2");
  await laptop.correct(true);
  expect(laptop.capture.state().corrections).toBe(1);
  laptop.app.exec(
    "UPDATE _holdfast_delta SET corrections = 0; UPDATE VISIT SET time_out = '' WHERE id = 2; DELETE FROM _holdfast_log WHERE t > 0",
  );
  expect((await laptop.correct(true)).map(({ state }) => state)).toEqual(['applied']);
  expect((await laptop.correct(true)).map(({ state }) => state)).toEqual([]);
});

it('killed between the database and what is remembered of it, the same rows are found to be as they should', async () => {
  const { server, laptop } = await frozen('diff');
  await server.correct("UPDATE VISIT SET time_out = '17:30' WHERE id = 2");
  laptop.app.exec("UPDATE VISIT SET time_out = '17:30' WHERE id = 2");
  expect((await laptop.correct(true)).map(({ state }) => state)).toEqual(['same']);
  expect(laptop.capture.state().corrections).toBe(1);
  expect((await laptop.push()).map(({ applied: { upserts }, held }) => [upserts, held])).toEqual([[0, {}]]);
});
