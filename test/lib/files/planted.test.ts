// Root at work in a directory that somebody else owns, who has put links and trees where root will look: nothing outside
// is written, given away or removed.
import {
  chownSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../../lib/base/log.ts';
import { sweepTemporaries, writeFileAtomically } from '../../../lib/files/durable.ts';
import { createDirectories } from '../../../lib/files/make-directories.ts';
import { currentProcess } from '../../../lib/files/process-identity.ts';
import { noteLeftElsewhere, readLeftElsewhere } from '../../../lib/files/scratch-left.ts';
import { formatScratchOwner, scratchName } from '../../../lib/files/scratch-owner.ts';
import { makeScratch, sweepScratch } from '../../../lib/files/scratch.ts';
import { stateNote } from '../../../lib/files/state-note.ts';
import { Spool } from '../../../lib/notify/spool.ts';
import { openDirectoryStore } from '../../../lib/store/directory/open.ts';
import type { Store } from '../../../lib/store/store.ts';
import { makeFile } from '../../contract/store-world.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { scratch } from '../../support/scratch.ts';

const stranger = 1234;
const clock = fixedClock();
const around = { clock, log: silentLog };
const here = currentProcess();
const dead = { ...here, startTicks: here.startTicks + 1 };
const leftover = scratchName(dead, '0123456789abcdef');

/** What root has, some of it under names that would be written or swept where it was ours to do so. */
const files = ['precious', 'ctv/note.json', '.holdfast-0123456789abcdef.tmp'];

/** A directory of the stranger's, and one of root's with a file in it. */
function places(): { theirs: string; ours: string } {
  const [theirs, ours] = [join(scratch(), 'state'), join(scratch(), 'ours')];
  for (const path of [theirs, ours]) mkdirSync(path);
  for (const name of ['ctv', leftover]) mkdirSync(join(ours, name));
  for (const name of files) writeFileSync(join(ours, name), 'bytes', { mode: 0o600 });
  if (process.geteuid?.() === 0) chownSync(theirs, stranger, stranger);
  return { theirs, ours };
}

function plantLink(path: string, target: string): void {
  symlinkSync(target, path);
  lchownSync(path, stranger, stranger);
}

function requireUntouched(ours: string): void {
  const names = readdirSync(ours, { recursive: true, encoding: 'utf8' });
  expect(names.sort()).toEqual([...files, 'ctv', leftover].sort());
  for (const name of files) expect(readFileSync(join(ours, name), 'utf8')).toBe('bytes');
  for (const name of ['.', ...names]) expect(statSync(join(ours, name)).uid).toBe(process.geteuid?.());
}

type Work = (theirs: string) => Promise<unknown>;

/** What is done below `theirs`, where `link` leads to a directory of root's. */
const works: Record<string, Work> = {
  'a small file': (theirs) => writeFileAtomically(join(theirs, 'link', 'precious'), 'new', { toOwner: true }),
  directories: (theirs) => createDirectories(join(theirs, 'link', 'a', 'b')),
  scratch: (theirs) => makeScratch(join(theirs, 'link'), { clock }),
  'a sweep of scratch': (theirs) => sweepScratch(join(theirs, 'link'), around),
  'a sweep of temporary files': (theirs) => sweepTemporaries(join(theirs, 'link'), new Date('2100-01-01')),
  'a note': (theirs) => stateNote(theirs, 'link', 'ctv').write('text'),
  'the removal of a note': (theirs) => stateNote(theirs, 'link', 'ctv').remove(),
  'a record of the spool': (theirs) =>
    new Spool([join(theirs, 'link')], silentLog).add(
      { kind: 'start', check: 'db-backup', runId: '0'.repeat(32), at: 0 },
      0,
    ),
  'a store': (theirs) => openDirectoryStore({ path: join(theirs, 'link'), create: true, ...around }),
};

test.skipIf(process.geteuid?.() !== 0).each(Object.entries(works))(
  '%s is not led through a link that somebody else made to what is root’s (needs root)',
  async (_, work) => {
    const { theirs, ours } = places();
    plantLink(join(theirs, 'link'), ours);
    await work(theirs).catch(() => undefined);
    requireUntouched(ours);
  },
);

test.skipIf(process.geteuid?.() !== 0)(
  'a tree that looks like scratch is removed without what its links lead to (needs root)',
  async () => {
    const { theirs, ours } = places();
    const planted = join(theirs, leftover);
    mkdirSync(join(planted, 'a', 'b'), { recursive: true });
    writeFileSync(join(planted, 'owner.json'), formatScratchOwner(dead, clock.now()));
    for (const path of ['link', 'a/link', 'a/b/link']) plantLink(join(planted, path), ours);
    plantLink(join(theirs, scratchName(dead, 'f'.repeat(16))), ours);
    await sweepScratch(theirs, around);
    expect(readdirSync(theirs)).toEqual([scratchName(dead, 'f'.repeat(16))]);
    requireUntouched(ours);
  },
);

test.skipIf(process.geteuid?.() !== 0)(
  'what root makes for itself stays root’s, and what it makes for the jobs becomes theirs (needs root)',
  async () => {
    const { theirs } = places();
    await using made = await makeScratch(theirs, { clock });
    expect(statSync(made.path)).toMatchObject({ uid: 0 });
    await stateNote(theirs, 'pending', 'ctv').write('text');
    for (const path of ['pending', 'pending/ctv', 'pending/ctv/note.json'])
      expect([path, statSync(join(theirs, path)).uid]).toEqual([path, stranger]);
  },
);

test.skipIf(process.geteuid?.() !== 0)(
  'a note of what is elsewhere is believed when we wrote it (needs root)',
  async () => {
    await using made = await makeScratch(scratch(), { clock });
    await noteLeftElsewhere(made, { scratchIn: '/somewhere' });
    expect(await readLeftElsewhere(made)).toEqual({ scratchIn: '/somewhere', object: undefined });
    chownSync(made.file('left.json'), stranger, stranger);
    expect(await readLeftElsewhere(made)).toEqual({});
  },
);

const storeWorks: Record<string, (store: Store) => Promise<unknown>> = {
  put: (store) => makeFile('new').then((file) => store.put('link/precious', file, { replace: true })),
  'put beside': (store) => makeFile('new').then((file) => store.put('link/new', file)),
  copy: (store) => store.copy('there', 'link/new'),
  'copy out': (store) => store.copy('link/precious', 'stolen'),
  get: (store) => store.get('link/precious', join(scratch(), 'stolen')),
  read: (store) => store.read('link/precious'),
  remove: (store) => store.remove('link/precious'),
  list: async (store) => expect((await store.list('')).map(({ name }) => name)).toEqual(['there']),
};

test.each(Object.entries(storeWorks))(
  'a directory of a store that is a link: %s stays inside',
  async (_, work) => {
    const { ours } = places();
    const path = join(scratch(), 'store');
    const store = await openDirectoryStore({ path, create: true, ...around });
    await store.put('there', await makeFile('bytes'));
    symlinkSync(ours, join(path, 'link'));
    await work(store).catch(() => undefined);
    expect(readdirSync(path).sort()).toEqual(['.holdfast-store', 'link', 'there']);
    requireUntouched(ours);
  },
);
