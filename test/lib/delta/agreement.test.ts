// Where two sides stand, whichever of them was put back, copied, or has lost a reply.
import { describe, expect, test } from 'vitest';
import {
  agreementOf,
  type SenderPosition,
  type SourceState,
  unconfirmedKeysMax,
} from '../../../lib/delta/agreement.ts';
import { countOfLink, makeLink } from '../../../lib/delta/lineage.ts';

const secret = 'a'.repeat(32);
const link = (count: number, random = '0'.repeat(16), by = secret) => makeLink(by, count, random);

const sender: SenderPosition = {
  instance: 'i',
  secret,
  lineage: link(7),
  pending: undefined,
  epoch: 'e',
  nonce: 'n7',
};

const receiver: SourceState = {
  source: 'laptop',
  instance: 'i',
  lineage: link(7),
  epoch: 'e',
  batchNo: 7,
  nonce: 'n7',
  confirmedNonce: 'n6',
  unconfirmedKeys: 3,
  highWater: 100,
};

describe('where both stand', () => {
  test.each<[string, string, Partial<SenderPosition>, Partial<SourceState>]>([
    ['nothing happened', 'agreed', {}, {}],
    [
      'the receiver never heard of us, or was made anew',
      'first',
      {},
      { instance: undefined, lineage: undefined },
    ],
    ['a person has let this machine take over', 'first', {}, { lineage: undefined }],
    [
      'a reply was lost, and its batch with it',
      'reread',
      { nonce: 'n6', pending: link(7), lineage: link(6) },
      {},
    ],
    ['a power cut took back the acknowledgement', 'reread', { nonce: 'n6' }, {}],
    [
      'the same, and too much was applied since',
      'resync',
      { nonce: 'n6' },
      { unconfirmedKeys: unconfirmedKeysMax + 1 },
    ],
    ['the database was put back', 'resync', { nonce: 'n3' }, {}],
    [
      'the database was put back to before it was ever sent',
      'resync',
      { nonce: undefined, epoch: undefined },
      {},
    ],
    ['the database is one of another stream', 'resync', { epoch: 'old' }, {}],
    ['a new stream was begun, and nothing of it sent', 'resync', { epoch: 'new', nonce: undefined }, {}],
    [
      'the receiver was put back',
      'resync',
      {},
      { lineage: link(5), batchNo: 5, nonce: 'n5', confirmedNonce: 'n4' },
    ],
    [
      'the receiver was put back, and so was the database, to the same batch',
      'resync',
      { nonce: 'n5' },
      { lineage: link(5), batchNo: 5, nonce: 'n5' },
    ],
    ['a made batch was never sent', 'agreed', { pending: link(8) }, {}],
    ['another machine sends under the name', 'fork', {}, { instance: 'other' }],
    [
      'a copy of this machine has sent',
      'fork',
      {},
      { lineage: link(8), batchNo: 8, nonce: 'n8', confirmedNonce: 'n7' },
    ],
    [
      'a copy has sent, and we have made a batch of that number',
      'fork',
      { pending: link(8) },
      { lineage: link(8, '1'.repeat(16)) },
    ],
    ['this machine was put back whole', 'fork', { lineage: link(4), nonce: 'n4' }, {}],
    ['somebody made up a link', 'fork', {}, { lineage: link(5, '0'.repeat(16), 'b'.repeat(32)) }],
  ])('%s: %s', (_, agreement, ours, theirs) => {
    expect(agreementOf({ ...sender, ...ours }, { ...receiver, ...theirs })).toBe(agreement);
  });
});

test('a link is known by who made it alone', () => {
  expect(countOfLink(secret, link(12))).toBe(12);
  expect(countOfLink('b'.repeat(32), link(12))).toBeUndefined();
  expect(countOfLink(secret, link(12).replace(/^12/, '11'))).toBeUndefined();
});
