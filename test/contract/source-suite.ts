// The conformance suite: every source runs it, and every sentence of the contract in lib/source/source.ts is in it.
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { OpsError } from '../../lib/base/errors.ts';
import { totalRows } from '../../lib/source/facts.ts';
import type { CopyOptions, CopyReport, Source } from '../../lib/source/source.ts';
import { asNobody } from '../support/as-nobody.ts';
import { scratch } from '../support/scratch.ts';
import { fingerprint, type SourceKind, type SourceWorld } from './source-world.ts';

/** So late that no change counts as recent: nothing has to be waited for. */
const now = new Date('2100-01-01');

const target = () => join(scratch(), 'copy');

async function copy(
  source: Source,
  path: string,
  options: Omit<CopyOptions, 'now'> = {},
): Promise<CopyReport> {
  return source.copy(await source.look(), path, { now, ...options });
}

async function copied({ source }: SourceWorld): Promise<string> {
  const path = target();
  await copy(source, path);
  return path;
}

/** Runs the suite on sources that `kind` opens, a new one for each test. */
export function sourceSuite(name: string, kind: SourceKind): void {
  describe(`${name}: the source contract`, () => {
    describe('a copy', () => copyTests(kind));
    describe('the source', () => sourceTests(kind));
    describe('a look', () => lookTests(kind));
    describe('what was looked at', () => exchangeTests(kind));
    describe('an abort', () => abortTests(kind));
    describe('a survey', () => surveyTests(kind));
    describe('measuring', () => measureTests(kind));
    describe('comparing', () => compareTests(kind));
  });
}

/** What is so of files alone; a test that is left out would count as one that was skipped. */
function ofFiles({ isFile }: SourceKind): (name: string, work: () => Promise<void>) => void {
  return isFile ? it : () => undefined;
}

function copyTests(kind: SourceKind): void {
  it('is one committed instant of its time beside an app that commits without a pause', async () => {
    const world = await kind.open(40e6);
    const app = await world.startBusyApp();
    for (const path of [target(), target()]) {
      await app.advance();
      const before = await app.newest();
      await copy(world.source, path);
      const after = await app.newest();
      const found = await world.newestIn(path);
      expect(found).toBeGreaterThanOrEqual(before);
      expect(found).toBeLessThanOrEqual(after);
    }
  });

  it('has what was committed, and nothing of what was not', async () => {
    const world = await kind.open();
    const app = await world.startPatientApp();
    app.commit();
    app.begin();
    const path = await copied(world);
    expect(await world.newestIn(path)).toBe(1);
  });

  it('is one file, no larger than was said, for its owner and group only', async () => {
    const world = await kind.open(2e6);
    const path = await copied(world);
    expect(readdirSync(dirname(path))).toEqual(['copy']);
    const { size, mode } = statSync(path);
    expect(size).toBeLessThanOrEqual((await world.source.look()).copyBytesMax);
    expect((mode & 0o7777).toString(8)).toBe('640');
  });

  it('never takes the place of a file', async () => {
    const path = target();
    writeFileSync(path, 'mine');
    await expect(copy((await kind.open()).source, path)).rejects.toMatchObject({ kind: 'refused' });
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('tells how far it is, up to the whole', async () => {
    const world = await kind.open(20e6);
    const told: number[] = [];
    let whole = 0;
    const onProgress = (done: number, total: number) => {
      told.push(done);
      whole = total;
    };
    const path = target();
    await copy(world.source, path, { onProgress });
    // A dump is looked at twice a second.
    expect(told.length).toBeGreaterThan(kind.isFile ? 2 : 0);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect([told.at(-1), whole]).toEqual([statSync(path).size, statSync(path).size]);
  });

  it('takes no more memory of a larger source', async () => {
    const peakOf = async (sizeBytes: number) => {
      const { source } = await kind.open(sizeBytes);
      let peak = 0;
      const onProgress = () => (peak = Math.max(peak, process.memoryUsage.rss()));
      const path = target();
      await copy(source, path, { onProgress });
      await source.measure(path);
      onProgress();
      return peak;
    };
    await peakOf(8e6); // threads and code, which are loaded once
    const small = await peakOf(8e6);
    expect((await peakOf(100e6)) - small).toBeLessThan(50e6);
  });
}

function sourceTests(kind: SourceKind): void {
  it('that nobody has open stays as it was, and alone', async () => {
    const world = await kind.open(2e6);
    const before = fingerprint(world.directory);
    await copied(world);
    expect(fingerprint(world.directory)).toEqual(before);
  });

  it('stays as it was beside an app that has it open, log and all', async () => {
    const world = await kind.open();
    const app = await world.startPatientApp();
    app.commit();
    const before = fingerprint(world.directory);
    await copied(world);
    expect(fingerprint(world.directory)).toEqual(before);
  });

  ofFiles(kind)('whose app was killed has nothing beside it that the app could not use', async () => {
    const world = await kind.open(2e6);
    const app = await world.startBusyApp();
    await app.advance();
    await app.kill();
    const { ownership } = await world.source.look();
    // What the killed app left half done only it may finish: then there is no copy now.
    await copied(world).catch((error: unknown) => expect(error).toMatchObject({ kind: 'denied' }));
    for (const name of readdirSync(world.directory)) {
      const { uid, gid, mode } = lstatSync(join(world.directory, name));
      expect({ name, uid, gid, mode: mode & 0o7777 }).toEqual({ name, ...ownership });
    }
  });
}

function lookTests(kind: SourceKind): void {
  it('is read once where a copy is begun, and nothing is made or left', async () => {
    const { source, directory } = await kind.open(2e6);
    const look = await source.look();
    const before = readdirSync(directory);
    await source.begin(look, { now: new Date() });
    expect(readdirSync(directory)).toEqual(before);
  });

  ofFiles(kind)('sees size and ownership', async () => {
    const { source, directory } = await kind.open(2e6);
    const look = await source.look();
    const { size, uid, gid, mode } = statSync(look.path);
    expect(dirname(look.path)).toBe(directory);
    expect(look).toMatchObject({ sizeBytes: size, ownership: { uid, gid, mode: mode & 0o7777 } });
    expect(look.remarks.every((remark) => remark !== '')).toBe(true);
  });

  it.each(kind.unusable)('at $what throws, and makes nothing', async ({ kind: expected, make }) => {
    const path = join(scratch(), 'app.db');
    make(path);
    const before = readdirSync(dirname(path));
    await expect((async () => (await (await kind.open()).sourceOf(path)).look())()).rejects.toMatchObject({
      kind: expected,
    });
    expect(readdirSync(dirname(path))).toEqual(before);
  });

  ofFiles(kind)('at what may not be read is denied', async () => {
    const { source, directory } = await kind.open();
    const { path } = await source.look();
    chmodSync(dirname(directory), 0o755);
    chmodSync(path, 0);
    await asNobody(async () => {
      await expect(source.look()).rejects.toMatchObject({ kind: 'denied' });
    });
  });
}

function exchangeTests(kind: SourceKind): void {
  it('is not copied, nor measured, when it is another than before', async () => {
    const world = await kind.open();
    const look = await world.source.look();
    const first = await copied(world);
    const { dev: device, ino: inode } = statSync(first, { bigint: true });
    await world.exchange();
    copyFileSync(first, `${first}.new`);
    renameSync(`${first}.new`, first);
    const refused = { kind: 'refused' };
    await expect(world.source.copy(look, target(), { now })).rejects.toMatchObject(refused);
    const file = { device, inode };
    await expect(world.source.measure(first, { file })).rejects.toMatchObject(refused);
  });
}

function abortTests(kind: SourceKind): void {
  it('ends a copy with its reason, and nothing more is written', async () => {
    const world = await kind.open(40e6);
    const stop = new AbortController();
    const reason = new Error('stopped by SIGTERM');
    const path = target();
    const onProgress = () => stop.abort(reason);
    await expect(copy(world.source, path, { signal: stop.signal, onProgress })).rejects.toBe(reason);
    const left = fingerprint(dirname(path));
    await copied(world); // it takes its time, and the source has not suffered
    expect(fingerprint(dirname(path))).toEqual(left);
  });

  it('ends a measurement with its reason', async () => {
    const world = await kind.open();
    const path = await copied(world);
    const stop = new AbortController();
    const measured = world.source.measure(path, { signal: stop.signal });
    stop.abort(new Error('stopped by SIGTERM'));
    await expect(measured).rejects.toThrow('stopped by SIGTERM');
  });
}

function surveyTests(kind: SourceKind): void {
  const timeLimitMs = 60_000;

  it('counts a source that nobody has open and one that an app is working on, and changes neither', async () => {
    const world = await kind.open();
    const survey = async () => world.source.survey(await world.source.look(), { timeLimitMs });
    const before = fingerprint(world.directory);
    const closed = await survey();
    expect(fingerprint(world.directory)).toEqual(before);
    const app = await world.startPatientApp();
    app.commit();
    const names = readdirSync(world.directory);
    const open = await survey();
    expect(readdirSync(world.directory)).toEqual(names);
    for (const { tables, problems, note } of [closed, open])
      expect({ problems, note, some: (tables ?? []).length > 0 }).toEqual({
        problems: [],
        note: undefined,
        some: true,
      });
    expect(totalRows(open.tables ?? [])).toBeGreaterThan(totalRows(closed.tables ?? []));
  });

  it.each(kind.isFile ? kind.damages : [])(
    'of a source that $what is no news of a sound one',
    async ({ damage }) => {
      const world = await kind.open(2e6);
      const path = await copied(world);
      damage(path);
      const source = await world.sourceOf(path);
      try {
        const { problems, note } = await source.survey(await source.look(), { timeLimitMs });
        expect([...problems, note ?? '']).not.toEqual(['']);
      } catch (error) {
        expect(error).toMatchObject({ kind: 'damaged' }); // the look says so already
      }
    },
  );
}

function measureTests(kind: SourceKind): void {
  it('changes neither the file nor what is beside it', async () => {
    const world = await kind.open();
    const path = await copied(world);
    const before = fingerprint(dirname(path));
    const { facts, integrity } = await world.source.measure(path);
    expect(fingerprint(dirname(path))).toEqual(before);
    expect(facts.engine).toBe(world.source.engine);
    expect(facts.sizeBytes).toBe(statSync(path).size);
    expect(facts.tables.length).toBeGreaterThan(0);
    expect(integrity).toMatchObject({ check: 'full', problems: [] });
  });

  it('finds the same in a copy of a copy', async () => {
    const world = await kind.open();
    const first = await copied(world);
    const second = target();
    await copy(await world.sourceOf(first), second);
    const [expected, found] = [await world.source.measure(first), await world.source.measure(second)];
    expect(world.source.compare(expected.facts, found.facts)).toEqual([]);
  });

  it.each(kind.damages)('never calls a copy sound that $what', async ({ damage }) => {
    const world = await kind.open(2e6);
    const path = await copied(world);
    damage(path);
    const called = 'backups/app/a.db';
    try {
      const { integrity } = await world.source.measure(path, { called });
      expect(integrity.problems).not.toEqual([]);
      expect(integrity.problems.length).toBeLessThanOrEqual(20);
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      expect(error).toMatchObject({
        kind: 'damaged',
        message: expect.stringContaining(called) as string,
      });
    }
  });
}

function compareTests(kind: SourceKind): void {
  it('tells a copy from one that was made after a commit', async () => {
    const world = await kind.open();
    const app = await world.startPatientApp();
    const before = await world.source.measure(await copied(world));
    app.commit();
    const after = await world.source.measure(await copied(world));
    expect(world.source.compare(before.facts, after.facts)).not.toEqual([]);
    expect(world.source.compare(after.facts, after.facts)).toEqual([]);
  });

  it('says ten things at most, and how many more', async () => {
    const world = await kind.open();
    const { facts } = await world.source.measure(await copied(world));
    const tables = Array.from({ length: 30 }, (_, index) => ({ name: `t${index}`, rows: 1 }));
    const sentences = world.source.compare({ ...facts, tables }, { ...facts, tables: [] });
    expect(sentences).toHaveLength(11);
    expect(sentences.at(-1)).toBe('and 20 more');
  });
}
