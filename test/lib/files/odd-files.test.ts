// Whatever may lie in the place of a small file that we read (a pipe, a link, a directory, a device, a file without an
// end): each of the readers takes it at once for what it takes a damaged file for. Red where one reads with readFile.
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { silentLog } from '../../../lib/base/log.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import { readSecret } from '../../../lib/config/secrets.ts';
import { currentProcess } from '../../../lib/files/process-identity.ts';
import { removeLeftover } from '../../../lib/files/scratch-leftover.ts';
import { scratchName } from '../../../lib/files/scratch-owner.ts';
import { readOwner } from '../../../lib/lock/owner.ts';
import { deadLetters } from '../../../lib/notify/dead-letters.ts';
import { Spool } from '../../../lib/notify/spool.ts';
import { holdDirectory } from '../../../lib/files/held-directory.ts';
import { StateFile } from '../../../lib/notify/state-file.ts';
import { readPending } from '../../../lib/repository/plain/pending.ts';
import { cachedReads } from '../../../lib/store/cached-reads.ts';
import { openDirectoryStore } from '../../../lib/store/directory/open.ts';
import { createUploadNotes } from '../../../lib/store/dropbox/upload-notes.ts';
import { memoryStore } from '../../../lib/store/memory.ts';
import { userId } from '../../../units/install/accounts.ts';
import { changesTo } from '../../../units/install/changes.ts';
import { readRecord as readInstalled } from '../../../lib/probe/install-record.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { scratch } from '../../support/scratch.ts';

const clock = fixedClock();
const now = clock.now().getTime();
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const leftover = scratchName({ ...currentProcess(), pid: 4_000_000 }, '0123456789abcdef');
const environment = {};

/** Where the file lies below a directory, and what its reader makes of it. `follow`: a link to a good one is good. */
const readers: Record<string, { path: string; follow?: true; read(root: string): unknown }> = {
  'the owner of a lock': { path: 'ctv.owner.json', read: (root) => readOwner(root, 'ctv') },
  'the owner of scratch': {
    path: `${leftover}/owner.json`,
    async read(root) {
      using parent = await holdDirectory(root);
      const at = {
        here: currentProcess(),
        clock: fixedClock(new Date().toISOString()),
        onLeft: async () => {},
      };
      return await removeLeftover(parent, leftover, at);
    },
  },
  'a note of work under way': {
    path: 'pending/ctv/note.json',
    read: (root) =>
      readPending({
        stateDirectory: root,
        naming: { layout: 'app', app: 'ctv', timeZone: 'UTC', latestName: '' },
        log: silentLog,
      }),
  },
  'the note of an upload': {
    path: `${empty}.json`,
    read: (root) =>
      createUploadNotes(root, clock, silentLog).find({ contentHash: empty, sizeBytes: 0 }, '/a'),
  },
  'a cached object': {
    path: empty,
    async read(root) {
      const store = {
        ...memoryStore({ clock, log: silentLog }),
        list: async () => [{ name: 'a', sizeBytes: 0, modifiedAt: new Date(0), contentHash: empty }],
        read: async () => new Uint8Array(),
      };
      const cached = cachedReads(store, root, { mayKeep: true });
      await cached.list('');
      return (await cached.read('a')).length;
    },
  },
  'the marker of a store': {
    path: '.holdfast-store',
    read: (root) => openDirectoryStore({ path: root, clock, log: silentLog }),
  },
  'a dead letter': {
    path: 'letter.json',
    read: async (root) => (await deadLetters(root)).map(({ reason }) => reason),
  },
  'a record of the spool': {
    path: 'new/000001795000000-db-backup-01234567.json',
    read: async (root) => (await new Spool([root], silentLog).read()).unreadable,
  },
  'the state of alerts': {
    path: 'alerts.json',
    read: async (root) => [
      (await new StateFile([root], silentLog).read(now)).revision,
      readdirSync(root).length,
    ],
  },
  'the configuration': {
    path: 'holdfast.toml',
    follow: true,
    read: (root) => loadConfig({ path: join(root, 'holdfast.toml'), environment }),
  },
  'a secret': {
    path: 'secret',
    follow: true,
    read: (root) => readSecret({ environment, credential: 'x', variable: 'X', file: join(root, 'secret') }),
  },
  'what was installed': { path: 'etc/holdfast/installed.json', read: (root) => readInstalled(root) },
  'an installed unit': {
    path: 'etc/x.service',
    follow: true,
    read: (root) => changesTo(root, new Map([['/etc/x.service', 'good']]), {}).map(({ kind }) => kind),
  },
  'the users of the system': { path: 'etc/passwd', follow: true, read: (root) => userId(root, 'app') },
};

const oddFiles: Record<string, (path: string) => void> = {
  'a pipe': (path) => void execFileSync('mkfifo', ['-m', '600', path]),
  'a directory': (path) => mkdirSync(path, { mode: 0o700 }),
  'a link to a device without an end': (path) => symlinkSync('/dev/zero', path),
  'a file without an end': (path) => {
    writeFileSync(path, '', { mode: 0o600 });
    truncateSync(path, 2 ** 40);
  },
};

/** What came of reading, without the words: they name the path. */
async function outcome(root: string, read: (root: string) => unknown): Promise<unknown> {
  try {
    return { value: await read(root) };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return { kind: error.kind };
  }
}

async function outcomeOf(name: string, make: (path: string) => void): Promise<unknown> {
  const reader = readers[name];
  if (reader === undefined) throw new Error(name);
  const root = scratch();
  const path = join(root, reader.path);
  mkdirSync(dirname(path), { recursive: true });
  make(path);
  return outcome(root, reader.read);
}

const damaged = (path: string) => writeFileSync(path, '\u0000 none of ours', { mode: 0o600 });

describe.each(Object.keys(readers))('%s', (name) => {
  test.each(Object.entries(oddFiles))('%s in its place is as a damaged file, at once', async (odd, make) => {
    // A secret that others may read, as /dev/zero can be, is refused before it is read.
    const isSeenByMode = name === 'a secret' && odd.includes('device');
    const expected = isSeenByMode ? { kind: 'denied' } : await outcomeOf(name, damaged);
    expect(await outcomeOf(name, make)).toEqual(expected);
  });

  test('a link to a good file is followed where an operator may have made it, and else is as a damaged file', async () => {
    const good = join(scratch(), 'good');
    writeFileSync(good, '{"format": "holdfast-store", "version": 1, "shared": {}, "apps": {}}', {
      mode: 0o600,
    });
    const linked = await outcomeOf(name, (path) => symlinkSync(good, path));
    const isFollowed = readers[name]?.follow === true;
    const same = await outcomeOf(
      name,
      isFollowed ? (path) => writeFileSync(path, readFileSync(good), { mode: 0o600 }) : damaged,
    );
    expect(linked).toEqual(same);
  });
});

test('an object of a directory store is a regular file of a bounded size, whatever it was a moment ago', async () => {
  for (const [name, make] of Object.entries(oddFiles)) {
    const root = scratch();
    writeFileSync(join(root, '.holdfast-store'), '{"format": "holdfast-store", "version": 1}');
    const store = await openDirectoryStore({ path: root, clock, log: silentLog });
    make(join(root, 'a.json'));
    const { kind } = (await outcome(root, () => store.read('a.json'))) as { kind: string };
    expect([name, kind]).toEqual([name, name.includes('file') ? 'damaged' : 'missing']);
    rmSync(join(root, 'a.json'), { recursive: true });
  }
});

test('nothing else reads a file whole: what the kernel and Holdfast itself wrote is all that may be', () => {
  const project = join(import.meta.dirname, '../../..');
  const allowed = [
    /^lib\/(files\/(process-identity|true-owner)|sqlite\/(hidden-log|memory-limit|own-memory)|placement\/holders)\.ts$/, // /proc and /sys
    /^lib\/(files\/answering-mounts|sqlite\/inspect\/log-readers|probe\/(clock|kernel-files|mount-table|timers|wal))\.ts$/, // the same
    /^lib\/(process\/tls-connection|probe\/systemd)\.ts$/, // root's, below /etc
    /^(lib\/run\/version|jobs\/health-check\/explain)\.ts$/, // this very checkout
    /^units\/install\/wanted\.ts$/,
    /^jobs\/delta-pull\/steps\/pull-once\.ts$/, // an answer that it has just spooled
  ];
  const found = execFileSync('grep', ['-rlE', '\\breadFile(Sync)?\\(', 'lib', 'jobs', 'units'], {
    cwd: project,
  });
  const names = found
    .toString()
    .trim()
    .split('\n')
    .map((name) => relative(project, join(project, name)));
  expect(names.filter((name) => !allowed.some((pattern) => pattern.test(name)))).toEqual([]);
});
