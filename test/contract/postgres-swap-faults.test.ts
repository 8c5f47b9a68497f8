// Ends a swap, an undo, a discard and the settling of them at each thing that the server is told: the connection is lost, or all of
// them at once, as a kill has it. After each, what is settled has one whole database under the name, and nothing that was there is gone.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandRunner } from '../../lib/base/command.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { literal, quote } from '../../lib/postgres/names.ts';
import { discardUndo } from '../../lib/postgres/swap/discard.ts';
import { newName, undoName } from '../../lib/postgres/swap/names.ts';
import type { Place } from '../../lib/postgres/swap/place.ts';
import { settle } from '../../lib/postgres/swap/settle.ts';
import { type Swapped, swap, undo } from '../../lib/postgres/swap/swap.ts';
import { formatUndoRecord } from '../../lib/postgres/swap/undo-record.ts';
import { PostgresServer, postgresPrograms } from '../support/postgres.ts';
import { BreakingLink } from '../support/postgres-link.ts';
import { replacedBy, SwapWorld } from './postgres-swap-world.ts';

/** What a stage has beside the live database, and what is done with it. */
interface Scenario {
  readonly what: string;
  /** How the other database is called, by the name of the live one. */
  other(live: string): { name: string; comment: string | null; allows: boolean };
  run(place: Place, other: { oid: string; name: string }): Promise<Swapped | void>;
  /** Whether the other database is in place afterwards. */
  readonly replaces: boolean;
  /** Whether it may be gone. */
  readonly drops: boolean;
}

const madeAt = new Date('2026-11-27T02:05:13Z');
const nobody = { async [Symbol.asyncDispose]() {} };
const measured = undefined as never;

const kept = (live: string, state: 'open' | 'kept') => ({
  name: undoName(live, madeAt, 1),
  comment: formatUndoRecord({ live, replacedBy, madeAt, state, comment: undefined }),
  allows: true,
});

const scenarios: readonly Scenario[] = [
  {
    what: 'a swap',
    other: (live) => ({ name: newName(live), comment: null, allows: false }),
    async run(place, other) {
      const ready = { ...other, measurement: measured, ...nobody };
      const swapped = await swap(place, ready, { replacedBy, others: 'end' });
      await swapped.keep();
      return swapped;
    },
    replaces: true,
    drops: false,
  },
  {
    what: 'an undo',
    other: (live) => kept(live, 'kept'),
    async run(place, { name }) {
      const swapped = await undo(place, name, { others: 'refuse' });
      await swapped.keep();
      return swapped;
    },
    replaces: true,
    drops: false,
  },
  {
    what: 'a discard',
    other: (live) => kept(live, 'kept'),
    run: (place, { name }) => discardUndo(place, name),
    replaces: false,
    drops: true,
  },
  {
    what: 'the settling of one that was in place',
    other: (live) => kept(live, 'open'),
    run: async (place) => void (await settle(place)),
    replaces: false,
    drops: false,
  },
  {
    what: 'the settling of one that was not',
    other: (live) => ({ name: newName(live), comment: null, allows: false }),
    run: async (place) => void (await settle(place)),
    replaces: false,
    drops: true,
  },
];

/** Nobody here restores: which version its programs have is all that is asked. */
const programs: CommandRunner = async () => ({
  exitCode: 0,
  stdout: 'pg_dump (PostgreSQL) 15.0',
  stderr: '',
});

/** Each end costs a twentieth of a second; the nightly run has all of them. */
const isNightly = process.env.HOLDFAST_NIGHTLY === '1';

describe.skipIf(postgresPrograms() === undefined)('a swap that is ended', () => {
  let server: PostgresServer;
  let link: BreakingLink;
  let world: SwapWorld;
  let client: Client;
  /** The numbers of the two databases: the one with two bags, and the one with one. */
  let newer = '';
  let old = '';

  beforeAll(async () => {
    server = await PostgresServer.make();
    server.access(['local all all trust', 'host all all 127.0.0.1/32 trust']);
    server.reload();
    await server.sql('create role app login createdb');
    link = await BreakingLink.to(server.port);
    world = await SwapWorld.make(server);
    world.run = programs;
    client = await server.connect();
    newer = (await databases()).find(({ name }) => name === world.name)?.oid ?? '';
  });
  afterAll(async () => {
    await link[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  async function databases(): Promise<{ oid: string; name: string }[]> {
    const sql = 'select oid::text, datname as name from pg_database where datconnlimit <> -2';
    return (await client.query<{ oid: string; name: string }>(sql)).rows;
  }

  async function rename(oid: string, to: string): Promise<void> {
    const from = (await databases()).find((each) => each.oid === oid)?.name ?? '';
    if (from !== to) await client.query(`alter database ${quote(from)} rename to ${quote(to)}`);
  }

  /** The live database with two bags, and another one with one, called as the scenario has it. */
  async function stage(scenario: Scenario): Promise<{ oid: string; name: string }> {
    link.isDown = false;
    const { name, comment, allows } = scenario.other(world.name);
    if (!(await databases()).some(({ oid }) => oid === old)) {
      await client.query('create database other owner app');
      await server.sql(
        'set role app; create table bag (code text); insert into bag values ($$old$$)',
        'other',
      );
      old = (await databases()).find((each) => each.name === 'other')?.oid ?? '';
    }
    await rename(old, 'other');
    await rename(newer, world.name);
    await rename(old, name);
    await client.query(`comment on database ${quote(world.name)} is null;
      comment on database ${quote(name)} is ${comment === null ? 'null' : literal(comment)};
      alter database ${quote(name)} allow_connections ${allows}`);
    return { oid: old, name };
  }

  const through = { host: '127.0.0.1', port: 0 };

  async function attempt(scenario: Scenario): Promise<{ other: string; ran: Promise<unknown> }> {
    const other = await stage(scenario);
    link.turns = 0;
    const ran = world
      .withPlace((place) => scenario.run(place, other), { ...through, port: link.port })
      .catch((error: unknown) => error);
    return { other: other.name, ran };
  }

  /** Until those that were cut off are gone from the server, the place is theirs. */
  async function settled(own = world): Promise<void> {
    for (;;) {
      try {
        await own.withPlace(settle);
        return;
      } catch (error) {
        if (!(error instanceof OpsError) || error.kind !== 'busy') throw error;
      }
    }
  }

  /** Throws unless one whole database has the name, and nothing that has to be here is gone; the number of the one in place. */
  async function requireWhole({ drops, replaces }: Scenario): Promise<string> {
    const all = await databases();
    const said = JSON.stringify(all);
    const is = (number: string) => all.find(({ oid }) => oid === number)?.name;
    const live = all.find(({ name }) => name === world.name)?.oid;
    if (live === undefined || (live !== newer && live !== old))
      throw new Error(`nothing whole is in place: ${said}`);
    if (is(newer) === undefined) throw new Error(`the newer one is gone: ${said}`);
    // A dump that was never in place is made again from its backup.
    if (!drops && !replaces && is(old) === undefined) throw new Error(`the old one is gone: ${said}`);
    if (all.some(({ name }) => name.startsWith('holdfast_new')))
      throw new Error(`something is left: ${said}`);
    return live;
  }

  describe.each(scenarios)('$what', (scenario) => {
    test.each([
      ['loses the connection before the server hears of it', { when: 'before' as const, all: false }],
      ['loses the connection when the server has done it', { when: 'after' as const, all: false }],
      ['is killed', { when: 'after' as const, all: true }],
    ])('%s', async (_, end) => {
      const problems: string[] = [];
      let ends = 0;
      const every = isNightly ? 1 : 2;
      for (let turn = 1; ; turn += every) {
        const before = link.broke;
        link.breakAtTurn = { turn, ...end };
        const { ran } = await attempt(scenario);
        try {
          if (end.all) await Promise.race([ran, downAt(link)]);
          else await ran;
          if (link.broke === before) {
            link.breakAtTurn = undefined;
            expect(await ran).not.toBeInstanceOf(Error);
            break;
          }
          ends += 1;
          const result = end.all ? undefined : await ran;
          if (result instanceof Error && !(result instanceof OpsError)) throw result;
          await settled();
          const live = await requireWhole(scenario);
          const isNew = live === old;
          if (
            scenario.replaces &&
            result instanceof OpsError &&
            isNew &&
            !/comment|kept/.test(result.message)
          )
            problems.push(`turn ${turn}: it said that it failed (${result.message}), and was in place`);
          if (scenario.replaces && !end.all && !(result instanceof OpsError) && !isNew)
            problems.push(`turn ${turn}: it said that it was in place, and was not`);
          link.isDown = false;
          await ran;
        } catch (error) {
          problems.push(`turn ${turn}: ${String(error)}`);
          link.isDown = false;
          await ran;
        }
      }
      expect(problems).toEqual([]);
      expect(ends).toBeGreaterThan(3);
      const contents = await Promise.all((await world.databases()).map((name) => world.bags(name)));
      expect(contents).toContainEqual(['old', 'newer']);
      expect(contents.every((bags) => bags?.[0] === 'old')).toBe(true);
    });
  });

  test.each([
    'create database',
    'grant connect',
    'begin isolation level read committed',
    'alter database "holdfast_new',
    'alter database "bags',
    'commit',
    'comment on database',
  ])('a restore as a process that is killed when it has said %j', async (last) => {
    const own = await SwapWorld.make(server);
    const program = fileURLToPath(new URL('../fixtures/swap-once.ts', import.meta.url));
    const args = [server.directory, String(server.port), own.name, own.archive.path, last];
    const { signal, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
    expect(signal, stderr).toBe('SIGKILL');
    await settled(own);
    const names = await own.databases();
    const live = await own.bags();
    if (names.length === 1) expect(live).toEqual(['old', 'newer']);
    else {
      const before = names.find((name) => name !== own.name);
      expect([live, await own.bags(before)]).toEqual([['old'], ['old', 'newer']]);
    }
    expect(names.some((name) => name.startsWith('holdfast'))).toBe(false);
    await own.restore();
    expect(await own.bags()).toEqual(['old']);
  });

  test.each([
    ['it has the lock of the name', `alter database "`, 'before'],
    ['it is told to commit', 'commit\0', 'before'],
    ['it has committed', 'commit\0', 'after'],
  ] as const)('a server that crashes when %s', async (_, statement, when) => {
    const own = await SwapWorld.make(server);
    const { undo: kept = '' } = await own.restore();
    own.clock.advance(1000);
    own.run = programs;
    const inPlace = async () => (await databases()).find(({ name }) => name === own.name)?.oid;
    const before = await inPlace();
    const through = { host: '127.0.0.1', port: link.port };
    const was = link.broke;
    const back = own.withPlace(async (place) => {
      link.breakAt = { statement, when };
      const swapped = await undo(place, kept, { others: 'refuse' });
      await swapped.keep();
    }, through);
    const failed = back.catch((error: unknown) => error);
    while (link.broke === was) await new Promise((done) => setImmediate(done));
    if (when === 'after') await expect.poll(inPlace).not.toBe(before);
    server.stop('immediate');
    server.start();
    client = await server.connect();
    const result = await failed;
    await settled(own);
    const isBack = !(result instanceof Error);
    if (!isBack) expect(result).toBeInstanceOf(OpsError);
    if (when === 'after') expect(isBack).toBe(true);
    expect(await own.bags()).toEqual(isBack ? ['old', 'newer'] : ['old']);
    expect(await own.databases()).toHaveLength(2);
  });
});

async function downAt(link: BreakingLink): Promise<void> {
  while (!link.isDown) await new Promise((done) => setImmediate(done));
}
