// Time that a process really takes. Everything else about waiting is tried inside one process, at a time of its own.
import { expect, test } from 'vitest';
import { latestPath } from '../../support/dropbox-world.ts';
import { expectCleanEnd, requireBytes } from '../../support/dropbox-world-checks.ts';
import { grownWorld } from '../../support/dropbox-world-grown.ts';

test('a wait of a second is really waited, and told', async () => {
  await using world = await grownWorld();
  world.standIn.fault({
    route: 'files/upload_session/append_v2',
    times: 2,
    action: { kind: 'tooManyRequests', retryAfterSeconds: 1 },
  });
  const ended = await world.runProcess('db-backup', ['run', '--json']);
  expect(ended).toMatchObject({ exitCode: 0 });
  const { traffic } = JSON.parse(ended.stdout) as { traffic: { retries: number; waited_ms: number } };
  expect(traffic.retries).toBe(2);
  expect(traffic.waited_ms).toBeGreaterThanOrEqual(2 * 990);
  requireBytes(world, latestPath);
  // Had it come too early, the stand-in would have said so.
  expectCleanEnd(world, ended);
});
