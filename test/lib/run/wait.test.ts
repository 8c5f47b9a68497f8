// Waiting by the machine's timers: however long it is, it ends when the process is told to stop.
import { expect, test } from 'vitest';
import { realWait } from '../../../lib/run/wait.ts';

test('is over when its time is, and no wait is too long for a timer', async () => {
  const stop = new AbortController();
  const ended: string[] = [];
  const long = realWait(Number.MAX_SAFE_INTEGER, stop.signal).catch((reason: unknown) => {
    ended.push(String(reason));
  });
  await realWait(0, stop.signal);
  expect(ended).toEqual([]);
  stop.abort('told to stop');
  await long;
  expect(ended).toEqual(['told to stop']);
});

test('does not begin where the process was told to stop before', async () => {
  await expect(realWait(60_000, AbortSignal.abort(new Error('told to stop')))).rejects.toThrow(
    'told to stop',
  );
});
