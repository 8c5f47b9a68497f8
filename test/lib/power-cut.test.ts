// What is promised to be on the device is there after a power cut, on a file system that keeps nothing it was not told to
// keep: after a run that ended well, and after one that ended well where another had been killed at any of its calls.
import { usualPages } from '../../lib/backup/pages-policy.ts';
import fc from 'fast-check';
import { mkdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { manifestName } from '../../lib/backup/name.ts';
import { silentLog, silentProgress } from '../../lib/base/log.ts';
import { writeFileAtomically } from '../../lib/files/durable.ts';
import { digestFile } from '../../lib/files/hash-file.ts';
import { createDirectories } from '../../lib/files/make-directories.ts';
import { makeScratch } from '../../lib/files/scratch.ts';
import { stateNote } from '../../lib/files/state-note.ts';
import { Spool } from '../../lib/notify/spool.ts';
import { openRepository } from '../../lib/repository/open.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import { openDirectoryStore } from '../../lib/store/directory/open.ts';
import type { Store } from '../../lib/store/store.ts';
import { makeFile, sha256 } from '../contract/store-world.ts';
import { withFault } from '../support/faults/fail-in-process.ts';
import { type Choice, kept, lost, some, StrictDisk } from '../support/faults/strict-disk.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { exampleManifest } from './backup/examples.ts';
import '../support/in-memory.ts';
import { scratch } from '../support/scratch.ts';

/** Work that may be killed and is then done again; `root` is a directory that is there. */
interface Work {
  /** What is on the device at the beginning. */
  prepare?: (root: string) => Promise<void>;
  run: (root: string) => Promise<void>;
  /** Throws unless what the work promised when it ended is so. */
  promised: (root: string) => Promise<void>;
  /** Throws unless what has to be so at any time is so. */
  safe?: (root: string) => Promise<void>;
}

const now = Date.parse('2026-11-20T02:05:13Z');
const note = (root: string) => stateNote(join(root, 'state'), 'pending', 'ctv');
const spool = (root: string) => new Spool([join(root, 'state', 'spool')], silentLog);
const storeAt = (root: string, create: boolean) =>
  openDirectoryStore({ path: join(root, 'disk', 'store'), create, clock: fixedClock(), log: silentLog });
const data = 'backups/ctv/ctv-20261120T020513Z.db';
const page = 'p'.repeat(512);
const [manifest, latest] = [manifestName(data), 'latest/ctv.db'];

async function hashOf(store: Store, name: string): Promise<string | undefined> {
  if ((await store.stat(name)) === undefined) return undefined;
  return (await store.get(name, join(scratch(), 'got'))).sha256;
}

async function requireContents(root: string, contents: Record<string, string | undefined>): Promise<void> {
  const store = await storeAt(root, false);
  for (const [name, bytes] of Object.entries(contents))
    expect([name, await hashOf(store, name)]).toEqual([name, bytes === undefined ? bytes : sha256(bytes)]);
}

function repositoryAt(root: string, store: Store): Repository {
  return openRepository({
    store,
    naming: { layout: 'app', app: 'ctv', timeZone: 'UTC', latestName: latest },
    clock: fixedClock(),
    remembered: () => [],
    pages: usualPages,
    seal: undefined,
    opening: undefined,
    stateDirectory: join(root, 'state'),
    scratch: () => makeScratch(store.stagingDirectory ?? root, { clock: fixedClock() }),
    log: silentLog,
    progress: silentProgress,
    signal: new AbortController().signal,
    noteLeft: () => undefined,
  });
}

/** As a night does it: what a killed run had begun is finished, else there is a new backup. */
async function backUp(root: string): Promise<void> {
  const store = await storeAt(root, true);
  const repository = repositoryAt(root, store);
  await repository.finishPending();
  if ((await repository.list()).length > 0) return;
  await using own = await makeScratch(store.stagingDirectory ?? root, { clock: fixedClock() });
  await writeFile(own.file('copy.db'), page);
  const file = await digestFile(own.file('copy.db'));
  const { sizeBytes, sha256, contentHash } = file;
  const manifest = exampleManifest({
    backup: data,
    sizeBytes,
    pageSize: 512,
    pageCount: 1,
    sha256,
    contentHash,
  });
  await repository.add({ file, manifest, refreshLatest: true, scratch: own });
}

async function requireProven(root: string): Promise<void> {
  const store = await storeAt(root, false);
  expect((await repositoryAt(root, store).list()).map(({ state }) => state)).toEqual(['proven']);
  await requireContents(root, { [data]: page, [latest]: page });
}

async function addRecord(root: string): Promise<void> {
  await spool(root).add({ kind: 'start', check: 'db-backup', runId: '0'.repeat(32), at: now }, now);
}

const works: Record<string, Work> = {
  'a small file in directories that it makes': {
    async run(root) {
      const path = join(root, 'a', 'b', 'c', 'file');
      await createDirectories(dirname(path));
      await writeFileAtomically(path, 'whole');
    },
    async promised(root) {
      expect(readFileSync(join(root, 'a', 'b', 'c', 'file'), 'utf8')).toBe('whole');
    },
  },
  'a small file that is replaced': {
    prepare: (root) => writeFileAtomically(join(root, 'file'), 'old'),
    run: (root) => writeFileAtomically(join(root, 'file'), 'new'),
    promised: async (root) => expect(readFileSync(join(root, 'file'), 'utf8')).toBe('new'),
    safe: async (root) => expect(['old', 'new']).toContain(readFileSync(join(root, 'file'), 'utf8')),
  },
  'a note that is written': {
    run: (root) => note(root).write('text'),
    promised: async (root) => expect(await note(root).read()).toBe('text'),
    safe: async (root) => expect(['text', undefined]).toContain(await note(root).read()),
  },
  'a note that is removed': {
    prepare: (root) => note(root).write('text'),
    run: (root) => note(root).remove(),
    promised: async (root) => expect(await note(root).read()).toBeUndefined(),
    safe: async (root) => expect(['text', undefined]).toContain(await note(root).read()),
  },
  'a record that is spooled': {
    run: addRecord,
    promised: async (root) => expect((await spool(root).look()).records.length).toBeGreaterThan(0),
    safe: async (root) => expect((await spool(root).look()).unreadable).toEqual([]),
  },
  'records that were told': {
    prepare: addRecord,
    async run(root) {
      await spool(root).remove((await spool(root).look()).records.map(({ name }) => name));
    },
    promised: async (root) => expect((await spool(root).look()).unreadable).toEqual([]),
  },
  'a backup in a store that it makes': {
    prepare: async (root) => mkdirSync(join(root, 'disk')),
    run: backUp,
    promised: requireProven,
    async safe(root) {
      const store = await storeAt(root, false).catch(() => undefined);
      if (store !== undefined && (await store.stat(manifest)) !== undefined) await requireProven(root);
    },
  },
  'a latest copy that is replaced': {
    async prepare(root) {
      await (await storeAt(root, true)).put(latest, await makeFile('old'));
    },
    async run(root) {
      await (await storeAt(root, false)).put(latest, await makeFile('new'), { replace: true });
    },
    promised: (root) => requireContents(root, { [latest]: 'new' }),
    async safe(root) {
      expect([sha256('old'), sha256('new')]).toContain(await hashOf(await storeAt(root, false), latest));
    },
  },
  'a copy in the store': {
    async prepare(root) {
      await (await storeAt(root, true)).put(latest, await makeFile('data'));
    },
    async run(root) {
      const store = await storeAt(root, false);
      if ((await store.stat(data)) === undefined) await store.copy(latest, data);
      await store.put(manifest, await makeFile('manifest'), { replace: true });
    },
    promised: (root) => requireContents(root, { [data]: 'data', [manifest]: 'manifest' }),
  },
  'a backup that is pruned': {
    async prepare(root) {
      mkdirSync(join(root, 'disk'));
      await backUp(root);
    },
    async run(root) {
      const store = await storeAt(root, false);
      for (const name of [data, manifest]) await store.remove(name);
    },
    promised: (root) => requireContents(root, { [data]: undefined, [manifest]: undefined }),
  },
};

async function requireAfterCut(
  disk: StrictDisk,
  check: (root: string) => Promise<void>,
  choices: readonly Choice[] = [lost, ...fc.sample(fc.nat(), 1).map(some)],
): Promise<void> {
  for (const choice of choices) await check(disk.cut(choice));
}

async function begin({ prepare }: Work): Promise<{ root: string; disk: StrictDisk }> {
  const root = join(scratch(), 'top');
  mkdirSync(root);
  await prepare?.(root);
  return { root, disk: new StrictDisk(root) };
}

test.each(Object.entries(works))('%s is there after a cut', async (_, work) => {
  const first = await begin(work);
  using disk = first.disk;
  const { operations } = await withFault(
    undefined,
    () => work.run(first.root),
    (call) => disk.see(call),
  );
  await requireAfterCut(disk, work.promised, [lost, kept, ...fc.sample(fc.nat(), 5).map(some)]);
  for (const { number } of operations) {
    const { root, disk: again } = await begin(work);
    using held = again;
    const see = held.see.bind(held);
    await withFault({ at: number, kind: 'kill-before' }, () => work.run(root), see);
    if (work.safe !== undefined) await requireAfterCut(held, work.safe);
    await withFault(undefined, () => work.run(root), see);
    await requireAfterCut(held, work.promised);
  }
});

test('the disk of these tests loses what was not synced, and nothing else', async () => {
  const root = join(scratch(), 'top');
  mkdirSync(root);
  await writeFileAtomically(join(root, 'file'), 'old');
  using disk = new StrictDisk(root);
  await withFault(
    undefined,
    () => createDirectories(join(root, 'a', 'b')),
    (call) => (/sync/.test(call.name) ? undefined : disk.see(call)),
  );
  expect(readFileSync(join(disk.cut(lost), 'file'), 'utf8')).toBe('old');
  expect(() => readFileSync(join(disk.cut(lost), 'a'))).toThrow('ENOENT');
  expect(() => readFileSync(join(disk.cut(kept), 'a', 'b'))).toThrow('EISDIR');
});
