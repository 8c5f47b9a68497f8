// When the write-ahead log of a database stands well.
import { expect, test } from 'vitest';
import { type LogFacts, walCheck, type WalFacts } from '../../../lib/health/wal.ts';
import { judged } from './judged.ts';

const minute = 60_000;
const hour = 60 * minute;

function facts(
  log: Partial<LogFacts> | undefined,
  { sizeBytes = 1e9, freeBytes = 0 }: { sizeBytes?: number; freeBytes?: number } = {},
): WalFacts {
  const whole = log && { sizeBytes: 4e6, waitingBytes: 0, reader: undefined, ...log };
  return {
    path: '/srv/app.db',
    seen: { sizeBytes, freeBytes, log: whole },
    readerMsMax: hour,
    freePercentMax: 50,
  };
}

const reader = (sinceMs: number) => ({ pid: 812, command: 'python3 app.py', sinceMs });

test.each<[what: string, facts: WalFacts, verdict: string, message: RegExp]>([
  ['a rollback journal', facts(undefined), 'ok', /^no write-ahead log; 0 % of the file is free pages$/],
  ['an ordinary log', facts({}), 'ok', /^a log of 4 MB;/],
  [
    'waiting, and nobody in the way',
    facts({ sizeBytes: 255e6, waitingBytes: 255e6 }),
    'ok',
    /255 MB of it not in the/,
  ],
  [
    'nobody makes checkpoints',
    facts({ sizeBytes: 256e6, waitingBytes: 256e6 }),
    'warning',
    /nobody makes checkpoints/,
  ],
  ['not for long', facts({ sizeBytes: 1e9, waitingBytes: 1e9 }), 'critical', /nobody makes checkpoints/],
  [
    'large once, and in the database since',
    facts({ sizeBytes: 2e9, waitingBytes: 0 }),
    'warning',
    /in the database already/,
  ],
  [
    'a reader of a minute',
    facts({ waitingBytes: 5e6, reader: reader(59 * minute) }),
    'ok',
    /5 MB of it not in the database yet;/,
  ],
  [
    'a reader of an hour',
    facts({ waitingBytes: 5e6, reader: reader(hour) }),
    'warning',
    /process 812 \(python3 app\.py\) has kept a read transaction open for 1 h/,
  ],
  [
    'a reader of an hour that holds nothing up',
    facts({ waitingBytes: 4e6, reader: reader(hour) }),
    'ok',
    /4 MB/,
  ],
  [
    'a large log, and who holds it',
    facts({ sizeBytes: 300e6, waitingBytes: 200e6, reader: { ...reader(2 * minute), command: undefined } }),
    'warning',
    /process 812 has kept a read transaction open for 2 min/,
  ],
  [
    'the same, larger',
    facts({ sizeBytes: 1e9, waitingBytes: 2e8, reader: reader(0) }),
    'critical',
    /open just now/,
  ],
  ['half of it air', facts({}, { freeBytes: 500e6 }), 'warning', /50 % of the file is free pages: 500 MB/],
  ['less than half', facts({}, { freeBytes: 499e6 }), 'ok', /50 % of the file/],
  ['a small file of air', facts({}, { sizeBytes: 99e6, freeBytes: 98e6 }), 'ok', /99 % of the file/],
  [
    'not to be opened',
    { ...facts({}), seen: { kind: 'missing', message: 'cannot read it: it is not there', hint: 'look' } },
    'unknown',
    /not there/,
  ],
])('%s', (_, given, verdict, message) => {
  const judgement = judged(walCheck, given);
  expect(judgement).toMatchObject({ verdict, message: expect.stringMatching(message) as string });
  if (verdict !== 'ok') expect(judgement.hint).not.toBe(undefined);
});

test('of two reasons the worse one says what helps', () => {
  const both = facts({ sizeBytes: 1e9, waitingBytes: 1e9, reader: reader(hour) }, { freeBytes: 600e6 });
  const judgement = judged(walCheck, both);
  expect(judgement).toMatchObject({ verdict: 'critical', value: 1e9 });
  expect(judgement.hint).toMatch(/ps -o .* -p 812/);
  expect(judgement.message).toMatch(/read transaction.*; 60 % of the file/);
});
