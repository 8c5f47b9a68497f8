// Which bytes of a server reach the parser of pg.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messageGuard } from '../../../lib/postgres/message-guard.ts';
import { message } from '../../support/postgres-stand-in.ts';

const well = message('E', Buffer.from('SFATAL\0C57P03\0Mstarting\0\0'));

/** Whether all of it may be seen, in chunks of these sizes. */
function maySee(bytes: Buffer, sizes: readonly number[] = []): boolean {
  const guard = messageGuard();
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    if (!guard(bytes.subarray(at, at + size))) return false;
    at += size;
  }
  return true;
}

describe('what a server says', () => {
  test.each<[string, Buffer, boolean]>([
    ['an error', well, true],
    [
      'others around it',
      Buffer.concat([message('R', Buffer.alloc(4)), well, message('Z', Buffer.from('I'))]),
      true,
    ],
    ['an error without a field', message('E', Buffer.from('\0')), true],
    ['a row with anything', message('D', Buffer.from('no end')), true],
    ['an error that nobody ends', message('E', Buffer.from('SFATAL\0Mstarting\0')), false],
    ['a field that nobody ends', message('E', Buffer.from('SFATAL')), false],
    ['an error with nothing in it', message('E', Buffer.alloc(0)), false],
    ['a notice that nobody ends', message('N', Buffer.from('S')), false],
    ['something behind the end', message('E', Buffer.from('SF\0\0more')), false],
    ['a length that is none', Buffer.from([0x45, 0, 0, 0, 3]), false],
    ['an error of gigabytes', Buffer.from([0x45, 0x7f, 0xff, 0xff, 0xff]), false],
  ])('%s: %s', (_, bytes, may) => {
    expect(maySee(bytes)).toBe(may);
    expect(maySee(bytes, Array<number>(bytes.length).fill(1))).toBe(may);
  });

  test('is the same however it is cut into chunks', () => {
    const some = fc.array(
      fc.oneof(
        fc.constant(well),
        fc.uint8Array({ maxLength: 12 }).map((body) => message('E', Buffer.from(body))),
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(some, fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }), (messages, sizes) => {
        const bytes = Buffer.concat(messages);
        expect(maySee(bytes, sizes)).toBe(maySee(bytes));
      }),
    );
  });
});
