import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { currentProcess } from '../../../lib/files/process-identity.ts';
import type { ProcessIdentity } from '../../../lib/record/process-identity.ts';
import { formatScratchOwner } from '../../../lib/files/scratch-owner.ts';
import { makeScratch, sweepScratch } from '../../../lib/files/scratch.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { scratch } from '../../support/scratch.ts';

const clock = fixedClock();
const here = currentProcess();
const dead: ProcessIdentity = { ...here, startTicks: here.startTicks + 1 };
const elsewhere: ProcessIdentity = {
  ...here,
  host: 'elsewhere',
  bootId: 'aaaaaaaa-0000-4000-8000-000000000000',
};
const dayMs = 24 * 60 * 60 * 1000;

function sweep(parent: string) {
  return sweepScratch(parent, { clock, log: recordingLog() });
}

/** Scratch of another run with something in it, that many days old. */
async function makeOld(parent: string, owner: ProcessIdentity, days = 0): Promise<string> {
  const made = await makeScratch(parent, { clock, process: owner });
  await mkdir(made.file('directory'));
  await writeFile(join(made.file('directory'), 'snapshot.db'), 'bytes');
  await setAge(made.path, days);
  return made.path;
}

async function setAge(path: string, days: number): Promise<void> {
  const then = new Date(clock.now().getTime() - days * dayMs);
  await utimes(path, then, then);
}

describe('makeScratch', () => {
  it('makes a private directory that names its owner', async () => {
    const parent = scratch();
    const made = await makeScratch(parent, { clock });
    const name = `\\.holdfast-${here.bootId.slice(0, 8)}-${here.pid}-${here.startTicks}-[0-9a-f]{16}`;
    expect(basename(made.path)).toMatch(new RegExp(`^${name}$`));
    expect((await lstat(made.path)).mode & 0o777).toBe(0o700);
    expect(made.file('snapshot.db')).toBe(join(made.path, 'snapshot.db'));
    expect(JSON.parse(await readFile(made.file('owner.json'), 'utf8'))).toMatchObject({
      host: here.host,
      boot_id: here.bootId,
      pid: here.pid,
      start_ticks: here.startTicks,
      since: '2026-11-20T02:05:13.000Z',
    });
  });

  it('makes the directory again that a sweep took for a leftover before it had its owner file', async () => {
    const parent = scratch();
    let isSwept = false;
    const now = () => {
      // makeScratch asks for the time between the two steps.
      if (!isSwept) for (const name of readdirSync(parent)) rmdirSync(join(parent, name));
      isSwept = true;
      return clock.now();
    };
    const made = await makeScratch(parent, { clock: { ...clock, now } });
    expect(isSwept).toBe(true);
    expect(await readdir(made.path)).toEqual(['owner.json']);
  });

  it('is removed with everything in it, by hand or at the end of a scope', async () => {
    const parent = scratch();
    {
      await using made = await makeScratch(parent, { clock });
      await writeFile(made.file('a'), 'bytes');
      expect(existsSync(made.path)).toBe(true);
    }
    const made = await makeScratch(parent, { clock });
    await writeFile(made.file('a'), 'bytes');
    await made.remove();
    await made.remove();
    expect(await readdir(parent)).toEqual([]);
  });

  it('names its owner to the last, so that a removal that was stopped can be finished by a sweep', async () => {
    const parent = scratch();
    await chmod(parent, 0o777);
    const left = await asNobody(async () => {
      const made = await makeScratch(parent, { clock });
      await mkdir(made.file('z'));
      await writeFile(join(made.file('z'), 'file'), 'bytes');
      await chmod(made.file('z'), 0o555);
      await expect(made.remove()).rejects.toMatchObject({ kind: 'denied' });
      const names = await readdir(made.path);
      await chmod(made.file('z'), 0o755);
      return names;
    });
    expect(left).toEqual(['owner.json', 'z']);
  });

  it('needs its parent', async () => {
    const parent = join(scratch(), 'none');
    await expect(makeScratch(parent, { clock })).rejects.toMatchObject({ kind: 'missing' });
    expect(existsSync(parent)).toBe(false);
  });
});

describe('sweepScratch', () => {
  it('removes what dead runs left, and says so', async () => {
    const parent = scratch();
    const paths = [
      await makeOld(parent, dead),
      await makeOld(parent, { ...here, bootId: '00000000-0000-4000-8000-000000000000' }),
    ];
    const log = recordingLog();
    expect((await sweepScratch(parent, { clock, log })).sort()).toEqual(paths.sort());
    expect(await readdir(parent)).toEqual([]);
    expect(log.lines.map(({ level }) => level)).toEqual(['info', 'info']);
  });

  it('leaves its own, however old', async () => {
    const parent = scratch();
    const path = await makeOld(parent, here, 30);
    expect(await sweep(parent)).toEqual([]);
    expect(await readdir(path)).toEqual(['directory', 'owner.json']);
  });

  it.each<[string, (parent: string, days: number) => Promise<string>]>([
    ['another host', (parent, days) => makeOld(parent, elsewhere, days)],
    ['another container', (parent, days) => makeOld(parent, { ...dead, pidNamespace: 'pid:[1]' }, days)],
    ['a run whose owner file is lost', makeWithoutOwner],
    ['a run whose owner file is cut off', makeWithCutOwner],
    ['an owner file that contradicts the name', makeWithForeignOwner],
  ])('leaves scratch of %s for 7 days', async (_, make) => {
    const parent = scratch();
    const young = await make(parent, 6.9);
    const old = await make(parent, 7.1);
    expect(await sweep(parent)).toEqual([old]);
    expect(await readdir(parent)).toEqual([basename(young)]);
  });

  it('removes at once what a run left that was killed before it wrote its owner file', async () => {
    const parent = scratch();
    const path = await makeOld(parent, dead);
    await rm(join(path, 'owner.json'));
    await rm(join(path, 'directory'), { recursive: true });
    expect(await sweep(parent)).toEqual([path]);
    expect(await readdir(parent)).toEqual([]);
  });

  it('does not touch what only resembles scratch', async () => {
    const parent = scratch();
    const name = basename(await makeOld(parent, dead, 30));
    await rename(join(parent, name), join(parent, `${name}-copy`));
    await symlink(`${name}-copy`, join(parent, name));
    await writeFile(join(parent, `${name.slice(0, -4)}0000`), 'a file');
    await writeFile(join(parent, '.holdfast-store'), '{}');
    const before = await readdir(parent);
    expect(await sweep(parent)).toEqual([]);
    expect(await readdir(parent)).toEqual(before);
    expect(await readdir(join(parent, `${name}-copy`))).toEqual(['directory', 'owner.json']);
  });

  it('removes a link inside, not what it leads to', async () => {
    const parent = scratch();
    await mkdir(join(parent, 'elsewhere'));
    await writeFile(join(parent, 'elsewhere', 'precious'), 'bytes');
    const path = await makeOld(parent, dead);
    await symlink(join(parent, 'elsewhere'), join(path, 'link'));
    await sweep(parent);
    expect(await readdir(parent)).toEqual(['elsewhere']);
    expect(await readdir(join(parent, 'elsewhere'))).toEqual(['precious']);
  });

  it('finds nothing where there is nothing', async () => {
    expect(await sweep(join(scratch(), 'none'))).toEqual([]);
  });
});

async function makeWithoutOwner(parent: string, days: number): Promise<string> {
  const path = await makeOld(parent, dead);
  await rm(join(path, 'owner.json'));
  await setAge(path, days);
  return path;
}

async function makeWithCutOwner(parent: string, days: number): Promise<string> {
  const path = await makeOld(parent, dead);
  await writeFile(join(path, 'owner.json'), '{"host":');
  await setAge(path, days);
  return path;
}

async function makeWithForeignOwner(parent: string, days: number): Promise<string> {
  const path = await makeOld(parent, here);
  const foreign = formatScratchOwner({ ...here, startTicks: 1 }, clock.now());
  await writeFile(join(path, 'owner.json'), foreign);
  await setAge(path, days);
  return path;
}
