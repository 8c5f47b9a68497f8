import { linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireVisibleLog } from '../../../lib/sqlite/hidden-log.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from './databases.ts';
import { type Lockstep, startLockstep } from './lockstep.ts';

/** A WAL database with two names, and a process that has it open by one of them. */
async function appWith(open: 'app.db' | 'other/app.db'): Promise<{ path: string; app: Lockstep }> {
  const folder = scratch();
  const path = join(folder, 'app.db');
  makeLedger(path, { journalMode: 'wal' });
  mkdirSync(join(folder, 'other'));
  linkSync(path, join(folder, 'other/app.db'));
  const app = await startLockstep();
  app.open(join(folder, open));
  return { path, app };
}

test('an app that keeps its log beside another name of the file is noticed', async () => {
  const { path, app } = await appWith('other/app.db');
  expect(app.exec("UPDATE ledger SET note = 'only in the log that we cannot see'")).toBe('ok');
  await expect(requireVisibleLog(path)).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringMatching(/a program has it open, but its -wal is not beside it/) as string,
    hint: expect.stringMatching(/the path that the app itself uses/) as string,
  });
});

test('an app with the same file under the same name is none', async () => {
  const { path, app } = await appWith('app.db');
  expect(app.exec("UPDATE ledger SET note = 'in the log'")).toBe('ok');
  await expect(requireVisibleLog(path)).resolves.toBeUndefined();
});

test('once the app has closed its other name nothing is hidden any more', async () => {
  const { path, app } = await appWith('other/app.db');
  app.exec("UPDATE ledger SET note = 'checkpointed when it closes'");
  app.close();
  await expect(requireVisibleLog(path)).resolves.toBeUndefined();
});

test('a log that appears while it is looked for was not hidden', async () => {
  const { path, app } = await appWith('other/app.db');
  app.exec("UPDATE ledger SET note = 'x'");
  const second = await startLockstep();
  const looked = requireVisibleLog(path); // it has looked once already when this returns
  second.open(path);
  expect(second.get('SELECT count(*) FROM ledger')).toBe(10);
  await expect(looked).resolves.toBeUndefined();
});
