import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { mountsCheck } from '../../../lib/health/mounts.ts';
import { mountsProbe, unitNameOf } from '../../../lib/probe/mounts.ts';
import { judged } from '../../support/judged.ts';
import { probeWorld } from '../../support/probe-context.ts';
import { scratch } from '../../support/scratch.ts';
import { deafSystemds, systemdStandIn } from '../../support/systemd-stand-in.ts';

const root = '27 1 8:1 / / rw - ext4 /dev/sda1 rw\n';
const mounted = (path: string, type = 'cifs') =>
  `${root}30 27 0:27 / ${path.replaceAll(' ', String.raw`\040`)} rw - ${type} //nas/k rw\n`;
const systemd = { 'run/systemd/system/x': '' };

async function judgementOf(path: string, mountinfo: string, run?: CommandRunner) {
  const files = {
    'proc/self/mountinfo': mountinfo,
    ...(run === undefined ? { 'proc/1/comm': 'tini' } : systemd),
  };
  const world = probeWorld({ files, ...(run === undefined ? {} : { run }) });
  return judged(mountsCheck, await mountsProbe.measure(world, path), { subject: path });
}

const below = (name: string) => join(scratch(), name);
const made = (name: string, inside: string[] = []) => {
  const path = below(name);
  mkdirSync(path);
  for (const file of inside) writeFileSync(join(path, file), '');
  return path;
};

test('what is mounted and answers', async () => {
  const path = made('my disk');
  expect(await judgementOf(path, mounted(path))).toMatchObject({
    verdict: 'ok',
    message: expect.stringContaining('is mounted (cifs, //nas/k), and answers') as string,
  });
});

test('what is mounted, says the kernel, and cannot be asked', async () => {
  const path = below('gone');
  expect(await judgementOf(path, mounted(path))).toMatchObject({
    verdict: 'critical',
    message: expect.stringContaining('does not answer: No such file or directory') as string,
  });
});

test('the automount that nobody has used yet is not touched; what it mounted is', async () => {
  const path = below('k');
  expect(await judgementOf(path, mounted(path, 'autofs'))).toMatchObject({
    verdict: 'ok',
    message: 'is mounted as soon as somebody uses it',
  });
  const used = made('k');
  const both = `${mounted(used, 'autofs')}31 30 0:30 / ${used} rw - nfs4 nas:/k rw\n`;
  expect(await judgementOf(used, both)).toMatchObject({ message: expect.stringContaining('nfs4') as string });
});

test.each<[string, () => string, string]>([
  ['nothing', () => below('k'), 'there is no such directory'],
  ['an empty directory', () => made('k'), 'what is written there goes onto the disk below it'],
  ['a directory that was written to', () => made('k', ['backup.db']), 'what was written there meanwhile'],
  ['a file', () => join(made('k', ['x']), 'x'), 'there is no such directory'],
])('below a mount that is missing lies %s', async (_, path, words) => {
  expect(await judgementOf(path(), root)).toMatchObject({
    verdict: 'critical',
    message: expect.stringContaining(words) as string,
  });
});

test('a directory inside of a mount is not that mount', async () => {
  const path = made('k', []);
  expect(await judgementOf(path, mounted(join(path, '..')))).toMatchObject({ verdict: 'critical' });
});

const answer =
  (units: Record<string, string>): CommandRunner =>
  async (_, args) => ({
    exitCode: 0,
    stdout: args
      .slice(args.indexOf('--') + 1)
      .map(
        (unit) => units[unit.replace(/^.*(\.\w+)$/, '$1')] ?? 'LoadState=not-found\nActiveState=inactive\n',
      )
      .join('\n'),
    stderr: '',
  });

test.each<[string, Record<string, string>, string, string]>([
  [
    'has it mounted, where it cannot be seen',
    { '.mount': 'LoadState=loaded\nActiveState=active\nWhat=//nas/k\n' },
    'unknown',
    'is mounted (//nas/k), and cannot be seen from here',
  ],
  [
    'waits until somebody uses it',
    { '.automount': 'LoadState=loaded\nActiveState=active\n' },
    'ok',
    'as soon as somebody uses it',
  ],
  [
    'could not mount it',
    { '.mount': 'LoadState=loaded\nActiveState=failed\nResult=timeout\n' },
    'critical',
    'failed: timeout',
  ],
  [
    'has it unmounted',
    { '.mount': 'LoadState=loaded\nActiveState=inactive\nResult=success\n' },
    'critical',
    '.mount inactive',
  ],
  ['knows nothing of it', {}, 'critical', '.mount not-found'],
])('what is not seen, while systemd %s', async (_, units, verdict, words) => {
  expect(await judgementOf(made('k'), root, answer(units))).toMatchObject({
    verdict,
    message: expect.stringContaining(words) as string,
  });
});

test.each(deafSystemds)(
  'a systemd that %s hides nothing: the table of the kernel said enough',
  async (_, error) => {
    expect(await judgementOf(made('k'), root, async () => Promise.reject(error))).toMatchObject({
      verdict: 'critical',
    });
  },
);

test('the answers of a real systemd', async () => {
  for (const version of ['252', '257'] as const)
    expect(await judgementOf('/mnt/k', root, systemdStandIn(version).run)).toMatchObject({
      verdict: 'critical',
      message: expect.stringContaining('(mnt-k.mount not-found)') as string,
    });
});

test('paths that somebody named are what is asked, as the kernel writes them', () => {
  const toml = '[apps.a]\ndatabase = "/srv/a.db"\n[health.mounts]\npaths = ["/mnt/k-drive/", "/srv//x"]\n';
  expect(mountsProbe.subjects(probeWorld({ toml }))).toEqual(['/mnt/k-drive', '/srv/x']);
  expect(mountsProbe.subjects(probeWorld())).toEqual([]);
});

test.each([
  ['/', '-'],
  ['/mnt/k', 'mnt-k'],
  ['/mnt/k-drive/', String.raw`mnt-k\x2ddrive`],
  ['/mnt/Größe 1', String.raw`mnt-Gr\xc3\xb6\xc3\x9fe\x201`],
  ['/.hidden/.x', String.raw`\x2ehidden-.x`],
])('the unit of %s is %s', (path, name) => {
  expect(unitNameOf(path)).toBe(name);
});
