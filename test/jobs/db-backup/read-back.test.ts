// What was just stored is read back by the reader's own code before anything old is touched: where a store answers that
// otherwise than it was written, the night is no good one, whatever the last write came back with, and nothing is gone.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dbBackup } from '../../../jobs/db-backup.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { silentLog } from '../../../lib/base/log.ts';
import type { Job } from '../../../lib/run/job.ts';
import { openRepository } from '../../../lib/run/open-repository.ts';
import { openDirectoryStore } from '../../../lib/store/directory/open.ts';
import { memoryStore } from '../../../lib/store/memory.ts';
import type { Store, Stored } from '../../../lib/store/store.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { runInProcess } from '../../support/in-process.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { type Ended, makeBookings } from '../../support/world.ts';

/** How the answers to `list` and `read` are changed, once the manifest of `backup` was put. */
interface Lie {
  list?: (found: Stored[], backup: string) => Stored[];
  read?: (bytes: Uint8Array, name: string, backup: string) => Uint8Array;
}

const manifestOf = (backup: string) => backup.replace(/\.db$/, '.json');
const without = (part: (backup: string) => string) => (found: Stored[], backup: string) =>
  found.filter(({ name }) => name !== part(backup));
const changed = (change: Partial<Stored>) => (found: Stored[], backup: string) =>
  found.map((stored) => (stored.name === backup ? { ...stored, ...change } : stored));
const rewritten = (from: RegExp, to: string) => (bytes: Uint8Array, name: string, backup: string) =>
  name === manifestOf(backup) ? Buffer.from(Buffer.from(bytes).toString().replace(from, to)) : bytes;
const unread = (bytes: Uint8Array, name: string, backup: string) => {
  if (name === manifestOf(backup)) throw new OpsError('unavailable', `cannot read ${name}: told to fail`);
  return bytes;
};
const silent = () => {
  throw new OpsError('unavailable', 'cannot list: told to fail');
};

const lies: [what: string, lie: Lie, exitCode: number, says: RegExp][] = [
  [
    'the listing has nothing of it',
    { list: (found, backup) => without(manifestOf)(without((name) => name)(found, backup), backup) },
    65,
    /is listed as nothing at all/,
  ],
  ['the listing has no data', { list: without((name) => name) }, 65, /is listed as lost/],
  ['the listing has no manifest', { list: without(manifestOf) }, 65, /is listed as unfinished/],
  ['fewer bytes are there', { list: changed({ sizeBytes: 1 }) }, 65, /is listed as damaged: it has 1 bytes/],
  [
    'as many bytes are there, with another hash',
    { list: changed({ contentHash: 'f'.repeat(64) }) },
    65,
    /is listed as damaged: its bytes were altered/,
  ],
  ['the manifest is cut', { read: rewritten(/^[^]{200}[^]*$/, '{"format":') }, 65, /is listed as damaged/],
  [
    'the manifest promises other bytes',
    { read: rewritten(/"content_hash": "[0-9a-f]{8}/, '"content_hash": "00000000') },
    65,
    /is listed as damaged: its bytes were altered/,
  ],
  [
    'the manifest is of another backup',
    { read: rewritten(/"backup": "[^"]*"/, '"backup": "backups/bookings/other.db"') },
    65,
    /is listed as damaged: its manifest is that of/,
  ],
  [
    'the manifest is of another app',
    { read: rewritten(/"app": "[^"]*"/, '"app": "other"') },
    65,
    /is listed as damaged: its manifest says that it is of the app other/,
  ],
  [
    'the manifest calls it suspect',
    { read: rewritten(/"suspect": \[\]/, '"suspect": ["x"]') },
    65,
    /is listed as suspect: x/,
  ],
  [
    'the manifest is of the future',
    { read: rewritten(/"taken_at": "\d{4}/, '"taken_at": "2999') },
    65,
    /is listed as future/,
  ],
  [
    'the manifest is of a newer version',
    { read: rewritten(/"version": 2/, '"version": 9') },
    65,
    /is listed as damaged: .*newer Holdfast/,
  ],
  ['the manifest does not come', { read: unread }, 65, /is listed as damaged: cannot read .*told to fail/],
  ['the listing does not come', { list: silent }, 69, /cannot list: told to fail/],
];

/** The hash is what a store itself says: a directory has none to give. */
const ofHashes = /another hash|promises other bytes/;

const stores: [kind: string, open: (root: string) => Promise<Store>, tellsHash: boolean][] = [
  [
    'a directory',
    (path) => openDirectoryStore({ path, create: true, clock: fixedClock(), log: silentLog }),
    false,
  ],
  [
    'memory that is elsewhere',
    async () => memoryStore({ clock: fixedClock(), log: silentLog, isRemote: true, tellsContentHash: true }),
    true,
  ],
];

test.each(stores)(
  '%s: each such night ends badly, nothing that was there is gone, and the first true one prunes',
  async (_, open, tellsHash) => {
    await using world = new TypedWorld();
    const { store, type, first } = await twoNights(world, open);
    for (const [what, lie, exitCode, says] of lies) {
      if (!tellsHash && ofHashes.test(what)) continue;
      const before = await namesIn(store);
      const view = lyingStore(store, lie);
      const { exitCode: ended, stderr } = await type('run', view);
      expect({ what, ended, stderr }).toMatchObject({
        ended: exitCode,
        stderr: expect.stringMatching(says) as string,
      });
      if (exitCode === 65)
        expect(stderr).toMatch(/hint: nothing older was removed; .*db-backup list-backups --app bookings/);
      expect({ what, removed: view.removed }).toEqual({ what, removed: [] });
      expect(await namesIn(store)).toEqual(expect.arrayContaining(before));
      expect(existsSync(join(world.state, 'pending/bookings'))).toBe(false);
    }
    const [, nothing] = lies[0] ?? [];
    expect(await type('backup once-more', lyingStore(store, nothing ?? {}))).toMatchObject({ exitCode: 65 });
    const view = lyingStore(store, {});
    expect(await type('run', view)).toMatchObject({ exitCode: 0 });
    expect(view.removed).toContain(first);
  },
);

async function namesIn(store: Store): Promise<string[]> {
  return (await store.list('backups/')).map(({ name }) => name);
}

/** A world with two backups of which the next night lets one go, and how to type a command on any view of its store. */
async function twoNights(world: TypedWorld, open: (root: string) => Promise<Store>) {
  makeBookings(world.database, { journalMode: 'delete' });
  world.configure({ app: 'keep = { last = 2 }', top: 'clock = "trusted"' });
  const store = await open(world.store);
  const type = (line: string, view: Store): Promise<Ended> => {
    world.clock.advance(24 * 3_600_000);
    const environment = { HOLDFAST_CONFIG: world.config };
    const clock = fixedClock(world.clock.now().toISOString());
    return runInProcess(dbBackupOn(view), line.split(' '), { clock, environment });
  };
  for (let night = 0; night < 2; night += 1) expect(await type('run', store)).toMatchObject({ exitCode: 0 });
  const [first] = await namesIn(store);
  return { store, type, first };
}

/** The job, whose commands have that store for the configured one. */
function dbBackupOn(store: Store): Job {
  const commands = dbBackup.commands.map((command): Job['commands'][number] => {
    if (command.kind !== 'ending') return command;
    const load: typeof command.load = async () => {
      const steps = await command.load();
      return {
        ...steps,
        run: (context, options) =>
          steps.run(
            {
              ...context,
              openStore: async () => store,
              openRepository: async (app) =>
                openRepository(store, app, { ...context, opening: async () => undefined }),
            },
            options,
          ),
      };
    };
    return { ...command, load };
  });
  return { ...dbBackup, commands };
}

/** `store`, which tells the lie from the moment on in which a manifest was put. */
function lyingStore(store: Store, lie: Lie): Store & { removed: string[] } {
  let backup: string | undefined;
  const removed: string[] = [];
  return {
    ...store,
    removed,
    async put(name, file, options) {
      const stored = await store.put(name, file, options);
      if (name.endsWith('.json')) backup = name.replace(/\.json$/, '.db');
      return stored;
    },
    async remove(name, options) {
      removed.push(name);
      await store.remove(name, options);
    },
    async list(prefix) {
      const found = await store.list(prefix);
      return backup === undefined ? found : (lie.list?.(found, backup) ?? found);
    },
    async read(name) {
      const bytes = await store.read(name);
      return backup === undefined ? bytes : (lie.read?.(bytes, name, backup) ?? bytes);
    },
  };
}
