// The healthchecks.io stand-in knows pings by key and slug or by UUID, and nothing else.
import { expect, onTestFinished, test } from 'vitest';
import { HealthchecksStandIn } from './stand-in.ts';

async function started(): Promise<HealthchecksStandIn> {
  const checks = await HealthchecksStandIn.start();
  onTestFinished(() => checks.stop());
  return checks;
}

async function ping(url: string, body = ''): Promise<number> {
  return (await fetch(url, { method: 'POST', body })).status;
}

const run = '01234567-89ab-cdef-0123-456789abcdef';

test('pings are taken, with what they say', async () => {
  const checks = await started();
  expect(await ping(`${checks.address}/db-backup/start?rid=${run}`)).toBe(200);
  expect(await ping(`${checks.address}/db-backup/70`, 'a bug')).toBe(200);
  expect(await ping(`${checks.url}/${checks.uuid}`)).toBe(200);
  expect(checks.pings).toEqual([
    { check: 'db-backup', kind: 'start', rid: run, body: '' },
    { check: 'db-backup', kind: '70', rid: undefined, body: 'a bug' },
    { check: checks.uuid, kind: 'success', rid: undefined, body: '' },
  ]);
});

test('an unknown slug is made only where that is asked for', async () => {
  const checks = await started();
  expect(await ping(`${checks.address}/other`)).toBe(404);
  expect(await ping(`${checks.address}/other?create=1`)).toBe(201);
  expect(await ping(`${checks.address}/other`)).toBe(200);
});

for (const [what, path, status] of [
  ['another key', 'otherKey/db-backup', 404],
  ['a kind that there is not', 'pingKeyOfNobodysBusiness/db-backup/done', 404],
  ['an exit code of 256', 'pingKeyOfNobodysBusiness/db-backup/256', 404],
  ['a run id that is none', 'pingKeyOfNobodysBusiness/db-backup?rid=7', 400],
] as const) {
  test(`${what}: ${status}`, async () => {
    const checks = await started();
    expect(await ping(`${checks.url}/${path}`)).toBe(status);
    expect(checks.pings).toEqual([]);
  });
}

test('a body of more than 10,000 bytes is cut off, and told', async () => {
  const checks = await started();
  expect(await ping(`${checks.address}/db-backup`, 'x'.repeat(10_001))).toBe(200);
  expect(checks.pings[0]?.body).toHaveLength(10_000);
  expect(checks.violations).toEqual(['a body that is cut off']);
});
