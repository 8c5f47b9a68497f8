// What is piped into a command, read to its end and no further than it may be.
import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readInput } from '../../../lib/run/prompt.ts';

const goesOn = new AbortController().signal;

test('all of it is read, whatever its pieces', async () => {
  const input = Readable.from([Buffer.from('a'), Buffer.from(''), Buffer.from('bc')]);
  expect((await readInput(input, 3, goesOn)).toString()).toBe('abc');
});

test('a pipe that never ends is left as soon as it is too much', async () => {
  const endless = new Readable({ read: () => void endless.push(Buffer.alloc(1024)) });
  await expect(readInput(endless, 5000, goesOn)).rejects.toMatchObject({ kind: 'damaged' });
  expect(endless.destroyed).toBe(true);
});

test('to be told to stop ends the wait for it', async () => {
  const stop = new AbortController();
  const silent = new PassThrough();
  const read = readInput(silent, 10, stop.signal);
  stop.abort(new Error('told to stop'));
  await expect(read).rejects.toThrow('told to stop');
  expect(silent.destroyed).toBe(true);
});

test('a terminal that is gone is an error of the input', async () => {
  const gone = new PassThrough();
  const read = readInput(gone, 10, goesOn);
  gone.destroy(Object.assign(new Error('read EIO'), { code: 'EIO' }));
  await expect(read).rejects.toMatchObject({
    kind: 'io',
    message: expect.stringContaining('standard input'),
  });
});
