import { expect, test } from 'vitest';
import { loadCheck } from '../../../lib/health/load.ts';
import { judged } from '../../support/judged.ts';

test.each([
  ['idle', { five: 0, fifteen: 0, processors: 4, blocked: 0 }, 'ok', 'on 4 processors'],
  [
    'just below the first limit',
    { five: 7.9, fifteen: 9, processors: 4, blocked: 0 },
    'ok',
    'a load of 7.90',
  ],
  ['the first limit', { five: 8, fifteen: 9, processors: 4, blocked: 0 }, 'warning', '9.00 over 15'],
  [
    'just below the second',
    { five: 40, fifteen: 19.9, processors: 4, blocked: 0 },
    'warning',
    'a load of 40.00',
  ],
  ['the second', { five: 20, fifteen: 20, processors: 4, blocked: 0 }, 'critical', 'a load of 20.00'],
  ['work that has just begun', { five: 30, fifteen: 4, processors: 4, blocked: 0 }, 'ok', 'a load of 30.00'],
  ['work that is just over', { five: 1, fifteen: 30, processors: 4, blocked: 0 }, 'ok', 'a load of 1.00'],
  ['one processor', { five: 2, fifteen: 2, processors: 1, blocked: 0 }, 'warning', 'on 1 processor'],
  [
    'a mount that hangs',
    { five: 3, fifteen: 3, processors: 1, blocked: 3 },
    'warning',
    '; 3 processes wait for a disk',
  ],
  [
    'a disk at work',
    { five: 1, fifteen: 1, processors: 1, blocked: 1 },
    'ok',
    '; 1 process waits for a disk',
  ],
])('%s', (_, facts, verdict, message) => {
  const judgement = judged(loadCheck, facts);
  expect(judgement).toMatchObject({ verdict });
  expect(judgement.message).toContain(message);
});
