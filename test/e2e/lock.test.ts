// Locks between processes: who comes second is busy, and names the first where it can.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { backUpIn, expectRefusal, expectWords } from '../support/bad-input.ts';
import { spawnLines, spawnTypeScript } from '../support/spawn-lines.ts';
import { World } from '../support/world.ts';

test('a lock that another run holds is busy, and names the run', async () => {
  await using world = await backUpIn(new World());
  // The restore stops the app with a command that waits for a word on a pipe: until then it holds the lock.
  const [begun, word] = [`${world.home}/begun`, `${world.home}/word`];
  execFileSync('mkfifo', [begun, word]);
  world.configure({ app: `stop = "echo stopping > ${begun}; cat ${word}"\nstart = "true"` });
  const restoring = world.run('restore', ['run', 'latest', '--yes']);
  await using pipe = spawnLines('cat', [begun]);
  await pipe.line('stopping');
  expectWords(await world.run('db-backup', ['run', '--json']), {
    kind: 'busy',
    says: [/cannot lock bookings/, /restore run \(pid \d+ on .*\) has held it since \d{4}-/],
    hint: /ps -fp \d+/,
  });
  const { stdout } = await world.run('restore', ['status']);
  expect(stdout).toMatch(/working on it now: restore run \(process \d+\)/);
  writeFileSync(word, 'go on\n');
  expect(await restoring).toMatchObject({ exitCode: 0 });
  expect(await world.run('db-backup', ['backup', 'afterwards'])).toMatchObject({ exitCode: 0 });
});

test('a transaction of another program that excludes everybody is no lock of ours (69), not waited for without end', async () => {
  await using world = await backUpIn(new World());
  const holdExclusively = fileURLToPath(new URL('../fixtures/hold-exclusively.ts', import.meta.url));
  await using writer = spawnTypeScript(holdExclusively, [world.database]);
  await writer.line('held');
  const refusal = {
    kind: 'unavailable' as const,
    says: [/bookings\.db/, /another program keeps it locked/],
    hint: /fuser -v .*bookings\.db/,
  };
  await expectRefusal(world, 'db-backup', ['run', '--dry-run'], refusal);
  const [tried] = await Promise.all([
    world.run('db-backup', ['test']),
    expectRefusal(world, 'db-backup', ['backup', 'x'], refusal),
  ]);
  expect(tried.exitCode).toBe(1);
  expect(tried.stdout).toMatch(
    /FAILED +bookings: database +cannot snapshot .*another program keeps it locked/,
  );
  expect(tried.stdout).toMatch(/hint for bookings: database: .*fuser -v/);
});
