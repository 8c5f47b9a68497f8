import { expect, test } from 'vitest';
import { type ReadOnlyFacts, readOnlyCheck } from '../../../lib/health/read-only.ts';
import { judged } from '../../support/judged.ts';

const mount = { point: '/', type: 'ext4' };
const well: ReadOnlyFacts = { mount, isReadOnly: false, errors: 0, write: { kind: 'written' } };

test.each<[string, Partial<ReadOnlyFacts>, string, string]>([
  ['a write that arrives', {}, 'ok', 'takes a write, and keeps it'],
  ['what is not for us to write in', { write: undefined }, 'ok', 'is mounted for writing (ext4 at /)'],
  ['a file system that counts no errors', { errors: undefined }, 'ok', 'takes a write'],
  [
    'a file system that went read-only',
    { isReadOnly: true, write: undefined },
    'critical',
    'mounted read-only (ext4 at /)',
  ],
  [
    'one that is read-only, which is why a write fails',
    { isReadOnly: true, write: { kind: 'refused', words: 'Read-only file system' } },
    'critical',
    'mounted read-only',
  ],
  [
    'a disk that forgets what it took',
    { write: { kind: 'refused', words: 'Input/output error' } },
    'critical',
    'cannot write there: Input/output error',
  ],
  [
    'a write that hangs',
    { write: { kind: 'hangs', words: 'no answer within 8 s' } },
    'critical',
    'a write there does not end: no answer within 8 s',
  ],
  ['errors that were counted', { errors: 3 }, 'warning', 'has counted 3 errors (ext4 at /)'],
  ['a single one', { errors: 1 }, 'warning', 'has counted 1 error '],
])('%s', (_, facts, verdict, message) => {
  const judgement = judged(readOnlyCheck, { ...well, ...facts }, { subject: '/var/lib/holdfast' });
  expect(judgement).toMatchObject({ verdict, paths: ['/var/lib/holdfast'] });
  expect(judgement.message).toContain(message);
  expect(judgement.hint === undefined).toBe(verdict === 'ok');
});
