// What a master hands out: nothing is skipped at a limit, deletions are told, and whoever followed another history begins anew.
import { copyFileSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Cell } from '../../../../lib/delta/cell.ts';
import type { Served } from '../../../../lib/delta/serving.ts';
import { openOwn } from '../../../../lib/sqlite/open.ts';
import { keysAfter } from '../../../../lib/sqlite/serving/change-log.ts';
import { openServing } from '../../../../lib/sqlite/serving/serving.ts';
import { fixedClock } from '../../../support/fixed-clock.ts';
import { herdDatabase } from '../../../support/logged-database.ts';
import { scratch } from '../../../support/scratch.ts';

const day = 86_400_000;

function served(
  changes: { rowsMax?: number; without?: string[]; hasSender?: boolean; journal?: string } = {},
) {
  const master = herdDatabase(scratch());
  master.database.pragma(`journal_mode = ${changes.journal ?? 'wal'}`);
  const clock = fixedClock('2026-11-20T12:00:00Z');
  const { rowsMax = 1_000_000, without = [], hasSender = false } = changes;
  const serving = openServing({
    path: master.path,
    openCapture: master.openCapture,
    hasSender,
    tables: undefined,
    without,
    keptMs: 7 * day,
    rowsMax,
    busyMs: 1000,
    clock,
  });
  const run = (sql: string) => void master.database.exec(sql);
  onTestFinished(() => {
    serving.close();
    if (master.database.open) master.database.close();
  });
  return { ...master, serving, clock, run };
}

/** Who follows by cursor, with what it has. */
class Follower {
  rows = new Map<string, readonly Cell[]>();
  cursor: string | undefined;
  fullSyncs = 0;

  async pull(serving: ReturnType<typeof served>['serving'], limit: number): Promise<void> {
    for (;;) {
      const answer = this.cursor === undefined ? undefined : await serving.after(this.cursor, limit);
      if (answer === undefined) {
        using all = await serving.all();
        this.rows = new Map();
        this.fullSyncs += 1;
        this.take(all);
      } else {
        using some = answer;
        this.take(some);
        if (some.hasMore) continue;
        return;
      }
    }
  }

  take({ changes, schema, cursor }: Served): void {
    for (const change of [...changes].flat()) {
      const shape = schema.tables[change.table];
      const cells = change.kind === 'upsert' ? change.cells.slice(0, 1) : change.key;
      const key = JSON.stringify([shape?.name, ...cells.map(String)]);
      if (change.kind === 'tombstone') this.rows.delete(key);
      else if (shape?.identity === 'primary') this.rows.set(key, change.cells);
    }
    this.cursor = cursor;
  }

  content(): string[] {
    return [...this.rows].map(([key, cells]) => `${key} ${cells.map(String).join()}`).sort();
  }
}

const truth = async (serving: ReturnType<typeof served>['serving']) => {
  const fresh = new Follower();
  await fresh.pull(serving, 5000);
  return fresh.content();
};

/** As a restore does it: another file in the place of this one. */
function putBack(path: string): void {
  for (const side of ['', '-wal', '-shm']) rmSync(path + side, { force: true });
  copyFileSync(`${path}.backup`, path);
}

const markers = 'SELECT count(*) FROM _holdfast_log WHERE t = 0';
const entries = 'SELECT count(*) FROM _holdfast_log';

test('an idle poll keeps the cursor and writes nothing', async () => {
  const { serving, run, database } = served();
  run("INSERT INTO batches VALUES (1, 'B1', '2024-01-15', '2024-01-15 10:30:00.000000')");
  const one = new Follower();
  await one.pull(serving, 100);
  const before = [one.cursor, database.prepare(entries).pluck().get()];
  await one.pull(serving, 100);
  expect([one.cursor, database.prepare(entries).pluck().get()]).toEqual(before);
});

describe.each(['delete', 'truncate', 'persist'])('without a write-ahead log (%s)', (journal) => {
  test('all, pages of changes and a prune are served, and the app writes on between them', async () => {
    const { serving, run } = served({ journal });
    const one = new Follower();
    for (let past = 0; past < 5; past += 1) {
      run(
        `INSERT INTO batches (id) VALUES (${past}), (${past + 100}), (${past + 200}); DELETE FROM batches WHERE id = ${past + 99}`,
      );
      await one.pull(serving, 2);
      expect(one.content()).toEqual(await truth(serving));
      await serving.prune();
    }
    expect(one.fullSyncs).toBe(1);
  });

  test('what the app writes between a marker and its snapshot makes both anew', async () => {
    const { serving, run } = served({ journal });
    run('INSERT INTO batches (id) VALUES (1)');
    const one = new Follower();
    await one.pull(serving, 100);
    // As an app that always writes right behind us: what adds a marker adds a change with it, three times.
    run(`CREATE TRIGGER late AFTER INSERT ON _holdfast_log WHEN NEW.t = 0 AND (SELECT count(*) FROM batches) < 4
      BEGIN INSERT INTO batches (id) SELECT 100 + count(*) FROM batches; END`);
    run('UPDATE batches SET batch_number = 9');
    await one.pull(serving, 100);
    await one.pull(serving, 100);
    expect(one.content()).toEqual(await truth(serving));
    expect(one.content()).toHaveLength(4);
  });
});

test('readers of one instant share its marker', async () => {
  const { serving, run, database } = served();
  run('INSERT INTO batches (id) VALUES (1)');
  const all = [new Follower(), new Follower(), new Follower()];
  for (const one of all) await one.pull(serving, 100);
  run('INSERT INTO batches (id) VALUES (2)');
  for (const one of all) await one.pull(serving, 100);
  expect(new Set(all.map(({ cursor }) => cursor)).size).toBe(1);
  expect(database.prepare(markers).pluck().get()).toBe(2);
});

test('whatever the limit is, all that changed arrives, and each key once a page', async () => {
  const { serving, run } = served();
  const one = new Follower();
  await one.pull(serving, 1);
  run(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25)
    INSERT INTO cattle SELECT i, 1, i / 2.0, 'n' || i, '2024-01-15 10:30:00.000000' FROM n`);
  run('DELETE FROM cattle WHERE id % 3 = 0; UPDATE cattle SET weight = 1 WHERE id % 5 = 0');
  await one.pull(serving, 4);
  expect(one.content()).toEqual(await truth(serving));
  expect(one.content()).toHaveLength(17);
  expect(one.fullSyncs).toBe(1);
});

test.each([
  ['each entry is of a key of its own', 'i'],
  ['a few keys change all the time', 'i % 3'],
  ['most entries are of a table that is not served', 'i', 2],
])('a page of a long log costs what it holds, where %s', async (_, key, table = 1) => {
  const { path } = herdDatabase(scratch());
  const database = openOwn(path);
  onTestFinished(() => void database.close());
  let looked = 0;
  database.function('looked', { deterministic: false }, (value: unknown) => ((looked += 1), value));
  database.pragma('trusted_schema = ON');
  database.exec(`INSERT INTO _holdfast_log (t, k1) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
      SELECT ${table}, ${key} FROM n;
    ALTER TABLE _holdfast_log RENAME TO entries;
    CREATE TEMP VIEW _holdfast_log AS SELECT seq, looked(t) AS t, k1, k2 FROM entries`);
  const seen = new Set<string>();
  let pages = 0;
  for (let after = 0, hasMore = true; hasMore; pages += 1) {
    looked = 0;
    const page = keysAfter(database, new Map([[1, 1]]), after, 100);
    for (const one of page.keys) seen.add(one.key.map(Number).join());
    expect(looked).toBeLessThanOrEqual(1001);
    expect(page.keys.length).toBeLessThanOrEqual(100);
    expect(page.through).toBeGreaterThan(after);
    ({ through: after, hasMore } = page);
  }
  expect(seen.size).toBe(table === 2 ? 0 : key === 'i' ? 20_000 : 3);
  expect(pages).toBeLessThanOrEqual(201);
});

test('a table whose rows nothing tells apart travels in full exports, and is named', async () => {
  const { serving, run } = served();
  run("INSERT INTO readings VALUES ('a'), ('a'), (NULL)");
  using all = await serving.all();
  expect(all.schema.fullOnly).toEqual(['readings']);
  expect([...all.changes].flat().map((change) => change.kind === 'upsert' && change.cells[0])).toEqual([
    'a',
    'a',
    null,
  ]);
});

test.each(['an unknown cursor', '999999.0123456789abcdef0123456789abcdef', '1.', ''])(
  'with %j as a cursor there is nothing to go on from',
  async (cursor) => {
    const { serving } = served();
    expect(await serving.after(cursor, 10)).toBeUndefined();
  },
);

test('a database that was put back tells those who saw what is no more to begin anew', async () => {
  const { serving, run, path, database } = served();
  run('INSERT INTO batches (id) VALUES (1)');
  const one = new Follower();
  await one.pull(serving, 100);
  database.pragma('wal_checkpoint(TRUNCATE)');
  copyFileSync(path, `${path}.backup`);
  run('INSERT INTO batches (id) VALUES (2)');
  await one.pull(serving, 100);
  database.close();
  putBack(path);
  const later = openOwn(path);
  // As many entries as before, and more: by its number alone the cursor would fit.
  for (let id = 10; id < 20; id += 1) later.exec(`INSERT INTO batches (id) VALUES (${id})`);
  await one.pull(serving, 100);
  later.close();
  expect(one.fullSyncs).toBe(2);
  expect(one.content()).toEqual(await truth(serving));
});

test('a marker of another history in the same place is another one', async () => {
  const { serving, run, path, database } = served();
  run('INSERT INTO batches (id) VALUES (1)');
  const [one, other] = [new Follower(), new Follower()];
  for (const follower of [one, other]) await follower.pull(serving, 100);
  database.pragma('wal_checkpoint(TRUNCATE)');
  copyFileSync(path, `${path}.backup`);
  run('INSERT INTO batches (id) VALUES (2)');
  await one.pull(serving, 100);
  database.close();
  putBack(path);
  const later = openOwn(path);
  later.exec('INSERT INTO batches (id) VALUES (3)');
  await other.pull(serving, 100);
  expect(other.cursor?.split('.')[0]).toBe(one.cursor?.split('.')[0]);
  await one.pull(serving, 100);
  later.close();
  expect(one.content()).toEqual(other.content());
});

test('after a change of the schema nobody goes on as if nothing had been missed', async () => {
  const { serving, run } = served();
  const one = new Follower();
  await one.pull(serving, 100);
  run('DROP TRIGGER _holdfast_1_ai; INSERT INTO batches (id) VALUES (7)');
  await one.pull(serving, 100);
  expect(one.fullSyncs).toBe(2);
  expect(one.content()).toHaveLength(1);
});

test('what is written while an answer is read comes with the next one', async () => {
  const { serving, run } = served();
  const one = new Follower();
  await one.pull(serving, 100);
  run('INSERT INTO batches (id) VALUES (1)');
  {
    using answer = await serving.after(one.cursor ?? '', 100);
    run('DELETE FROM batches; INSERT INTO batches (id) VALUES (2)');
    if (answer !== undefined) one.take(answer);
    expect(one.content()).toHaveLength(1);
  }
  await one.pull(serving, 100);
  expect(one.content()).toEqual(await truth(serving));
});

test('values arrive as they are stored', async () => {
  const { serving, run } = served();
  run(`INSERT INTO cattle VALUES (9007199254740993, 1, 2, CAST(x'61ff62' AS TEXT), NULL),
    (1, NULL, 9e999, x'00ff', NULL), (2, 0, -0.5, '\ufffd', 'x')`);
  using all = await serving.all();
  const rows = [...all.changes].flat().map((change) => (change.kind === 'upsert' ? change.cells : []));
  expect(rows).toEqual([
    [1n, null, Infinity, Buffer.from([0, 255]), null],
    [2n, 0n, -0.5, '\ufffd', 'x'],
    [9007199254740993n, 1n, 2, { text: Buffer.from([0x61, 0xff, 0x62]) }, null],
  ]);
});

test('the log is kept for who has asked within the time, and for nobody else', async () => {
  const { serving, run, clock, database } = served();
  const [daily, absent] = [new Follower(), new Follower()];
  await absent.pull(serving, 100);
  for (let past = 0; past < 20; past += 1) {
    run(`INSERT INTO batches (id) VALUES (${past}); UPDATE batches SET batch_number = 'x'`);
    await daily.pull(serving, 100);
    clock.advance(day);
    await serving.prune();
  }
  expect(daily.fullSyncs).toBe(1);
  expect(Number(database.prepare(entries).pluck().get())).toBeLessThan(200);
  await absent.pull(serving, 100);
  expect(absent.fullSyncs).toBe(2);
  expect(absent.content()).toEqual(await truth(serving));
});

test('it is kept for no more entries than were allowed, and the newest is never removed', async () => {
  const { serving, run, database } = served({ rowsMax: 50 });
  const one = new Follower();
  await one.pull(serving, 100);
  for (let id = 0; id < 500; id += 1) run(`INSERT INTO batches (id) VALUES (${id})`);
  await serving.prune();
  expect(Number(database.prepare(entries).pluck().get())).toBeLessThanOrEqual(52);
  await one.pull(serving, 100);
  expect([one.fullSyncs, one.content().length]).toEqual([2, 500]);
});

test('what a sender still needs is not removed', async () => {
  const { serving, run, database } = served({ rowsMax: 5, hasSender: true });
  run('INSERT INTO _holdfast_delta VALUES (3)');
  for (let id = 0; id < 100; id += 1) run(`INSERT INTO batches (id) VALUES (${id})`);
  await serving.prune();
  expect(database.prepare('SELECT min(seq) FROM _holdfast_log').pluck().get()).toBe(4);
});

test('who follows only tables that nobody writes does not fall out of the log', async () => {
  const { serving, run, clock } = served({ without: ['batches'] });
  const one = new Follower();
  await one.pull(serving, 100);
  for (let past = 0; past < 30; past += 1) {
    for (let id = 0; id < 100; id += 1) run(`INSERT INTO batches DEFAULT VALUES`);
    await one.pull(serving, 100);
    clock.advance(day);
    await serving.prune();
  }
  expect(one.fullSyncs).toBe(1);
});

test('any writes, limits, pauses and restores: who follows has what there is', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ put: fc.nat(6) }) },
    { weight: 3, arbitrary: fc.record({ remove: fc.nat(6) }) },
    { weight: 4, arbitrary: fc.record({ pull: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 1, arbitrary: fc.constant({ save: true }) },
    { weight: 1, arbitrary: fc.constant({ restore: true }) },
    { weight: 1, arbitrary: fc.constant({ prune: true }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { serving, path, database, clock } = served({ rowsMax: 8 });
      let live = database;
      let count = 0;
      const one = new Follower();
      const copy = () => {
        live.pragma('wal_checkpoint(TRUNCATE)');
        copyFileSync(path, `${path}.backup`);
      };
      copy();
      for (const each of steps) {
        clock.advance(3_600_000);
        if ('put' in each)
          live.exec(
            `INSERT OR REPLACE INTO batches (id, batch_number) VALUES (${each.put}, ${(count += 1)})`,
          );
        else if ('remove' in each) live.exec(`DELETE FROM batches WHERE id = ${each.remove}`);
        else if ('pull' in each) {
          await one.pull(serving, each.pull);
          expect(one.content()).toEqual(await truth(serving));
        } else if ('save' in each) copy();
        else if ('prune' in each) await serving.prune();
        else {
          live.close();
          putBack(path);
          live = openOwn(path);
        }
      }
      await one.pull(serving, 3);
      expect(one.content()).toEqual(await truth(serving));
      live.close();
    }),
    { numRuns: 40 },
  );
});
