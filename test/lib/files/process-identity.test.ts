import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { currentProcess, processAlive, processState } from '../../../lib/files/process-identity.ts';
import type { ProcessIdentity } from '../../../lib/record/process-identity.ts';
import { spawnLines } from '../../support/spawn-lines.ts';

const here = currentProcess();

/** A program that says when it runs and then waits for its input to end. */
const waiting = `console.log('running'); process.stdin.resume()`;

function identityOf(pid: number): ProcessIdentity {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return { ...here, pid, startTicks: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) };
}

describe('currentProcess', () => {
  it('is the same each time, and this process', () => {
    expect(currentProcess()).toEqual(here);
    expect(here).toMatchObject({ host: hostname(), pid: process.pid });
    expect(here.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(here.startTicks).toBeGreaterThan(0);
    expect(processState(here)).toBe('alive');
  });
});

describe('processState', () => {
  it('knows a process that runs from one that was killed', async () => {
    await using child = spawnLines(process.execPath, ['-e', waiting]);
    await child.line('running');
    const identity = identityOf(child.pid);
    expect(processState(identity)).toBe('alive');
    await child.kill('SIGKILL');
    expect(processState(identity)).toBe('dead');
    expect(processAlive(identity)).toBe(false);
  });

  it("believes no boot id within one container, where it may be laid over the kernel's", () => {
    const here = currentProcess();
    const other = '00000000-0000-4000-8000-000000000000';
    const initial = { ...here, pidNamespace: 'pid:[4026531836]' };
    expect(processState({ ...initial, bootId: other }, initial)).toBe('dead');
    const contained = { ...here, pidNamespace: 'pid:[4026532001]' };
    expect(processState({ ...contained, bootId: other }, contained)).toBe('alive');
    expect(processState({ ...contained, bootId: other, pidNamespace: 'pid:[4026532002]' }, contained)).toBe(
      'dead',
    );
  });

  it('reads the start time behind a name with spaces and parentheses', async () => {
    const renamed = `process.title = 'a) S 1 2 (b'; ${waiting}`;
    await using child = spawnLines(process.execPath, ['-e', renamed]);
    await child.line('running');
    expect(processState(identityOf(child.pid))).toBe('alive');
  });

  it('takes a process that exited but was not waited for as dead', async () => {
    // The shell starts a child that reads descriptor 3, and becomes a program that never waits for it.
    const program = spawn('sh', ['-c', 'cat <&3 >/dev/null & echo $!; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    });
    onTestFinished(() => void program.kill('SIGKILL'));
    const [pidLine] = (await once(program.stdout as Readable, 'data')) as [Buffer];
    const pid = Number(pidLine.toString());
    (program.stdin as Writable).write('echoed by the program, so the shell is gone\n');
    await once(program.stdout as Readable, 'data');
    (program.stdio[3] as Writable).end();
    await untilZombie(pid);
    expect(processState({ ...here, pid, startTicks: identityOf(pid).startTicks })).toBe('dead');
  });

  it.each<[string, Partial<ProcessIdentity>, string]>([
    ['a process id that was used again', { startTicks: here.startTicks + 1 }, 'dead'],
    ['an earlier boot', { bootId: '00000000-0000-4000-8000-000000000000' }, 'dead'],
    ['another host', { host: 'elsewhere' }, 'unknown'],
    ['another boot of another host', { host: 'elsewhere', bootId: 'other' }, 'unknown'],
    ['another machine of the same name', { machine: '12345678', bootId: 'other' }, 'unknown'],
    ['another container', { pidNamespace: 'pid:[1]', startTicks: 1 }, 'unknown'],
    ['a boot that is not known', { bootId: '' }, 'alive'],
    ['a start time that is not known', { startTicks: 0 }, 'alive'],
  ])('judges %s', (_, difference, expected) => {
    const identity = { ...here, ...difference };
    expect(processState(identity)).toBe(expected);
    expect(processAlive(identity)).toBe(expected !== 'dead');
  });
});

/** Returns when the process is a zombie: it has been told to end, and ends within a few scheduler turns. */
async function untilZombie(pid: number): Promise<void> {
  for (;;) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
