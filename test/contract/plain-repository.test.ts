// The plain format on a directory and in memory, and what is its own. In Dropbox: dropbox-repository.test.ts.
import { usualPages } from '../../lib/backup/pages-policy.ts';
import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { manifestName } from '../../lib/backup/name.ts';
import { silentLog, silentProgress } from '../../lib/base/log.ts';
import { makeScratch } from '../../lib/files/scratch.ts';
import { openRepository } from '../../lib/repository/open.ts';
import { type MemoryObject, memoryStore } from '../../lib/store/memory.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { scratch } from '../support/scratch.ts';
import { openNew } from './directory-world.ts';
import { opened, plain } from './plain-format.ts';
import { repositorySuite } from './repository-suite.ts';
import { naming, nameOf, newBackup, openWorld, statesOf } from './repository-world.ts';

const openMemory = async (tellsContentHash: boolean) =>
  opened(
    memoryStore({
      ...{ clock: fixedClock(), log: silentLog, isRemote: true, tellsContentHash },
      objects: new Map<string, MemoryObject>(),
    }),
  );

repositorySuite('plain in a directory', plain, async () => opened((await openNew()).store));
repositorySuite('plain in memory', plain, () => openMemory(false));
repositorySuite('plain in a memory that tells content hashes', plain, () => openMemory(true));

it('drops a note that cannot be read, and says so', async () => {
  const { store } = await openWorld(plain, () => openMemory(false));
  const [stateDirectory, log] = [scratch(), recordingLog()];
  const note = join(stateDirectory, 'pending/ctv/note.json');
  await mkdir(dirname(note), { recursive: true });
  writeFileSync(note, '{"format": "holdf');
  const repository = openRepository({
    ...{
      store,
      naming,
      clock: fixedClock(),
      remembered: () => [],
      pages: usualPages,
      seal: undefined,
      opening: undefined,
      stateDirectory,
      log,
      progress: silentProgress,
    },
    signal: new AbortController().signal,
    scratch: () => makeScratch(scratch(), { clock: fixedClock() }),
    noteLeft: () => undefined,
  });
  await repository.finishPending();
  expect(log.lines).toMatchObject([
    { level: 'warn', message: expect.stringContaining('is dropped') as string },
  ]);
  await repository.finishPending();
  expect(log.lines).toHaveLength(1);
});

it('removes the data before the manifest, and puts it before it', async () => {
  const world = await openWorld(plain, () => openMemory(false));
  const [changes, { store }] = [[] as string[], world];
  const repository = world.reopen({
    ...store,
    put: (name, ...rest) => (changes.push(name), store.put(name, ...rest)),
    remove: (name) => (changes.push(name), store.remove(name)),
  });
  await repository.add(await newBackup(world, 1));
  await repository.remove(nameOf(1));
  const [data, manifest] = [nameOf(1), manifestName(nameOf(1))];
  expect(changes).toEqual([data, manifest, data, manifest]);
  expect(await statesOf(repository)).toEqual({});
});
