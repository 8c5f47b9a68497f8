// db-export-json, ended at every step: each name has the old document or the new one, whole, and a database has all rows
// of an import or none.
import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Ending } from '../../support/faults/run-with-faults.ts';
import {
  type KillScenario,
  mustSucceed,
  requireNoBug,
  runFaultTable,
  runKillTable,
} from '../../support/kill-table.ts';
import type { TypedWorld } from '../../support/typed-world.ts';

const keys = (world: TypedWorld) => `[apps.bookings.export]
directory = ${JSON.stringify(documents(world))}
days = "SELECT day FROM day"
tables = { visit = "day" }
[apps.bookings.import]
database = ${JSON.stringify(mirror(world))}
schema = ${JSON.stringify(join(world.home, 'schema.sql'))}`;

const schema = 'CREATE TABLE day (day TEXT PRIMARY KEY); CREATE TABLE visit (day TEXT, tag TEXT);';
const old = `${schema} INSERT INTO day VALUES ('2026-11-25'), ('2026-11-26');
  INSERT INTO visit VALUES ('2026-11-25', 'old'), ('2026-11-26', 'old')`;
const changed = `INSERT INTO day VALUES ('2026-11-27'); INSERT INTO visit VALUES ('2026-11-27', 'new');
  UPDATE visit SET tag = 'new' WHERE day = '2026-11-26'`;

const documents = (world: TypedWorld) => join(world.home, 'documents');
const mirror = (world: TypedWorld) => join(world.home, 'mirror.db');

function execute(path: string, sql: string): void {
  const database = new Database(path);
  database.exec(sql);
  database.close();
}

async function prepare(world: TypedWorld, { imported }: { imported: boolean }): Promise<void> {
  mkdirSync(documents(world));
  execute(world.database, old);
  writeFileSync(join(world.home, 'schema.sql'), schema);
  world.configure({ app: keys(world) });
  await mustSucceed(world, 'db-export-json', ['run']);
  if (imported) await mustSucceed(world, 'db-export-json', ['import']);
  execute(world.database, changed);
}

const document = (day: string, tag: string) =>
  `{\n  "date": "${day}",\n  "visit": [\n    {\n      "day": "${day}",\n      "tag": "${tag}"\n    }\n  ]\n}\n`;
const days = [
  ['2026-11-25', ['old']],
  ['2026-11-26', ['old', 'new']],
  ['2026-11-27', ['new']],
] as const;

function requireWhole(world: TypedWorld): void {
  for (const [day, tags] of days) {
    const path = join(documents(world), `${day}.json`);
    if (!existsSync(path) && day === '2026-11-27') continue;
    const text = readFileSync(path, 'utf8');
    if (!tags.some((tag) => text === document(day, tag))) throw new Error(`${day} is ${text}`);
  }
}

const runs: KillScenario = {
  command: 'db-export-json',
  args: ['run'],
  prepare: (world) => prepare(world, { imported: false }),
  requireSafe(world, ending) {
    requireTold(ending);
    requireWhole(world);
  },
  async requireRecovered(world) {
    await mustSucceed(world, 'db-export-json', ['run']);
    await mustSucceed(world, 'db-export-json', ['check']);
    const names = readdirSync(documents(world)).sort();
    expect(names).toEqual(['2026-11-25.json', '2026-11-26.json', '2026-11-27.json']);
    expect(await mustSucceed(world, 'db-export-json', ['run'])).toContain('0 new, 0 changed');
  },
};

function tagsOf(path: string): string {
  const database = new Database(path, { readonly: true });
  try {
    return (database.prepare('SELECT tag FROM visit ORDER BY day').pluck().all() as string[]).join();
  } finally {
    database.close();
  }
}

/** An import of what the next run has written, into what `path` leads to. */
function imports(args: readonly string[], path: (world: TypedWorld) => string, isNew: boolean): KillScenario {
  return {
    command: 'db-export-json',
    args: ['import', ...args],
    async prepare(world) {
      await prepare(world, { imported: !isNew });
      await mustSucceed(world, 'db-export-json', ['run']);
    },
    requireSafe(world, ending) {
      requireTold(ending);
      if (isNew && !existsSync(path(world))) return;
      if (!['old,old', 'old,new,new'].includes(tagsOf(path(world)))) throw new Error('a part was imported');
    },
    async requireRecovered(world) {
      await mustSucceed(world, 'db-export-json', ['import', ...args]);
      expect(tagsOf(path(world))).toBe('old,new,new');
    },
  };
}

function requireTold(ending: Ending): void {
  if (ending.signal === 'SIGKILL') return;
  requireNoBug(ending);
  if (![0, 74, 130].includes(ending.exitCode ?? -1)) throw new Error(JSON.stringify(ending));
  if (ending.exitCode === 74 && !/no space left/.test(ending.stderr)) throw new Error(ending.stderr);
}

test.each<[string, KillScenario]>([
  ['a run', runs],
  ['an import into the mirror', imports([], mirror, false)],
  ['the first import', imports([], mirror, true)],
])('%s, killed, stopped, and with a full disk at every step', { timeout: 900_000 }, async (_, scenario) => {
  const killed = await runKillTable(scenario, ['kill-before']);
  const met = await runFaultTable(scenario, ['int-before', 'enospc']);
  // What goes needs no space: that is no way in which a disk is full.
  const real = met.problems.filter((problem) => !problem.startsWith('enospc rmdir'));
  expect([...killed.problems, ...real]).toEqual([]);
  expect(killed.ends).toBeGreaterThan(5);
});
