import { readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { ReaderEnded } from '../../../lib/sqlite/asked-process.ts';
import { openReader } from '../../../lib/sqlite/reader.ts';
import { childrenThatRun } from '../../support/reading-processes.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from './databases.ts';

function ledger(): string {
  const path = join(scratch(), 'app.db');
  makeLedger(path, { rows: 200 });
  return path;
}

const readers = () => childrenThatRun('reader-process');

async function whyItFails(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );
}

test('a page that is no longer there ends the reader and nothing else', async () => {
  const path = ledger();
  const reader = openReader({ path, called: 'a.db', as: 'mapped' });
  await reader.count();
  truncateSync(path, 8192);
  const error = await whyItFails(reader.checkStructure());
  expect(error).toBeInstanceOf(ReaderEnded);
  expect(error).toMatchObject({
    kind: 'io',
    byThePage: true,
    message: expect.stringMatching(/a\.db.*SIGBUS/) as string,
  });
  await reader.close();
});

test('a reader that is killed says so, and that memory may be why', async () => {
  const reader = openReader({ path: ledger(), called: 'a.db', as: 'mapped' });
  await reader.count();
  const [pid = 0, ...others] = readers();
  expect(others).toEqual([]);
  process.kill(pid, 'SIGKILL');
  expect(await whyItFails(reader.checkStructure())).toMatchObject({
    kind: 'io',
    byThePage: false,
    hint: expect.stringContaining('memory') as string,
  });
  await reader.close();
});

test('a signal to all of a terminal or a unit is for the parent to judge', async () => {
  const reader = openReader({ path: ledger(), called: 'a.db', as: 'mapped' });
  await reader.count();
  for (const pid of readers()) for (const signal of ['SIGINT', 'SIGTERM']) process.kill(pid, signal);
  expect(await reader.checkStructure()).toEqual([]);
  await reader.close();
});

test('an abort ends it at once, with its own reason', async () => {
  const stop = new AbortController();
  const reader = openReader({ path: ledger(), called: 'a.db', as: 'mapped' }, stop.signal);
  const counted = reader.count();
  stop.abort(new Error('stopped by SIGTERM'));
  expect(await whyItFails(counted)).toMatchObject({ message: 'stopped by SIGTERM' });
  await reader.close();
  expect(readers()).toEqual([]);
  expect(() => openReader({ path: 'x', called: 'x', as: 'mapped' }, stop.signal)).toThrow(
    'stopped by SIGTERM',
  );
});

test('none is left behind, whether it was idle or at work', async () => {
  const idle = openReader({ path: ledger(), called: 'a.db', as: 'mapped' });
  await idle.count();
  const busy = openReader({ path: ledger(), called: 'b.db', as: 'mapped' });
  const lost = busy.checkIntegrity();
  await Promise.all([idle.close(), busy.close(), expect(lost).rejects.toThrow(/SIGKILL/)]);
  expect(readers()).toEqual([]);
});

test('what is wrong with the file crosses with its kind', async () => {
  const path = ledger();
  truncateSync(path, statSync(path).size - 1);
  const reader = openReader({ path, called: 'a.db', as: 'mapped' });
  const error = await whyItFails(reader.count());
  expect(error).toBeInstanceOf(OpsError);
  expect(error).toMatchObject({ kind: 'damaged', message: expect.stringContaining('cut short') as string });
  await reader.close();
});

test('the process that reads a database knows no secret', async () => {
  const path = ledger();
  vi.stubEnv('NTFY_TOKEN', 'hunter2');
  onTestFinished(() => void vi.unstubAllEnvs());
  const reader = openReader({ path, called: path, as: 'paged' });
  onTestFinished(() => reader.close());
  await reader.count();
  const environments = readers().map((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8'));
  expect(environments.length).toBeGreaterThan(0);
  expect(environments.join('\0')).not.toContain('hunter2');
});
