// The worst that is known of pushing rows out of a database that somebody else writes, one case each: statements that no
// trigger sees, and both sides put back, cut off, copied and frozen at the wrong instant. Then both hold the same rows.
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import '../../support/in-memory.ts';
import { DeltaWriter } from '../../support/delta-app.ts';
import { InPostgres, type ReplicaPlace } from '../../support/delta-places.ts';
import type { Weather } from '../../support/delta-receiver.ts';
import { DeltaWorld } from '../../support/delta-world.ts';
import { postgresPrograms } from '../../support/postgres.ts';
import { scratch } from '../../support/scratch.ts';

const writer = new DeltaWriter();
afterAll(() => writer[Symbol.asyncDispose]());

const world = async (sql: readonly string[], mode?: string, place?: ReplicaPlace) => {
  const it = await DeltaWorld.with(scratch(), writer, sql, mode, place);
  onTestFinished(() => it.receiver.restart()); // a server has no connections without end
  return it;
};

const users = 'CREATE TABLE u (id INTEGER PRIMARY KEY, email TEXT UNIQUE, v)';
const three = "INSERT INTO u VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)";
const policies = ['', ' OR IGNORE', ' OR FAIL', ' OR ABORT', ' OR ROLLBACK', ' OR REPLACE'];

interface Statements {
  readonly name: string;
  /** What is there, and has arrived. */
  readonly before: readonly string[];
  /** What happens then: one list after the other, with a push behind each. */
  readonly then: readonly (readonly string[])[];
}

/** Values at the edges of what there is. */
const edges = [
  '9223372036854775807',
  '-9223372036854775808',
  '9007199254740993',
  '9007199254740993.0',
  '0.1 + 0.2',
  '1e999',
  '-1e999',
  '5e-324',
  '-0.0',
  "'text'",
  "CAST(x'610062' AS TEXT)",
  "CAST(x'61ff' AS TEXT)",
  "CAST(x'eda080' AS TEXT)",
  "x'00ff'",
  "x''",
  "''",
  'NULL',
  '1',
  '1.0',
  "'\ufeffx'",
  "'\ufffd'",
];

const statements: readonly Statements[] = [
  ...['0', '1'].map((recursive) => ({
    name: `1: a row is evicted through another UNIQUE key, recursive_triggers = ${recursive}`,
    before: [`PRAGMA recursive_triggers = ${recursive}`, users, three],
    then: [["INSERT OR REPLACE INTO u VALUES (4, 'a', 4)", "REPLACE INTO u VALUES (2, 'c', 9)"]],
  })),
  {
    name: '2: UPDATE OR REPLACE evicts, and a plain INSERT where the table says so',
    before: [
      users,
      three,
      'CREATE TABLE s (id INTEGER PRIMARY KEY, u UNIQUE ON CONFLICT REPLACE)',
      'INSERT INTO s VALUES (1, 1), (2, 2)',
    ],
    then: [
      [
        "UPDATE OR REPLACE u SET email = 'b' WHERE id = 1",
        'INSERT INTO s VALUES (3, 1)',
        'UPDATE s SET u = 2 WHERE id = 3',
      ],
    ],
  },
  {
    name: '2: a row is pushed out by its rowid, which is no key',
    before: [
      'CREATE TABLE k (k TEXT PRIMARY KEY NOT NULL, v)',
      "INSERT INTO k VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4)",
    ],
    then: [
      [
        'UPDATE OR REPLACE k SET rowid = 1 WHERE rowid = 2',
        "INSERT OR REPLACE INTO k (rowid, k, v) VALUES (3, 'e', 5)",
      ],
    ],
  },
  {
    name: '3: every conflict policy and UPSERT, over keys that are noted already: the app notices nothing',
    before: [users, three],
    then: [
      [
        ...policies.map((policy) => `INSERT${policy} INTO u VALUES (1, 'c', 'x')`),
        ...policies.map((policy) => `UPDATE${policy} u SET email = 'c' WHERE id <= 2`),
        "INSERT INTO u VALUES (3, 'z', 5) ON CONFLICT DO UPDATE SET v = excluded.v",
        "INSERT INTO u VALUES (3, 'z', 6) ON CONFLICT (id) DO NOTHING",
      ],
    ],
  },
  {
    name: '4: a failing OR FAIL, everything pruned, and a write: its number is above what has arrived',
    before: [users, three],
    then: [
      ["INSERT OR FAIL INTO u VALUES (7, 'q', 1), (8, 'a', 1)"],
      ['UPDATE OR FAIL u SET id = id + 6'],
      ["UPDATE u SET v = 'last' WHERE id = 1"],
    ],
  },
  {
    name: '5: UPSERT, then DELETE of the same key',
    before: [users, three],
    then: [
      ["INSERT INTO u VALUES (2, 'b', 7) ON CONFLICT (id) DO UPDATE SET v = 7", 'DELETE FROM u WHERE id = 2'],
      ["INSERT OR IGNORE INTO u VALUES (3, 'c', 1)", 'DELETE FROM u WHERE id = 3'],
    ],
  },
  {
    name: '6: keys change by SET id, SET rowid, a cascade, and all of them by one',
    before: [
      'PRAGMA foreign_keys = 1',
      users,
      three,
      'CREATE TABLE c (id INTEGER PRIMARY KEY, u INTEGER REFERENCES u (id) ON UPDATE CASCADE ON DELETE CASCADE)',
      'CREATE TABLE k (u INTEGER PRIMARY KEY REFERENCES u (id) ON UPDATE CASCADE ON DELETE CASCADE, v)',
      'INSERT INTO c VALUES (1, 1), (2, 3)',
      "INSERT INTO k VALUES (1, 'k'), (3, 'l')",
    ],
    then: [
      ['UPDATE u SET id = 20 WHERE id = 1'],
      ['UPDATE u SET rowid = 21 WHERE rowid = 3'],
      ['UPDATE u SET id = id + 1 WHERE id > 20', 'UPDATE u SET id = -id'],
      ['DELETE FROM u WHERE id = -20'],
    ],
  },
  {
    name: '7: a key of which only the case changes, and one of which only blanks do',
    before: [
      'CREATE TABLE n (k TEXT PRIMARY KEY COLLATE NOCASE NOT NULL, v)',
      'CREATE TABLE r (k TEXT COLLATE RTRIM PRIMARY KEY NOT NULL, v)',
      "INSERT INTO n VALUES ('a', 1), ('b', 2)",
      "INSERT INTO r VALUES ('a', 1)",
    ],
    then: [
      ["UPDATE n SET k = 'A' WHERE k = 'a'", "REPLACE INTO n VALUES ('B', 3)", "UPDATE r SET k = 'a  '"],
    ],
  },
  {
    name: '8: a trigger of the app rewrites what was written',
    before: [
      'CREATE TABLE t (id INTEGER PRIMARY KEY, v)',
      'CREATE TRIGGER app AFTER INSERT ON t BEGIN UPDATE t SET v = -1 WHERE id = NEW.id; END',
    ],
    then: [['INSERT INTO t VALUES (1, 100)'], ['REPLACE INTO t VALUES (1, 200)']],
  },
  {
    name: '9: two rows change their UNIQUE values with each other',
    before: [users, three],
    then: [
      [
        'BEGIN',
        "UPDATE u SET email = 'x' WHERE id = 1",
        "UPDATE u SET email = 'a' WHERE id = 2",
        "UPDATE u SET email = 'b' WHERE id = 1",
        'COMMIT',
      ],
    ],
  },
  {
    name: '10: a table is rebuilt, which drops our triggers, and written in the gap',
    before: [users, three],
    then: [
      [
        'BEGIN',
        'CREATE TABLE anew (id INTEGER PRIMARY KEY, email TEXT UNIQUE, v)',
        'INSERT INTO anew SELECT id, email, v FROM u WHERE id < 3',
        'DROP TABLE u',
        'ALTER TABLE anew RENAME TO u',
        'COMMIT',
        "UPDATE u SET v = 'gap' WHERE id = 1",
      ],
      ["INSERT INTO u VALUES (9, 'z', 9)", 'DELETE FROM u WHERE id = 2'],
    ],
  },
  {
    name: '11: ADD COLUMN with a default and DROP COLUMN while ten thousand entries wait',
    before: [users, three, 'CREATE TABLE n (id INTEGER PRIMARY KEY, a, b)'],
    then: [
      [
        'WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 10000) INSERT INTO n SELECT n, n, -n FROM i',
        "ALTER TABLE u ADD COLUMN more TEXT NOT NULL DEFAULT 'new'",
        'ALTER TABLE n DROP COLUMN b',
        'ALTER TABLE n ADD COLUMN c DEFAULT 5',
      ],
    ],
  },
  {
    name: '19: values at the edges of what there is',
    before: [
      'CREATE TABLE f (id INTEGER PRIMARY KEY, i INTEGER, t TEXT, r REAL, n NUMERIC, x)',
      ...edges.map(
        (value, index) => `INSERT INTO f VALUES (${index}, ${value}, ${value}, ${value}, ${value}, ${value})`,
      ),
    ],
    then: [['UPDATE f SET x = 1.0 WHERE id = 17', 'UPDATE f SET x = 1 WHERE id = 18']],
  },
];

async function arrive({ before, then }: Statements, place?: ReplicaPlace): Promise<DeltaWorld> {
  const it = await world(before, 'wal', place);
  const { app, push, differences } = bound(it);
  expect(await differences()).toEqual([]);
  for (const sql of then) {
    await app(...sql);
    expect(await push()).toBe('done');
    expect(await differences()).toEqual([]);
  }
  return it;
}

describe('statements', () => {
  test.each(statements)('$name', async (each) => {
    await arrive(each);
  });
});

/** Where keys compare by their bytes, columns have one type each, and what does not fit one is held and nothing lost of it. */
describe.skipIf(postgresPrograms() === undefined)('into PostgreSQL', () => {
  let place: InPostgres;
  beforeAll(async () => {
    place = await InPostgres.start();
  });
  afterAll(() => place[Symbol.asyncDispose]());

  test.each(statements.filter(({ name }) => /^(6|7|9|11):/.test(name)))('$name', async (each) => {
    const it = await arrive(each, place);
    expect(await (await it.receiver.replica).held()).toEqual([]);
  });

  /** What a column of each type cannot hold, of the edges, and is held. */
  const reals = ['0.1 + 0.2', '1e999', '-1e999', '5e-324'];
  const texts = ["'text'", "''", "'\ufeffx'", "'\ufffd'"];
  const [bytes, oddTexts] = [/^x'/, /^CAST/].map((kind) => edges.filter((value) => kind.test(value)));
  const misfits = {
    INTEGER: [reals, texts, oddTexts, bytes],
    REAL: [texts, oddTexts, bytes],
    NUMERIC: [texts, oddTexts, bytes],
    TEXT: [oddTexts, bytes],
    DATE: [oddTexts, bytes],
    BLOB: [edges.filter((value) => value !== 'NULL' && bytes?.includes(value) === false)],
    '': [],
  };

  test.each(Object.entries(misfits))(
    '19: values at the edges of what there is, in a column %s',
    async (type, unfit) => {
      const it = await arrive(
        {
          name: '',
          before: [
            `CREATE TABLE f (id INTEGER PRIMARY KEY, v ${type})`,
            ...edges.map((value, index) => `INSERT INTO f VALUES (${index}, ${value})`),
          ],
          then: [['UPDATE f SET v = 1.0 WHERE id = 17', 'UPDATE f SET v = 1 WHERE id = 18']],
        },
        place,
      );
      const held = await (await it.receiver.replica).held({ reason: 'unfit' });
      expect(held.map(({ key }) => edges[Number(key[0])])).toEqual(
        edges.filter((value) => unfit.flat().includes(value)),
      );
    },
  );

  test('20: a poison row in the middle of a batch stands in nobody’s way', () => poison(place, 'unfit'));
});

/** Its methods by themselves. */
function bound(it: DeltaWorld) {
  return {
    app: (...sql: string[]) => it.app(...sql),
    push: () => it.push(),
    differences: () => it.differences(),
  };
}

describe('two sides', () => {
  test('12: a reply is lost after the commit, and the rows change before the retry', async () => {
    const it = await world([users, three]);
    await it.app("UPDATE u SET v = 'first' WHERE id = 1", "INSERT INTO u VALUES (4, 'd', 4)");
    expect(await it.push(await stepOf('peer.send', true))).toBe('killed');
    await it.app("UPDATE u SET v = 'second' WHERE id = 1", 'DELETE FROM u WHERE id = 4');
    expect(await it.push()).toBe('done');
    expect(await it.differences()).toEqual([]);
  });

  test('12: a commit arrived, and was rolled back by a power loss before that was known: its row goes', async () => {
    const it = await world([users, three]);
    const before = it.copy();
    await it.app("INSERT INTO u VALUES (4, 'ghost', 4)", 'DELETE FROM u WHERE id = 1');
    expect(await it.push(await stepOf('peer.send', true))).toBe('killed');
    await it.putBack(before);
    expect(await it.push()).toBe('done');
    expect(await it.differences()).toEqual([]);
  });

  test('12: a batch lies in the spool, and its database is put back to before it, with the same nonce', async () => {
    const it = await world([users, three]);
    const before = it.copy();
    await it.app("UPDATE u SET v = 'gone' WHERE id = 1", "INSERT INTO u VALUES (4, 'ghost', 4)");
    expect(await it.push(await stepOf('peer.send', false))).toBe('killed');
    await it.putBack(before);
    await it.app("UPDATE u SET v = 'other' WHERE id = 2", 'DELETE FROM u WHERE id = 3');
    expect(await it.push()).toBe('done');
    expect(await it.differences()).toEqual([]);
  });

  test('12: a walk began after what a power loss leaves, and its piece arrived', async () => {
    const it = await world([users, three]);
    const before = it.copy();
    await it.app(
      'CREATE TABLE anew (id INTEGER PRIMARY KEY, email TEXT UNIQUE, v)',
      "INSERT INTO anew SELECT id, email, 'gone' FROM u WHERE id <> 2",
      'DROP TABLE u',
      'ALTER TABLE anew RENAME TO u',
    );
    expect(await it.push(await stepOf('peer.send', true))).toBe('killed');
    await it.putBack(before);
    expect(await it.push()).toBe('done');
    expect(await it.differences()).toEqual([]);
  });

  test('13: it is killed before or after each step', async () => {
    const it = await world([users, three]);
    for (let step = 1, ended = ''; ended !== 'done'; step += 1)
      for (const isAfter of [false, true]) {
        await it.app(
          `INSERT INTO u (email, v) VALUES (${step} || ${String(isAfter)}, 1)`,
          `UPDATE u SET v = ${step} WHERE id = 1`,
          `DELETE FROM u WHERE id = ${step}`,
        );
        ended = await it.push({ step, isAfter });
        if (ended === 'killed') expect(await it.push()).toBe('done');
        expect(await it.differences()).toEqual([]);
        expect(step).toBeLessThan(60);
      }
  });

  test('14: the source is put back, and grows past what had arrived before it is in touch again', async () => {
    const it = await world([users, three]);
    const old = it.copy();
    await it.app("INSERT INTO u VALUES (4, 'd', 4)", 'DELETE FROM u WHERE id = 1');
    await it.push();
    await it.putBack(old);
    await it.app(
      "INSERT INTO u VALUES (5, 'e', 5)",
      ...Array.from({ length: 20 }, (_, v) => `UPDATE u SET v = ${v} WHERE id = 2`),
    );
    expect(await it.push()).toBe('done');
    expect(await it.differences()).toEqual([]);
  });

  test.each([0, 0.3, 0.6, 0.9])(
    '15: a power loss takes commits that had arrived: %d of the log stays',
    async (share) => {
      const it = await world([users, three]);
      for (const id of [4, 5, 6]) {
        await it.app(`INSERT INTO u VALUES (${id}, ${id}, ${id})`, `UPDATE u SET v = -${id} WHERE id = 1`);
        await it.push();
      }
      await it.losePower(share);
      await it.app(users, "INSERT INTO u VALUES (9, 'after', 9)");
      expect(await it.push()).toBe('done');
      expect(await it.differences()).toEqual([]);
    },
  );

  test('16: the receiver is put back to yesterday', async () => {
    const it = await world([users, three]);
    const yesterday = await it.copyReceiver();
    await it.app("INSERT INTO u VALUES (4, 'd', 4)", 'DELETE FROM u WHERE id = 1');
    await it.push();
    await it.receiver.putBack(yesterday);
    expect(await it.push()).toBe('done');
    expect(await it.differences()).toEqual([]);
  });

  test('17: of two machines with one card the second to push is told, and a person decides', async () => {
    const it = await world([users, three]);
    const [own, twin] = [it.machine, it.clone()];
    await it.app("INSERT INTO u VALUES (4, 'own', 4)");
    expect(await it.push()).toBe('done');
    await it.moveTo(twin);
    await it.app("INSERT INTO u VALUES (4, 'twin', 4)", "INSERT INTO u VALUES (5, 'more', 4)");
    expect(await it.push()).toBe('fork');
    expect(await it.push()).toBe('fork');
    await twin.takeOver(it.receiver.peerOf('laptop'));
    expect(await it.push()).toBe('done');
    expect(await it.differences()).toEqual([]);
    expect(await it.push(undefined, own)).toBe('fork');
    expect(await it.differences()).toEqual([]);
  });

  test('18: a frozen day: nothing of it changes, nothing is lost, and after it is opened all has arrived', async () => {
    const it = await world([
      'CREATE TABLE day (id INTEGER PRIMARY KEY, date TEXT)',
      'CREATE TABLE visit (id INTEGER PRIMARY KEY, day_id INTEGER, tag)',
      "INSERT INTO day VALUES (1, '2026-06-01'), (2, '2026-06-02')",
      "INSERT INTO visit VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 1, 'c'), (4, 2, 'd')",
    ]);
    const before = await it.differences();
    expect(before).toEqual([]);
    const replica = await it.receiver.replica;
    await replica.freeze('2026-06-01', { by: 'test', reason: 'closed', exceptions: [] });
    await it.app(
      "UPDATE visit SET tag = 'x' WHERE id = 1",
      'DELETE FROM visit WHERE id = 2',
      'UPDATE visit SET day_id = 2 WHERE id = 3',
      'UPDATE visit SET day_id = 1 WHERE id = 4',
      "INSERT INTO visit VALUES (5, 1, 'e')",
      "INSERT INTO visit VALUES (6, 2, 'f')",
    );
    expect(await it.push()).toBe('done');
    expect(
      (await replica.held()).map(({ table, key, reason }) => `${table} ${inspect(key)} ${reason}`).sort(),
    ).toEqual([1, 2, 3, 4, 5].map((id) => `visit [ ${id}n ] frozen-day`));
    await replica.reopen('2026-06-01', { by: 'test', reason: 'again', force: false });
    await it.push();
    expect(await it.differences()).toEqual([]);
  });

  test('20: one upload fails, nothing more is written, and the next cycle takes it', async () => {
    const it = await world([users, three], 'delete');
    await it.app("UPDATE u SET v = 'waits' WHERE id = 1");
    it.receiver.weather = noLink;
    expect(await it.push()).toBe('trouble');
    it.receiver.weather = undefined;
    expect(await it.push()).toBe('done');
    expect(await it.differences()).toEqual([]);
  });

  test('20: a poison row in the middle of a batch stands in nobody’s way', () => poison(undefined, 'no-day'));

  test('20: an app that waits for no lock, in rollback mode, writes whenever the receiver or the disk is waited for', async () => {
    const it = await world([users, three], 'delete');
    const told = await it.app('PRAGMA busy_timeout = 0', "UPDATE u SET v = 'before'");
    const write = async () => {
      if (told.length < 60) told.push(...(await it.app(`INSERT INTO u (v) VALUES (${told.length})`)));
    };
    expect(await it.push(undefined, it.machine, write)).toBe('done');
    expect(told.length).toBeGreaterThan(20);
    expect(told.filter((error) => error !== undefined)).toEqual([]);
    await it.push();
    expect(await it.differences()).toEqual([]);
  });

  test.each([
    ['whose changes triggers note', 'CREATE TABLE busy (id INTEGER PRIMARY KEY, n INTEGER)'],
    ['whose rows are compared', 'CREATE TABLE busy (id TEXT PRIMARY KEY, n INTEGER)'],
  ])('a cycle ends beside an app that never rests, in a table %s', async (_, table) => {
    const it = await world([table]);
    let written = 0;
    const write = async () => {
      if (written >= neverRests) throw new Error('the cycle does not end');
      await it.app(`INSERT INTO busy VALUES (${(written += 1)}, 0)`);
    };
    expect(await it.push(undefined, it.machine, write)).toBe('done');
    await it.push();
    expect(await it.differences()).toEqual([]);
  });
});

/** So often an app has written before a cycle counts as one that goes on for ever. */
const neverRests = 400;

/** No request arrives. */
const noLink: Weather = {
  random: { next: () => 0, below: () => 0, chance: () => true, pick: (list) => list[0] as never },
  trouble: 1,
};

/** One row of many can never be taken in. Its batch fails once, nothing more is written, and then all the others arrive. */
async function poison(place: ReplicaPlace | undefined, reason: 'unfit' | 'no-day'): Promise<void> {
  const before = [
    'CREATE TABLE day (id INTEGER PRIMARY KEY, date TEXT)',
    'CREATE TABLE visit (id INTEGER PRIMARY KEY, day_id INTEGER, n INTEGER)',
    "INSERT INTO day VALUES (1, '2026-06-01')",
  ];
  const it = await world(before, 'delete', place);
  const bad = reason === 'unfit' ? "(3, 1, 'three')" : '(3, 77, 3)';
  await it.app(`INSERT INTO visit VALUES (1, 1, 1), (2, 1, 2), ${bad}, (4, 1, 4), (5, 1, 5)`);
  it.receiver.weather = noLink;
  expect(await it.push()).toBe('trouble');
  it.receiver.weather = undefined;
  expect(await it.push()).toBe('done');
  const replica = await it.receiver.replica;
  expect((await replica.held()).map(({ key, reason: why }) => [...key, why])).toEqual([[3n, reason]]);
  expect((await replica.status()).tables).toContainEqual(
    expect.objectContaining({ table: 'visit', rows: 4, state: 'live' }),
  );
  expect(await it.push()).toBe('done');
  expect(it.machine.lastSteps).not.toContain('peer.send');
  await it.app('UPDATE visit SET n = 3, day_id = 1 WHERE id = 3');
  expect(await it.push()).toBe('done');
  expect(await replica.held()).toEqual([]);
  expect(await it.differences()).toEqual([]);
}

/** After (or before) the first step of that name in a cycle that has something to send. */
async function stepOf(name: string, isAfter: boolean) {
  const it = await world([users, three]);
  await it.app('DELETE FROM u');
  await it.push();
  return { step: it.machine.lastSteps.indexOf(name) + 1, isAfter };
}
