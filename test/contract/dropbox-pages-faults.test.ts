// What takes several objects, on its way into Dropbox: it fails in the middle, as the network, the account or the quota would have
// it, and goes on with the next run. What was sent is not sent again, and what the database is by then is not mixed into it.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { usualPages } from '../../lib/backup/pages-policy.ts';
import type { RepositoryOptions } from '../../lib/repository/options.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import { makeIdentity, openWith, sealTo } from '../../lib/seal/age.ts';
import type { FaultAction } from '../stand-ins/dropbox/faults.ts';
import type { DropboxStandIn } from '../stand-ins/dropbox/stand-in.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { scratch } from '../support/scratch.ts';
import { openOn, startStandIn } from './dropbox-world.ts';
import { pages } from './pages-format.ts';
import { opened } from './plain-format.ts';
import {
  largerKind,
  newBackup,
  openWorld,
  source,
  statesOf,
  useKind,
  type World,
} from './repository-world.ts';

beforeAll(() => useKind(largerKind(2_300_000)));
afterAll(() => useKind());

/** Each group of a megabyte is an object. */
const partBytesMax = 1;
const fullWindow = { weekday: undefined, startMinutes: 0, lengthMs: 8 * 3_600_000 };
const [shut, open] = [new Date('2026-11-01T00:00:00Z'), new Date('2026-11-30T00:00:00Z')];
const uploads = /^files\/upload/;

interface Scene {
  standIn: DropboxStandIn;
  world: World;
  log: ReturnType<typeof recordingLog>;
  machine: () => Repository;
  /** Backs up the database as it is on that day, under the name of that day. */
  night: (day: number, until?: Date) => ReturnType<Repository['add']>;
  nameOf: (day: number, second?: number) => string;
}

async function openScene(
  isSealed: boolean,
  policy: Partial<RepositoryOptions['pages']> = {},
): Promise<Scene> {
  const standIn = await startStandIn();
  const world = await openWorld(pages, async () => opened(openOn(standIn, { retriesMax: 1 })));
  const { identity, recipient } = await makeIdentity();
  const keys = { seal: sealTo([recipient]), opening: await openWith([identity]) };
  const stateDirectory = scratch();
  const log = recordingLog();
  const clock = fixedClock('2026-11-28T04:00:00Z');
  const nameOf = (day: number, second = 13) =>
    `backups/ctv/ctv-202611${day}T0205${second}Z.pages${isSealed ? '.age' : ''}`;
  const machine = () =>
    // Each run has a store of its own, as a process has.
    world.reopen(openOn(standIn, { retriesMax: 1 }), {
      ...{ stateDirectory, log, clock, partBytesMax, pages: { ...usualPages, ...policy } },
      ...(isSealed ? keys : {}),
    });
  const night: Scene['night'] = async (day, until) => {
    const backup = await newBackup(world, day, { backup: nameOf(day) });
    const repository = machine();
    await repository.list(); // as each command does that adds one
    return repository.add({ ...backup, until });
  };
  onTestFinished(() => expect(standIn.violations).toEqual([]));
  return { standIn, world, log, machine, night, nameOf };
}

/** How often each object of a backup has come to be, by its bytes or by a commit. */
function sent({ standIn }: Scene, backup: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { route, argument, faults, status } of standIn.requests) {
    const path = pathIn(argument);
    const isSent =
      /^files\/upload(_session\/finish)?$/.test(route) &&
      (status === 200 || faults.includes('dropAfterApply'));
    if (isSent && path?.includes(backup.slice(0, backup.indexOf('.'))) === true && !path.endsWith('.json'))
      found[path] = (found[path] ?? 0) + 1;
  }
  return found;
}

function pathIn(argument: unknown): string | undefined {
  const { path, commit } = (argument ?? {}) as { path?: string; commit?: { path?: string } };
  return path ?? commit?.path;
}

async function requireAllProven({ machine }: Scene): Promise<string[]> {
  const entries = await machine().list();
  for (const entry of entries) {
    const proof = await machine().prove(entry, source, join(scratch(), 'copy.db'));
    expect({ name: entry.name, ...proof }).toMatchObject({ name: entry.name, proven: true, problems: [] });
  }
  return entries.map(({ name }) => name);
}

type Harm = [string, FaultAction | ((standIn: DropboxStandIn) => FaultAction)];

const harms: Harm[] = [
  ['is told to wait, again and again', { kind: 'tooManyRequests' }],
  ['meets a server that fails', { kind: 'reply', status: 503 }],
  ['finds the account full', (standIn) => ({ kind: 'run', run: () => standIn.setQuota(1000) })],
];

const survived: Harm[] = [
  ['hears no reply to what was done', { kind: 'dropAfterApply' }],
  ['has a token that is over', (standIn) => ({ kind: 'run', run: () => standIn.expireTokensNow() })],
];

/** From its second object on nothing of that backup gets through. */
function harmUploads({ standIn }: Scene, backup: string, harm: Harm[1]): void {
  const action = typeof harm === 'function' ? harm(standIn) : harm;
  const stem = backup.slice(0, backup.indexOf('.'));
  const matches = ({ argument }: { argument: unknown }) => pathIn(argument)?.includes(`${stem}+`) === true;
  standIn.fault({ route: uploads, times: Infinity, matches, action });
}

function mend({ standIn }: Scene): void {
  standIn.clearFaults();
  standIn.setQuota(2e12);
}

describe.each([
  ['clear', false],
  ['sealed', true],
])('a %s full of several objects', (_, isSealed) => {
  it.each(harms)('that %s goes on with the next run, and is of its own night', async (_what, harm) => {
    const scene = await openScene(isSealed);
    harmUploads(scene, scene.nameOf(10), harm);
    await expect(scene.night(10)).rejects.toMatchObject({
      message: expect.stringMatching(/^cannot /) as string,
    });
    mend(scene);
    expect(await statesOf(scene.machine())).toEqual({ [scene.nameOf(10)]: 'unfinished' });
    expect(await scene.night(12)).toMatchObject({ made: 'increment' });
    expect(await requireAllProven(scene)).toEqual([scene.nameOf(12), scene.nameOf(10)]);
    const parts = Object.values(sent(scene, scene.nameOf(10)));
    expect(parts.length).toBeGreaterThan(2);
    expect(new Set(parts)).toEqual(new Set([1]));
  });

  it.each(survived)('that %s is whole all the same', async (_what, harm) => {
    const scene = await openScene(isSealed);
    const action = typeof harm === 'function' ? harm(scene.standIn) : harm;
    scene.standIn.fault({ route: uploads, nth: 2, action });
    expect(await scene.night(10)).toMatchObject({ made: 'full' });
    expect(await requireAllProven(scene)).toEqual([scene.nameOf(10)]);
  });

  it.each(harms)('that waits for its window, and %s there, costs nobody anything', async (_what, harm) => {
    const scene = await openScene(isSealed, { full: 'weekly', fullWindow });
    await scene.night(10);
    const full = scene.nameOf(17, 14);
    expect(await scene.night(17, shut)).toMatchObject({
      made: 'increment',
      underWay: { name: full, doneObjects: 0 },
    });
    harmUploads(scene, full, harm);
    // The window is closed, and open: what is to be told is the backup of the night, which stands.
    expect(await scene.night(18)).toMatchObject({
      made: 'increment',
      underWay: { name: full, doneObjects: 0 },
    });
    const failed = await scene.night(19, open);
    expect(failed).toMatchObject({ made: 'increment', underWay: { name: full } });
    expect(failed.underWay?.doneObjects).toBeLessThan(failed.underWay?.allObjects ?? 0);
    expect(scene.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
    mend(scene);
    expect(await scene.night(20, open)).toMatchObject({ made: 'increment', underWay: undefined });
    expect(new Set(await requireAllProven(scene))).toEqual(
      new Set([full, ...[10, 17, 18, 19, 20].map((day) => scene.nameOf(day))]),
    );
    expect(new Set(Object.values(sent(scene, full)))).toEqual(new Set([1]));
    expect(await scene.night(21)).toMatchObject({
      manifest: { stored: { pages: { base: { name: full } } } },
    });
  });
});
