import { expect, test } from 'vitest';
import { type MountFacts, mountsCheck } from '../../../lib/health/mounts.ts';
import { judged } from '../../support/judged.ts';

const missing = { kind: 'missing', unit: 'mnt-k.mount', unitState: 'failed: exit-code' } as const;
const cifs = { kind: 'mounted', type: 'cifs', source: '//nas/k' } as const;

test.each<[string, MountFacts, string, string]>([
  [
    'one that answers',
    { ...cifs, answer: { answered: true, afterMs: 12 } },
    'ok',
    'is mounted (cifs, //nas/k), and answers after 12 ms',
  ],
  [
    'one that hangs',
    { ...cifs, answer: { answered: false, words: 'no answer within 5.0 s', isRefusal: false } },
    'critical',
    'does not answer: no answer within 5.0 s',
  ],
  [
    'one of another user',
    { ...cifs, answer: { answered: false, words: 'Permission denied', isRefusal: true } },
    'unknown',
    'lets others look alone: Permission denied',
  ],
  [
    'one whose server forgot it',
    { ...cifs, answer: { answered: false, words: 'Stale file handle', isRefusal: false } },
    'critical',
    'Stale file handle',
  ],
  ['an automount that nobody has used yet', { kind: 'awaited' }, 'ok', 'as soon as somebody uses it'],
  [
    'an empty directory in its place',
    { ...missing, below: 'empty' },
    'critical',
    'is not mounted (mnt-k.mount failed: exit-code): what is written there goes onto the disk below it',
  ],
  [
    'a directory that was written to meanwhile',
    { ...missing, below: 'filled' },
    'critical',
    'lies on the disk below it, and is hidden once it is mounted',
  ],
  [
    'not even that',
    { ...missing, below: 'nothing', unitState: '' },
    'critical',
    'is not mounted: there is no such directory',
  ],
  [
    'what could not be looked at',
    { ...missing, below: 'unknown' },
    'critical',
    'what lies there could not be looked at',
  ],
  [
    'one that only the machine sees',
    { kind: 'hidden', source: '//nas/k' },
    'unknown',
    'cannot be seen from here',
  ],
])('%s', (_, facts, verdict, message) => {
  const judgement = judged(mountsCheck, facts, { subject: '/mnt/k' });
  expect(judgement).toMatchObject({ verdict, paths: ['/mnt/k'] });
  expect(judgement.message).toContain(message);
  expect(judgement.hint === undefined).toBe(verdict === 'ok');
});
