// A table of attacks: what the attacker wants, what it prepares, what it does meanwhile, and what root types. An attack of
// a new kind is one more row. Whatever it is, the judge is the same.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { TestReader } from '../reader.ts';
import { TypedWorld } from '../typed-world.ts';
import { type Ended, makeBookings } from '../world.ts';
import { appGroup, appUser, asUser } from './accounts.ts';
import { type Before, outside, problemsOf } from './judge.ts';
import { Scene, type SceneOptions } from './scene.ts';
import { signalGroup, typedByRoot } from './typed-by-root.ts';

/** One row. Scripts know `$D`, the database's directory, `$N`, its name, and the rest of `Scene.variables`. */
export interface Attack extends SceneOptions {
  wants: string;
  /** In which phase the documents in `$DOCS` are that root ships to a reader whom the attacker reads; undefined where nothing is shipped. */
  ships?: 'both' | 'database';
  /** What is prepared with a hand that knows more than a shell: files are given to the app's user there. */
  plant?: (scene: Scene) => void;
  /** What the app's user prepares: a shell script. */
  prepare?: string;
  /** What the store's owner prepares: a shell script. */
  inStore?: string;
  /** What the app's user does when root is asked: a shell script. Root, who sits at a terminal then, says yes. */
  atQuestion?: string;
  /** What root types, in this order. */
  types: readonly string[];
  /** How each of them has to end, where more matters than that it reaches nothing. */
  mustEnd?: 'well' | 'in failure';
}

/** An attack that goes on while root types, the same again and again. */
export interface Race extends Attack {
  /** What is done all the time: a shell script, which ends by itself after `$SECONDS_MAX`. */
  meanwhile: string;
  /** Who does it; the app's user unless given. */
  by?: number;
  /** What is put right between two rounds, by root. */
  again?: (scene: Scene) => void;
}

const isRoot = process.geteuid?.() === 0;
const isNightly = process.env.HOLDFAST_NIGHTLY !== undefined && process.env.HOLDFAST_NIGHTLY !== '';
const raceMs = isNightly ? 180_000 : 1000;
const hour = 3_600_000;

/** Tests that each of them reaches nothing. Accounts of others are root's to use. */
export function describeAttacks(name: string, attacks: readonly Attack[]): void {
  describeOnStore(name, (store) => {
    test.each(attacks.map((attack) => [attack.wants, attack] as const))('%s', async (_, attack) => {
      await using scene = new Scene(store(), attack);
      await using reader = await readerOf(scene, attack);
      void reader;
      prepare(scene, attack);
      const before = outside(scene);
      const ended = await typeAll(scene, attack);
      expectNone([...problemsOf(scene, before, ended), ...endings(ended, attack)]);
    });
  });
}

/** The same of races, each for a second, or for minutes with HOLDFAST_NIGHTLY. */
export function describeRaces(name: string, races: readonly Race[]): void {
  describeOnStore(name, (store) => {
    test.each(races.map((race) => [race.wants, race] as const))(
      '%s',
      async (_, race) => {
        await using scene = new Scene(store(), race);
        await using reader = await readerOf(scene, race);
        void reader;
        prepare(scene, race);
        const before = outside(scene);
        expectNone(await roundsOf(scene, race, before));
      },
      raceMs + 60_000,
    );
  });
}

function endings(ended: readonly Ended[], { mustEnd }: Attack): string[] {
  if (mustEnd === undefined) return [];
  return ended
    .filter(({ exitCode }) => (exitCode === 0) !== (mustEnd === 'well'))
    .map(
      ({ exitCode, stdout, stderr }) => `it exits ${exitCode}, and has to end ${mustEnd}: ${stdout}${stderr}`,
    );
}

function expectNone(problems: readonly string[]): void {
  expect(problems, problems.join('\n')).toEqual([]);
}

function describeOnStore(name: string, tests: (store: () => string) => void): void {
  describe.skipIf(!isRoot)(`${name} (needs root)`, () => {
    let world: TypedWorld;
    beforeAll(async () => {
      world = await worldWithBackup();
      return () => world[Symbol.asyncDispose]();
    });
    tests(() => world.store);
  });
}

/** An hour ago by the clock that processes have. */
async function worldWithBackup(): Promise<TypedWorld> {
  const world = new TypedWorld(new Date(Date.now() - hour).toISOString());
  makeBookings(world.database, { rows: 20, label: 'backup', journalMode: 'delete' });
  world.configure();
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  return world;
}

/** A daemon with the attacker's rights, in a place of the attacker. */
async function readerOf(scene: Scene, { ships }: Attack): Promise<TestReader | undefined> {
  if (ships === undefined) return undefined;
  scene.give(join(scene.den, 'arrived'), appUser, 0o700);
  const lines = `path = ${scene.den}/arrived\nuid = ${appUser}\ngid = ${appGroup}`;
  const reader = await TestReader.daemon({ lines });
  scene.ship(reader, ships);
  return reader;
}

function prepare(scene: Scene, { plant, prepare: script, inStore, storeUid = 0 }: Attack): void {
  plant?.(scene);
  if (script !== undefined) scene.as(appUser, script);
  if (inStore !== undefined) scene.as(storeUid, inStore);
}

async function typeAll(
  scene: Scene,
  { types, atQuestion }: Pick<Attack, 'types' | 'atQuestion'>,
): Promise<Ended[]> {
  const ended: Ended[] = [];
  const question = atQuestion === undefined ? undefined : () => scene.as(appUser, atQuestion);
  for (const line of types) {
    const words = line.replaceAll('$D', scene.directory).split(' ');
    ended.push(await typedByRoot(words, { config: scene.config, question }));
  }
  return ended;
}

/** The problems of the first round that has any. */
async function roundsOf(scene: Scene, race: Race, before: Before): Promise<string[]> {
  const end = performance.now() + raceMs;
  await using attacker = attackerOf(scene, race);
  while (performance.now() < end) {
    const ended = await typeAll(scene, race);
    const problems = attacker.held(() => {
      const found = problemsOf(scene, before, ended);
      race.again?.(scene);
      return found;
    });
    if (problems.length > 0) return problems;
  }
  return [];
}

interface Attacker extends AsyncDisposable {
  /** Does `work` while the attacker stands still: what is looked at would be exchanged as well. */
  held<T>(work: () => T): T;
}

function attackerOf(scene: Scene, { meanwhile, by = appUser }: Race): Attacker {
  const script = `${scene.variables()}SECONDS_MAX=${raceMs / 1000 + 30}\n${meanwhile}`;
  const [program = '', ...args] = [...asUser(by), 'sh', '-c', script];
  const child = spawn(program, args, { cwd: '/', stdio: 'ignore', detached: true });
  const ended = new Promise((done) => child.on('close', done));
  return {
    held(work) {
      signalGroup(child, 'SIGSTOP');
      try {
        return work();
      } finally {
        signalGroup(child, 'SIGCONT');
      }
    },
    async [Symbol.asyncDispose]() {
      signalGroup(child, 'SIGKILL');
      await ended;
    },
  };
}
