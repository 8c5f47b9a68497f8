// What goes on for ever, a little at a time: each comes to an end, in a number of requests that can be counted.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openOn, startStandIn } from '../../../contract/dropbox-world.ts';
import { makeFile } from '../../../contract/store-world.ts';
import type { DropboxStandIn } from '../../../stand-ins/dropbox/stand-in.ts';
import { scratch } from '../../../support/scratch.ts';
import { someBytes } from '../../../support/some-bytes.ts';

const next = 'files/list_folder/continue';
const append = 'files/upload_session/append_v2';

async function requestsUntilUnavailable(
  standIn: DropboxStandIn,
  work: () => Promise<unknown>,
): Promise<number> {
  const before = standIn.requests.length;
  await expect(work()).rejects.toMatchObject({ kind: 'unavailable', hint: expect.any(String) });
  return standIn.requests.length - before;
}

describe('a listing', () => {
  let made = 0;
  const entry = (name: string) => ({
    '.tag': 'file',
    name,
    path_lower: `/${name}`,
    path_display: `/${name}`,
    rev: '0123456789',
    size: 1,
    content_hash: 'a'.repeat(64),
    server_modified: '2026-01-01T00:00:00Z',
  });

  test.each<[string, () => object[], number]>([
    ['that brings nothing', () => [], 60],
    ['that brings the same', () => [entry('a.db')], 60],
    ['that brings ever more', () => [entry(`${(made += 1)}.db`)], 410],
  ])('%s on every page, with the cursor before', async (_, entries, requestsMax) => {
    const standIn = await startStandIn();
    const alter = (page: object) => ({ ...page, entries: entries(), cursor: 'round', has_more: true });
    standIn.fault({ route: 'files/list_folder', action: { kind: 'alter', alter } });
    const body = { cursor: 'round', has_more: true };
    standIn.fault({
      route: next,
      times: Infinity,
      action: {
        kind: 'run',
        run: () =>
          void standIn.fault({
            route: next,
            action: { kind: 'reply', status: 200, body: { ...body, entries: entries() } },
          }),
      },
    });
    standIn.fault({
      route: next,
      action: { kind: 'reply', status: 200, body: { ...body, entries: entries() } },
    });
    const store = openOn(standIn, { retriesMax: 0 });
    expect(await requestsUntilUnavailable(standIn, () => store.list(''))).toBeLessThan(requestsMax);
  });

  test('that is reset whenever it goes on waits ever longer, and ends', async () => {
    const standIn = await startStandIn();
    standIn.fault({ route: 'files/list_folder', times: Infinity, action: { kind: 'emptyPage' } });
    standIn.fault({ route: next, times: Infinity, action: { kind: 'cursorReset' } });
    const store = openOn(standIn);
    expect(await requestsUntilUnavailable(standIn, () => store.list(''))).toBeLessThan(20);
    expect(store.traffic()?.waitedMs).toBeGreaterThan(5000);
  });
});

describe('an upload', () => {
  test.each([
    ['to and fro', [0, 4194304]],
    ['to where it stands', [0]],
  ])('whose session sends it %s', async (_, offsets) => {
    const standIn = await startStandIn();
    let calls = 0;
    const fault = () => {
      const correct_offset = offsets[(calls += 1) % offsets.length];
      const body = {
        error_summary: 'incorrect_offset/.',
        error: { '.tag': 'incorrect_offset', correct_offset },
      };
      standIn.fault({ route: append, action: { kind: 'reply', status: 409, body } });
    };
    standIn.fault({ route: append, times: Infinity, action: { kind: 'run', run: fault } });
    fault();
    const store = openOn(standIn);
    const file = await makeFile(someBytes(4_500_000));
    expect(await requestsUntilUnavailable(standIn, () => store.put('a.db', file))).toBeLessThan(80);
    expect(store.traffic()?.waitedMs).toBeGreaterThan(5000);
    expect(standIn.files.list()).toEqual([]);
  });

  test('whose session is always gone', async () => {
    const standIn = await startStandIn();
    standIn.fault({ route: append, times: Infinity, action: { kind: 'sessionForget' } });
    const store = openOn(standIn);
    const file = await makeFile(someBytes(4_500_000));
    expect(await requestsUntilUnavailable(standIn, () => store.put('a.db', file))).toBeLessThan(40);
  });
});

test.each([1, 1000, 50_000])('a download of %i bytes at a time', async (bytes) => {
  const standIn = await startStandIn();
  standIn.files.write('/a.db', someBytes(2_000_000));
  standIn.fault({ route: 'files/download', times: Infinity, action: { kind: 'truncateResponse', bytes } });
  const store = openOn(standIn);
  const target = join(scratch(), 'target');
  expect(await requestsUntilUnavailable(standIn, () => store.get('a.db', target))).toBeLessThan(12);
});

test.each([
  ['too many requests', { kind: 'tooManyRequests', form: 'plain-without-header' }],
  ['too many writes', { kind: 'tooManyWrites', as: '429' }],
  ['too many requests for no time', { kind: 'tooManyRequests', retryAfterSeconds: 0 }],
] as const)('%s, for ever: it asks ever less often, and ends before the deadline', async (_, action) => {
  const standIn = await startStandIn();
  standIn.fault({ route: 'files/upload', times: Infinity, action });
  const store = openOn(standIn, { deadlineMs: 6 * 3_600_000 });
  const file = await makeFile('x');
  expect(await requestsUntilUnavailable(standIn, () => store.put('a.db', file))).toBeLessThan(100);
  expect(store.traffic()?.waitedMs).toBeLessThanOrEqual(6 * 3_600_000);
  expect(standIn.violations).toEqual([]);
});
