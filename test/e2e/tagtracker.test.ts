// A season of TagTracker as its example has it: a laptop at the bicycle stands, the reporting server with its own loader, and a link that
// is up one minute in ten. What is typed is what etc/examples/tagtracker/README.md says.
import Database from 'better-sqlite3';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differencesBetween } from '../support/delta-compare.ts';
import { missingForReaders } from '../support/reader.ts';
import { TagtrackerWorld } from '../support/tagtracker-world.ts';
import { example, savedDay } from '../support/tagtracker.ts';

const missing = missingForReaders();
const dateOf = (index: number) => savedDay(index).date;
const fileOf = (index: number) => `bike_rack_${dateOf(index)}.json`;

describe.skipIf(missing.length > 0)(`TagTracker (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let tt: TagtrackerWorld;
  const laptop = (...words: [string, ...string[]]) => tt.typed('laptop', ...words);
  const server = (...words: string[]) => tt.typed('server', 'delta-receive', ...words);
  /** Rows of ours that are not as they are on the other side. */
  const differences = () => differencesBetween(tt.database, tt.replica);
  const count = (sql: string, path = tt.database) => {
    const database = new Database(path, { readonly: true });
    const found = database.prepare(sql).pluck().get();
    database.close();
    return found;
  };
  beforeAll(async () => {
    tt = new TagtrackerWorld();
    await tt.setUp();
  });
  afterAll(() => tt[Symbol.asyncDispose]());

  test('in spring the app saves files; a database follows them for a week before it may take over', async () => {
    await laptop('db-backup', 'init');
    for (let day = 0; day <= 8; day += 1) {
      tt.save(day, 'file');
      if (day === 0) continue;
      tt.evening(day);
      await laptop('db-export-json', 'run');
      expect(count('SELECT count(*) FROM day')).toBe(day + 1);
      if (day !== 4) continue;
      const early = await tt.type('laptop', 'db-export-json', 'promote', '--reason', 'it is spring');
      expect(early).toMatchObject({
        exitCode: 73,
        stderr: expect.stringContaining('7 are wanted') as string,
      });
    }
    const saved = tt.fingerprints();
    await laptop('db-export-json', 'promote', '--reason', 'the app writes both since 0.9');

    // Both are written now. A day of which the app has written one side only is told, and nothing is promoted over it.
    tt.evening(9);
    tt.save(9, 'file');
    expect(await tt.type('laptop', 'db-export-json', 'run')).toMatchObject({ exitCode: 1 });
    expect(await tt.type('laptop', 'db-export-json', 'promote', '--reason', 'too soon')).toMatchObject({
      exitCode: 73,
    });
    tt.save(9, 'rows');
    await laptop('db-export-json', 'promote', '--reason', 'a week without a difference');
    await laptop('db-export-json', 'demote', '--reason', 'one more look');
    await laptop('db-export-json', 'promote', '--reason', 'it was well');
    tt.configure('database');

    // From here on the app writes rows alone; what it has saved itself is what we would write, byte for byte.
    tt.save(10, 'rows');
    expect(await laptop('db-export-json', 'run')).toContain('1 new, 0 changed');
    expect([...tt.fingerprints()].filter(([day, md5]) => saved.has(day) && saved.get(day) !== md5)).toEqual(
      [],
    );
  });

  test('in the evening the days are shipped whole: the loader takes each once, and never a half', async () => {
    await laptop('db-export-json', 'run', '--ship');
    expect(tt.load()).toMatchObject({ loaded: { length: 11 }, refused: [] });
    expect(tt.loader.look('SELECT count(*) FROM VISIT')).toEqual([count('SELECT count(*) FROM visit')]);
    tt.loader.setTemperature(dateOf(4), 21.5);

    // Somebody copies a file there by hand, and only half of it arrives.
    const there = join(tt.reader.directory, fileOf(5));
    writeFileSync(there, readFileSync(there).subarray(0, 100));
    expect(tt.load()).toMatchObject({ loaded: [], known: { length: 10 }, refused: [fileOf(5)] });
    const mended = await tt.type('laptop', 'db-export-json', 'run', '--ship', '--look');
    expect(mended).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining(`${fileOf(5)} is gone or altered`) as string,
    });
    expect(tt.load()).toMatchObject({ loaded: [], known: { length: 11 } });

    // A late entry is one file, and one day to load; what the server knew of that day it still knows.
    tt.app(`UPDATE day SET registrations = 41 WHERE date = '${dateOf(4)}'`);
    await laptop('db-export-json', 'run', '--ship');
    expect(tt.load()).toMatchObject({ loaded: [fileOf(4)], known: { length: 10 } });
    expect(
      tt.loader.look('SELECT bikes_registered, max_temperature FROM DAY WHERE date = ?', dateOf(4)),
    ).toEqual([41, 21.5]);
    expect(await laptop('db-backup', 'run')).toContain('integrity ok');
  });

  test('the link is up one minute in ten, and goes before an answer: all arrives, in order and once', async () => {
    expect(await laptop('delta-push', 'install', '--app', 'tagtracker')).not.toMatch(/WARNING/);
    await laptop('delta-push', 'run');
    expect(differences()).toEqual([]);
    tt.save(11, 'rows');
    for (let minute = 1; minute <= 20; minute += 1) {
      tt.link.state = minute === 10 ? 'gone-before-answer' : minute === 20 ? 'up' : 'down';
      const before = tt.link.tries;
      tt.app(`WITH RECURSIVE tag (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM tag WHERE n < ${minute === 10 ? 1400 : 30})
        INSERT INTO visit SELECT '${dateOf(11)}', 'm' || char(96 + ${minute}) || n, 'regular', printf('%02d:%02d:%02d', 7 + n % 9, n * 37 % 60, n), '' FROM tag;
        UPDATE visit SET time_out = '19:${minute + 30}:00' WHERE date = '${dateOf(11)}' AND tagid LIKE 'm%' AND substr(tagid, 3) % 7 = ${minute % 7}`);
      const { stdout, stderr } = await tt.type('laptop', 'delta-push', 'run');
      // No minute is slept through, or the one with the link might be.
      expect(tt.link.tries, `minute ${minute}: ${stdout}${stderr}`).toBeGreaterThan(before);
      expect(stdout.includes('not pushed'), stdout + stderr).toBe(minute < 20);
      // The laptop does not know of it, and the rows are there.
      if (minute === 10) expect(differences()).toEqual([]);
    }
    expect(differences()).toEqual([]);
    expect(await laptop('delta-push', 'parity', '--deep')).toMatch(/equal/);
  });

  test('a day that was reported is corrected on the server: the laptop does not overwrite it, and takes it over', async () => {
    await server('freeze', dateOf(5), '--reason', 'reported');
    const [{ tagid = '' } = {}] = savedDay(5).bike_visits;
    const of = `WHERE date = '${dateOf(5)}' AND tagid = '${tagid}'`;
    const script = join(tt.home, 'paper.sql');
    writeFileSync(
      script,
      `UPDATE visit SET time_out = '18:42:00' ${of}; UPDATE day SET registrations = 7 WHERE date = '${dateOf(5)}'`,
    );
    expect(await server('correct', script, '--by', 'Anna', '--reason', 'the paper list')).toContain('2 rows');
    const there = () => count(`SELECT time_out FROM visit ${of}`, tt.replica);

    // Meanwhile the laptop changes the same visit, and one of an open day.
    tt.app(
      `UPDATE visit SET time_out = '20:00:00' ${of}; UPDATE day SET registrations = 8 WHERE date = '${dateOf(6)}'`,
    );
    expect((await tt.type('laptop', 'delta-push', 'run')).stdout).toContain('1 change is held');
    expect(there()).toBe('18:42:00');
    const refused = await tt.type('laptop', 'delta-push', 'corrections', '--apply');
    expect(refused).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('left alone') as string });
    await server('held', 'discard', '--for', 'frozen-day', '--day', dateOf(5));
    await laptop('delta-push', 'corrections', '--apply');
    expect([count(`SELECT time_out FROM visit ${of}`), there()]).toEqual(['18:42:00', '18:42:00']);
    await laptop('delta-push', 'run');
    expect(differences()).toEqual([]);
    // The correction goes the way of the documents too: those two days, and the one that was open, are loaded anew.
    await laptop('db-export-json', 'run', '--ship');
    expect(tt.load().loaded).toEqual([fileOf(5), fileOf(6), fileOf(11)]);
    expect(tt.loader.look('SELECT bikes_registered FROM DAY WHERE date = ?', dateOf(5))).toEqual([7]);
    tt.app(`UPDATE day SET frozen = 1 WHERE date <= '${dateOf(3)}'`);
    await laptop('delta-push', 'run');
  });

  test('the database is lost: it is made of the documents again, and nothing that was the same is written anew', async () => {
    const [documents, arrived] = [tt.fingerprints(), replicaRows()];
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(tt.database + suffix, { force: true });
    for (const command of ['db-export-json', 'delta-push', 'db-backup'])
      expect((await tt.type('laptop', command, 'run')).exitCode, command).toBe(66);
    // The app starts, and makes itself an empty one: nobody takes that for the truth.
    tt.app(readFileSync(join(example, 'schema.sql'), 'utf8'));
    expect(await tt.type('laptop', 'db-export-json', 'run')).toMatchObject({ exitCode: 1 });
    const empty = await tt.type('laptop', 'delta-push', 'run');
    expect(empty).toMatchObject({ exitCode: 66, stderr: expect.stringContaining('no triggers') as string });
    expect([tt.fingerprints(), replicaRows()]).toEqual([documents, arrived]);

    const again = () => tt.type('laptop', 'db-export-json', 'import', '--to', tt.database);
    expect(await again()).toMatchObject({ exitCode: 73 });
    renameSync(tt.database, join(tt.home, 'laptop/empty.db'));
    expect(await again()).toMatchObject({ exitCode: 0 });
    tt.app(`UPDATE day SET frozen = 1 WHERE date <= '${dateOf(3)}'`);
    await laptop('delta-push', 'install', '--app', 'tagtracker');
    expect(await laptop('delta-push', 'run')).toContain('pushed 0 rows and 0 deletions');
    expect(differences()).toEqual([]);
    expect(replicaRows()).toBe(arrived);
    expect(await server('status')).toContain('held: nothing');
    const exported = await laptop('db-export-json', 'run', '--ship');
    expect(exported).toContain('0 new, 0 changed');
    expect(tt.fingerprints()).toEqual(documents);
    expect(tt.load()).toMatchObject({ loaded: [], known: { length: 12 } });
  });

  test('and the season goes on: a day more is one document, one load, its rows, and in the backup', async () => {
    const before = tt.fingerprints();
    tt.evening(12);
    tt.save(12, 'rows');
    await laptop('delta-push', 'run');
    expect(differences()).toEqual([]);
    expect(await laptop('db-export-json', 'run', '--ship')).toContain('1 new, 0 changed');
    expect(tt.load()).toMatchObject({ loaded: [fileOf(12)], known: { length: 12 } });
    expect([...tt.fingerprints()].filter(([day]) => before.has(day))).toEqual([...before]);
    await laptop('db-backup', 'run');
    expect(await laptop('restore', 'run', 'latest', '--to', join(tt.home, 'copy.db'))).toContain('restored');
    expect(count('SELECT count(*) FROM day', join(tt.home, 'copy.db'))).toBe(13);

    await tt.stopReceiver();
    const history = new Database(join(tt.home, 'server/state/ops.db'), { readonly: true });
    const taken = history
      .prepare(
        "SELECT epoch, batch_no FROM batches WHERE direction = 'received' AND outcome = 'applied' ORDER BY id",
      )
      .all() as { epoch: string; batch_no: number }[];
    history.close();
    // In order, and none left out; that one whose answer was lost came a second time, and was answered as it was the first time.
    const again = [...new Set(taken.map(({ epoch }) => epoch))].flatMap((epoch) => {
      const numbers = taken.filter((batch) => batch.epoch === epoch).map((batch) => batch.batch_no);
      const once = [...new Set(numbers)];
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
      expect(once).toEqual(once.map((_, index) => index + 1));
      return numbers.filter((number, index) => numbers[index - 1] === number);
    });
    expect(again).toHaveLength(1);
  });

  function replicaRows(): string {
    const database = new Database(tt.replica, { readonly: true });
    const rows = ['day', 'visit', 'tag', 'note'].map((table) =>
      database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2, 3`).raw().all(),
    );
    database.close();
    return JSON.stringify(rows);
  }
});
