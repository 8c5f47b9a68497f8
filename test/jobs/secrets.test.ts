// Secrets in the environment are neither printed nor written, whatever a command has to say.
import { expect, test } from 'vitest';
import { expectNoSecret, secret, secrets } from '../support/bad-input.ts';
import { TypedWorld } from '../support/typed-world.ts';
import { makeBookings } from '../support/world.ts';

test('no command shows or keeps a secret of the environment, however much it is asked to say', async () => {
  await using world = new TypedWorld();
  makeBookings(world.database, { journalMode: 'delete' });
  const environment = {
    ...secrets,
    NTFY_TOPIC: secret,
    ...world.environmentAlone(),
  };
  for (const [command, line, exitCode] of [
    ['db-backup', 'run --dry-run', 0],
    ['db-backup', 'run', 0],
    ['db-backup', 'info --json', 0],
    ['db-backup', 'list-backups', 0],
    ['db-backup', 'verify --all --json', 0],
    ['restore', 'plan latest', 0],
    ['restore', 'run latest --yes', 0],
    ['restore', 'status --json', 0],
    ['restore', 'run nothing-of-the-kind --yes', 66],
    ['restore', 'frobnicate', 64],
  ] as const) {
    const ended = await world.run(command, [...line.split(' '), '--verbose'], { environment });
    expect({ command, line, exitCode: ended.exitCode }).toEqual({ command, line, exitCode });
    expectNoSecret(world, ended);
  }
});
