// The shaped line: as fast as it says, for all connections together, in each direction.
import { describe, expect, test } from 'vitest';
import { linked } from './linked.ts';

const bandwidthBytesPerSecond = 20_000_000;
const bytes = Buffer.alloc(6_000_000);

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

/** Never faster than the line. How much slower is the machine's affair, and nothing that a test may depend on. */
function expectAtLeast(actual: number, expected: number): void {
  expect(actual).toBeGreaterThan(expected * 0.95);
}

describe('a line of 20 MB a second', () => {
  test('carries an upload, one body or several at the same time', async () => {
    const { caller } = await linked({ bandwidthBytesPerSecond });
    const upload = (path: string) => caller.upload('files/upload', { path }, bytes);
    expectAtLeast(await seconds(() => upload('/a')), 0.3);
    expectAtLeast(await seconds(() => Promise.all(['/b', '/c', '/d'].map(upload))), 0.9);
  });

  test('carries downloads beside uploads', async () => {
    const { standIn, caller } = await linked({ bandwidthBytesPerSecond });
    standIn.files.write('/a', bytes);
    const download = () => caller.download({ path: '/a' });
    expectAtLeast(await seconds(() => Promise.all([download(), download()])), 0.6);
    const upload = () => caller.upload('files/upload', { path: '/b' }, bytes);
    expectAtLeast(await seconds(() => Promise.all([download(), upload()])), 0.3);
  });

  test('gives small bodies their time as well', async () => {
    const { caller } = await linked({ bandwidthBytesPerSecond: 1_000_000 });
    const small = Buffer.alloc(20_000);
    const uploads = async () => {
      for (let i = 0; i < 10; i += 1) await caller.upload('files/upload', { path: `/${i}` }, small);
    };
    expect(await seconds(uploads)).toBeGreaterThan(0.18);
  });
});

test('latency is per request', async () => {
  const { caller } = await linked({ latencyMs: 100 });
  const call = () => caller.rpc('check/user', {});
  expectAtLeast(await seconds(call), 0.1);
  expectAtLeast(await seconds(() => Promise.all([call(), call(), call()])), 0.1);
});
