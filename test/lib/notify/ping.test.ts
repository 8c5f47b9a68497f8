// The dead-man's switch: told exactly how a run ended, by its own run id.
import { expect, test } from 'vitest';
import { DeliveryFailure } from '../../../lib/notify/channel.ts';
import { createPing } from '../../../lib/notify/ping.ts';
import type { Ping } from '../../../lib/incident/state.ts';
import { HealthchecksStandIn } from '../../stand-ins/healthchecks/stand-in.ts';
import { loginPage, type WebReply } from '../../stand-ins/web-stand-in.ts';

const runId = '56fd943dddba493894fa5c5e6cc02127';
const rid = '56fd943d-ddba-4938-94fa-5c5e6cc02127';
const { signal } = new AbortController();

function ping(more: Partial<Ping> = {}): Ping {
  return { check: 'db-backup', kind: 'success', runId, exitCode: undefined, message: '', ...more };
}

test.each<[string, Partial<Ping>, string]>([
  ['a success', {}, 'success'],
  ['a beginning', { kind: 'start' }, 'start'],
  ['a failure by its exit code', { kind: 'failure', exitCode: 69 }, '69'],
  ['a kill, which has none', { kind: 'failure' }, 'fail'],
  ['a failure that calls itself 0', { kind: 'failure', exitCode: 0 }, 'fail'],
])('%s', async (_, more, kind) => {
  await using service = await HealthchecksStandIn.start();
  await createPing({ readUrl: () => service.address, create: false }).send(
    ping({ ...more, message: 'why' }),
    signal,
  );
  await createPing({ readUrl: () => `${service.url}/${service.uuid}`, create: true }).send(
    ping(more),
    signal,
  );
  expect(service.pings).toEqual([
    { check: 'db-backup', kind, rid, body: 'why' },
    { check: service.uuid, kind, rid, body: '' },
  ]);
});

test('a check of one app has a slug that the service takes, and is made where that is wanted', async () => {
  await using service = await HealthchecksStandIn.start([]);
  const named = ping({ check: 'db-backup@CTV.2', runId: 'no-uuid' });
  await createPing({ readUrl: () => `${service.address}/`, create: true }).send(named, signal);
  expect(service.pings).toMatchObject([{ check: 'db-backup-ctv-2', rid: undefined }]);
  const refusal = createPing({ readUrl: () => service.address, create: false }).send(ping(), signal);
  await expect(refusal).rejects.toMatchObject({ permanent: true });
});

test('a body is cut before the service would', async () => {
  await using service = await HealthchecksStandIn.start();
  await createPing({ readUrl: () => service.address, create: false }).send(
    ping({ message: '🦉'.repeat(10_000) }),
    signal,
  );
  expect(service.violations).toEqual([]);
});

test.each<[string, WebReply, boolean]>([
  ['an unknown check, told as OK', { status: 200, body: 'OK (not found)' }, true],
  ['too many, told as OK', { status: 200, body: 'OK (rate limited)' }, false],
  ['too many', { status: 429, body: 'rate limited' }, false],
  ['an unknown check', { status: 404, body: 'not found' }, true],
  ['two of one name', { status: 409, body: 'ambiguous slug' }, true],
  ['500', { status: 500, body: '' }, false],
  ['a login page', loginPage, false],
])('%s', async (_, reply, permanent) => {
  await using service = await HealthchecksStandIn.start();
  service.fault({ kind: 'answer', reply });
  const error = await createPing({ readUrl: () => service.address, create: false })
    .send(ping(), signal)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DeliveryFailure);
  expect(error).toMatchObject({ permanent });
  expect((error as Error).message).not.toContain(service.key);
});

test.each(['https://hc-ping.com', 'hc-ping.com/key', 'https://hc-ping.com/key?x=1', undefined])(
  '%s is a mistake in the configuration',
  async (text) => {
    await expect(
      createPing({ readUrl: () => text, create: false }).send(ping(), signal),
    ).rejects.toMatchObject({
      kind: 'config',
    });
  },
);
