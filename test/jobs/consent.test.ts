// Who is asked and says no has changed nothing, is told so, and that is no error; where nobody can be asked it is one.
import { expect, test } from 'vitest';
import { requireYes } from '../../jobs/steps/consent.ts';
import { restore } from '../../jobs/restore.ts';
import { Declined, describeFailure } from '../../lib/run/failure.ts';
import { backedUpWorld } from '../support/bad-input.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { runInProcess } from '../support/in-process.ts';
import { readFileSync } from 'node:fs';

test('a yes is a yes, a no is a no, and nobody is a mistake of who typed it', async () => {
  const ask = (answer: boolean | undefined) =>
    requireYes({ confirm: async () => answer }, 'Go on?', { act: 'go on', shownBy: 'restore plan latest' });
  await ask(true);
  await expect(ask(false)).rejects.toBeInstanceOf(Declined);
  await expect(ask(undefined)).rejects.toMatchObject({
    kind: 'usage',
    message: 'cannot go on without consent',
    hint: 'say yes when asked, at a terminal, or add --yes; restore plan latest shows what would happen',
  });
});

test('what was done before the question is said', () => {
  expect(describeFailure(new Declined(), [])).toMatchObject({ exitCode: 1, message: 'nothing was changed' });
  expect(describeFailure(new Declined(), ['the directory /srv was made'])).toMatchObject({
    message: 'nothing else was changed: the directory /srv was made',
  });
});

test('a no to a restore and to its undo leaves the database, and is told to nobody else', async () => {
  await using world = await backedUpWorld();
  const settings = { environment: { HOLDFAST_CONFIG: world.config }, attended: true };
  const no = (args: string[], format: string[] = []) =>
    runInProcess(restore, [...args, ...format], {
      ...settings,
      clock: fixedClock(world.clock.now().toISOString()),
      confirm: async () => false,
    });
  expect(await world.run('restore', ['run', 'latest', '--yes'])).toMatchObject({ exitCode: 0 });
  const before = readFileSync(world.database);
  for (const args of [['run', 'latest'], ['undo']]) {
    expect(await no(args)).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(/^\S+ restore: nothing was changed\n$/m),
    });
    const { stdout } = await no(args, ['--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      error: { kind: 'interrupted', message: 'nothing was changed', exit_code: 1 },
    });
  }
  expect(readFileSync(world.database).equals(before)).toBe(true);
});
