// Commands with `--env-file`: the settings of the file, hints that work as they are typed, and no secret anywhere.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { completeHint } from '../../lib/run/hint.ts';
import { expectNoSecret, secret } from '../support/bad-input.ts';
import { scratch } from '../support/scratch.ts';
import { jobs, TypedWorld } from '../support/typed-world.ts';
import { filesBelow, makeBookings } from '../support/world.ts';

test('an environment file is a configuration: every command finds it, and says what to type with it', async () => {
  await using world = new TypedWorld();
  makeBookings(world.database, { journalMode: 'delete' });
  const file = join(scratch(), 'my app.env');
  writeFileSync(
    file,
    `# of the unit\r\nDATABASE_PATH="${world.database}"\r\nHOLDFAST_STORE='${world.store}'\r\nNTFY_TOPIC=${secret}\r\n` +
      `HOLDFAST_STATE=${world.state}\r\nHOLDFAST_RUN=${world.home}/run\r\n`,
  );
  const type = async (command: string, line: string) => {
    const environment = { HOLDFAST_CONFIG: '', DATABASE_PATH: '/srv/another.db' };
    const ended = await world.run(command, [...line.split(' '), '--env-file', file], { environment });
    expectNoSecret(world, ended);
    return ended;
  };
  expect(await type('db-backup', 'run --verbose')).toMatchObject({ exitCode: 0 });
  expect((await type('db-backup', 'test')).stdout).toContain(file);
  expect(await type('restore', 'run latest --yes')).toMatchObject({ exitCode: 0 });
  const option = `--env-file '${file}'`;
  const { exitCode, stderr } = await type('restore', 'run nothing-of-the-kind --yes');
  expect({ exitCode, stderr }).toEqual({
    exitCode: 66,
    stderr: expect.stringContaining(`restore list ${option}`),
  });
  // What alert-send is left with, too.
  writeFileSync(world.database, 'no database');
  expect(await type('db-backup', 'run')).toMatchObject({ exitCode: 65 });
  const spool = filesBelow(join(world.state, 'spool')).map((name) =>
    readFileSync(join(world.state, 'spool', name), 'utf8'),
  );
  expect(spool.join()).toContain(`db-backup info ${option}`);
});

test.each(
  Object.values(jobs).flatMap(({ name, commands }) =>
    commands
      .filter((command) => command.kind === 'ending' || command.typedAs === undefined)
      .map((command) => [name, command.name] as const),
  ),
)('a hint that says %s %s is completed once', (job, command) => {
  const around = { configOption: ' --config /x', app: undefined, isSudo: false };
  const complete = completeHint(`run ${job} ${command} --app ctv, or ${job} again`, around);
  expect(complete).toBe(`run ${job} ${command} --app ctv --config /x, or ${job} again`);
  expect(completeHint(complete, around)).toBe(complete);
});
