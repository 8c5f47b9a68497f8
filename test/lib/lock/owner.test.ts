import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { currentProcess } from '../../../lib/files/process-identity.ts';
import { compareOwner, lockHolder, readOwner, writeOwner } from '../../../lib/lock/owner.ts';
import { scratch } from '../../support/scratch.ts';

const owner = {
  ...currentProcess(),
  purpose: 'db-backup run',
  runId: 'run-1',
  since: new Date('2026-11-20T02:05:13.000Z'),
};

test('the owner file says who, what for and since when', async () => {
  const directory = scratch();
  const text = await writeOwner(directory, 'ctv', owner);
  const path = join(directory, 'ctv.owner.json');
  expect(readFileSync(path, 'utf8')).toBe(text);
  expect(JSON.parse(text)).toEqual({
    host: owner.host,
    machine: owner.machine,
    boot_id: owner.bootId,
    pid_namespace: owner.pidNamespace,
    pid: process.pid,
    start_ticks: owner.startTicks,
    purpose: 'db-backup run',
    run_id: 'run-1',
    since: '2026-11-20T02:05:13.000Z',
  });
  expect(await readOwner(directory, 'ctv')).toEqual({ owner, alive: true });
  expect(await lockHolder(directory, 'ctv')).toEqual(owner);
});

test('a process of an earlier boot, and one whose number was given away, are dead', async () => {
  const directory = scratch();
  await writeOwner(directory, 'ctv', { ...owner, bootId: 'of-yesterday' });
  expect((await readOwner(directory, 'ctv'))?.alive).toBe(false);
  expect(await lockHolder(directory, 'ctv')).toBeUndefined();
  await writeOwner(directory, 'ctv', { ...owner, startTicks: owner.startTicks - 1 });
  expect(await lockHolder(directory, 'ctv')).toBeUndefined();
});

test.each([
  '',
  'not JSON',
  'null',
  '[]',
  '{"pid":1}',
  JSON.stringify({ host: 'a', machine: '', boot_id: '', pid_namespace: '', pid: -1, start_ticks: 0 }),
])('what is no owner file names nobody: %j', async (text) => {
  const directory = scratch();
  writeFileSync(join(directory, 'ctv.owner.json'), text);
  expect(await readOwner(directory, 'ctv')).toBeUndefined();
  expect(await lockHolder(directory, 'ctv')).toBeUndefined();
});

test('where there is no owner file nobody is named', async () => {
  expect(await lockHolder(scratch(), 'ctv')).toBeUndefined();
});

test('control characters of an owner file do not reach a terminal', async () => {
  const directory = scratch();
  await writeOwner(directory, 'ctv', { ...owner, purpose: '\u001b[2Jx\n' + 'y'.repeat(1000) });
  const purpose = (await lockHolder(directory, 'ctv'))?.purpose ?? '';
  expect(purpose).toMatch(/^\\u001b\[2Jx\\ny+…$/);
  expect(purpose).toHaveLength(200);
});

test('an owner file is compared by its text', async () => {
  const directory = scratch();
  expect(await compareOwner(directory, 'ctv', 'x')).toBe('unknown');
  const text = await writeOwner(directory, 'ctv', owner);
  expect(await compareOwner(directory, 'ctv', text)).toBe('ours');
  expect(await compareOwner(directory, 'ctv', `${text} `)).toBe('other');
  expect(await compareOwner(directory, 'ctv', undefined)).toBe('unknown');
});
