import { execFileSync } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runWithFault, traceOperations } from '../support/faults/run-with-faults.ts';
import type { FaultKind, Operation } from '../support/faults/run-with-faults.ts';
import { scratch } from '../support/scratch.ts';
import { openAt, openNew } from './directory-world.ts';
import { contentsOf, large, makeFile, putAll, sha256 } from './store-world.ts';

const program = fileURLToPath(new URL('../fixtures/store-once.ts', import.meta.url));

/** What store-once prints. */
interface Outcome {
  error?: { kind: string; message: string; hint?: string };
  visible: string[];
  entries: string[];
}

describe('a put that is killed in the middle', () => {
  it('shows nothing, and the next put removes what it left', async () => {
    const { root } = await openNew();
    const file = await makeFile(large);
    const args = [program, root, 'put', 'backups/one', file.path, 'die'];
    expect(() => execFileSync(process.execPath, args)).toThrow(
      expect.objectContaining({ signal: 'SIGKILL' }) as Error,
    );
    const [left] = (await readdir(root)).filter((name) => name !== '.holdfast-store');
    expect((await stat(join(root, left ?? '', 'object'))).size).toBeGreaterThan(0);

    const store = await openAt(root, false);
    expect(await contentsOf(store)).toEqual({});
    await store.put('backups/one', file);
    expect((await readdir(root)).sort()).toEqual(['.holdfast-store', 'backups']);
    expect(await contentsOf(store)).toEqual({ 'backups/one': file.sha256 });
  });
});

describe.each([
  { what: 'copies a new object', old: false, flags: [] },
  { what: 'replaces by copying', old: true, flags: ['replace'] },
  { what: 'moves a new object', old: false, flags: ['consume'] },
  { what: 'replaces by moving', old: true, flags: ['replace', 'consume'] },
])('a put that $what', ({ old, flags }) => {
  /** A store, and the arguments of a put into it. */
  async function prepare() {
    const { root, store } = await openNew();
    if (old) await putAll(store, ['backups/one'], 'old');
    const file = await makeFile('new');
    return { root, args: [program, root, 'put', 'backups/one', file.path, ...flags] };
  }

  it.each<FaultKind>(['kill-before', 'enospc'])(
    'shows the old state or the new one, after %s at any of its operations',
    async (kind) => {
      const operations = await traceOperations(process.execPath, (await prepare()).args, {});
      expect(operations.length).toBeGreaterThan(4);
      const seen = new Set<string | undefined>();
      const tryAt = async ({ number, name }: Operation) => {
        const { root, args } = await prepare();
        const { stdout } = await runWithFault(process.execPath, args, {}, { at: number, kind });
        const shown = (await contentsOf(await openAt(root, false)))['backups/one'];
        expect([old ? sha256('old') : undefined, sha256('new')]).toContain(shown);
        if (kind !== 'kill-before') requireToldOrDone(JSON.parse(stdout) as Outcome, name, shown);
        seen.add(shown);
        await requireSwept(root);
      };
      const queue = operations.values();
      const work = async () => {
        for (const operation of queue) await tryAt(operation);
      };
      await Promise.all([work(), work()]); // two cores
      expect(seen.size).toBe(2);
    },
  );
});

/** A failure is told as what it is, and then the old state stands, unless only the sync after the naming failed. */
function requireToldOrDone({ error }: Outcome, operation: string, shown: string | undefined): void {
  if (error === undefined) return expect(shown).toBe(sha256('new'));
  expect(error.kind).toBe('io');
  if (operation !== 'sync') expect(shown).not.toBe(sha256('new'));
}

/** The next put leaves nothing in the root but the store. */
async function requireSwept(root: string): Promise<void> {
  await putAll(await openAt(root, false), ['backups/two']);
  expect((await readdir(root)).sort()).toEqual(['.holdfast-store', 'backups']);
}

// A file system that is really full: a small one of its own, seen by nobody else. Mounting needs root.
const mountAndRun = 'mount -t tmpfs -o size=16m holdfast-test "$0" && exec "$@"';
const mountReadOnlyAndRun = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
const mountsHere = canMount();

describe.skipIf(!mountsHere)('a put onto a full disk (needs root)', () => {
  async function putOnSmallDisk(bytes: Uint8Array, ...flags: string[]): Promise<Outcome> {
    const root = join(scratch(), 'disk');
    await mkdir(root);
    const file = await makeFile(bytes);
    const command = [process.execPath, program, root, 'put', 'backups/one', file.path, 'create', ...flags];
    const printed = execFileSync('unshare', ['-m', 'sh', '-c', mountAndRun, root, ...command]);
    return JSON.parse(printed.toString()) as Outcome;
  }

  it('does not begin when it cannot fit', async () => {
    const outcome = await putOnSmallDisk(Buffer.alloc(20_000_000));
    expect(outcome).toMatchObject({ visible: [], entries: ['.holdfast-store'] });
    expect(outcome.error).toMatchObject({
      kind: 'io',
      message: expect.stringMatching(
        /^cannot store "backups\/one": it needs 20 MB, 1\d MB are free in /,
      ) as string,
    });
  });

  it('leaves nothing when the disk becomes full meanwhile', async () => {
    const outcome = await putOnSmallDisk(large, 'fill');
    expect(outcome).toMatchObject({ visible: ['filler'], entries: ['.holdfast-store', 'filler'] });
    expect(outcome.error).toMatchObject({
      kind: 'io',
      message: expect.stringMatching(/^cannot write .*\/object: no space left on the device$/) as string,
      hint: expect.stringContaining('df -h') as string,
    });
  });
});

describe.skipIf(!mountsHere)('a put onto a disk that is mounted read-only (needs root)', () => {
  it('is denied', async () => {
    const { root } = await openNew();
    const file = await makeFile('bytes');
    const command = [process.execPath, program, root, 'put', 'backups/one', file.path];
    const printed = execFileSync('unshare', ['-m', 'sh', '-c', mountReadOnlyAndRun, root, ...command]);
    expect(JSON.parse(printed.toString())).toMatchObject({
      error: { kind: 'denied', message: expect.stringMatching(/mounted read-only$/) as string },
      visible: [],
    });
  });
});

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'sh', '-c', mountAndRun, '/mnt', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // not root, or in a container that may not mount: the tests are shown as skipped
  }
}
