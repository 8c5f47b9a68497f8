// Killed at any instant of a look, a replica is what it was or what it should become, for whoever reads it; and the next look goes on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Database, openLive } from '../../../lib/sqlite/open.ts';
import { readerKey, startMaster } from '../../support/sync-master.ts';
import { World } from '../../support/world.ts';

const program = resolve(import.meta.dirname, '../../../bin/delta-pull');

async function following() {
  const world = new World();
  const directory = join(world.home, 'master');
  mkdirSync(directory);
  let onAsked: (path: string) => void = () => undefined;
  const master = await startMaster(directory, { before: (path) => onAsked(path) });
  onTestFinished(async () => {
    await master[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });
  const replica = join(world.home, 'replica.db');
  const lines = [`state_directory = "${world.state}"`, `run_directory = "${join(world.home, 'run')}"`];
  writeFileSync(
    world.config,
    [...lines, '[pulls.herd]', `from = "${master.url}"`, `replica = "${replica}"`].join('\n'),
  );
  const start = (command = 'once') => {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: world.home,
      HOLDFAST_CONFIG: world.config,
      PI_API_KEY: readerKey,
    };
    const child = spawn(program, [command], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    let isOver = false;
    void ended.then(() => (isOver = true));
    return { kill: () => child.kill('SIGKILL'), ended, isOver: () => isOver };
  };
  return { master, replica, start, whenAsked: (told: (path: string) => void) => (onAsked = told) };
}

const fill = (
  tag: string,
) => `DELETE FROM cattle; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
  INSERT INTO cattle (id, notes) SELECT i, '${tag}' || hex(randomblob(100)) FROM n`;

/** How many rows of which filling a reader sees. */
function seen(reader: Database): string {
  const sql = "SELECT count(*) || ' ' || group_concat(DISTINCT substr(notes, 1, 1)) FROM cattle";
  return String(reader.prepare(sql).pluck().get());
}

/** What kills, in the order of a look; `log` the size of the replica's log at which it is killed while rows are put in. */
const instants: [string, { asked?: string; log?: number }][] = [
  ['when the token is asked for', { asked: '/api/remote/auth/token' }],
  ['when rows are asked for', { asked: '/api/sync/' }],
  ['when the first rows are put in', { log: 1 }],
  ['in the middle of them', { log: 1_500_000 }],
];

for (const command of ['once', 'resync'])
  test.each(instants)(`${command} that is killed %s`, async (_, { asked, log }) => {
    const { master, replica, start, whenAsked } = await following();
    master.run(fill('a'));
    expect((await start().ended)[0]).toBe(0);
    const reader = openLive(replica);
    onTestFinished(() => void reader.close());
    expect(seen(reader)).toBe('20000 a');
    master.run(fill('b'));
    const child = start(command);
    const found = new Set<string>();
    if (asked !== undefined) whenAsked((path) => path.startsWith(asked) && child.kill());
    const before = logBytes(replica);
    while (!child.isOver()) {
      if (log !== undefined && logBytes(replica) !== before && logBytes(replica) >= log) child.kill();
      found.add(seen(reader));
      await new Promise(setImmediate);
    }
    await child.ended;
    whenAsked(() => undefined);
    found.add(seen(reader));
    expect([...found].filter((state) => !['20000 a', '20000 b'].includes(state))).toEqual([]);
    expect((await start().ended)[0]).toBe(0);
    expect(seen(reader)).toBe('20000 b');
  });

function logBytes(replica: string): number {
  return existsSync(`${replica}-wal`) ? statSync(`${replica}-wal`).size : 0;
}
