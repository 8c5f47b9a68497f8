// Both formats where all of it is sealed, on a directory and in memory: the same promises, by who has the identity.
import { afterAll, beforeAll } from 'vitest';
import { silentLog } from '../../lib/base/log.ts';
import { openRepository } from '../../lib/repository/open.ts';
import { makeIdentity, openWith, sealTo } from '../../lib/seal/age.ts';
import { type MemoryObject, memoryStore } from '../../lib/store/memory.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { openNew } from './directory-world.ts';
import { pages } from './pages-format.ts';
import { opened, plain } from './plain-format.ts';
import { repositorySuite } from './repository-suite.ts';
import { largerKind, type RepositoryFormat, useKind } from './repository-world.ts';

const { identity, recipient } = await makeIdentity();
const seal = sealTo([recipient]);
const opening = await openWith([identity]);

const sealedAs = (format: RepositoryFormat): RepositoryFormat => ({
  ...format,
  ending: `${format.ending}.age`,
  open: (options) => openRepository({ ...options, seal, opening }),
});

const openMemory = async () =>
  opened(
    memoryStore({
      ...{ clock: fixedClock(), log: silentLog, isRemote: true, tellsContentHash: true },
      objects: new Map<string, MemoryObject>(),
    }),
  );

beforeAll(() => useKind(largerKind()));
afterAll(() => useKind());

repositorySuite('plain, sealed, in a directory', sealedAs(plain), async () =>
  opened((await openNew()).store),
);
repositorySuite('pages, sealed, in memory', sealedAs(pages), openMemory);
