// The spool: whole records or none, in the order of events, and what is none is set aside.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../lib/base/log.ts';
import { Spool } from '../../../lib/notify/spool.ts';
import { formatRecord, parseRecord, type SpoolRecord } from '../../../lib/notify/spool-record.ts';
import { observation } from '../../support/alert-events.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { scratch } from '../../support/scratch.ts';

const at = Date.parse('2026-11-20T02:05:13Z');

function record(message: string): SpoolRecord {
  const { facts, ...rest } = observation('failed', { at });
  return { kind: 'run', ...rest, facts: { ...facts, message } };
}

function spoolIn(folder = scratch()) {
  const places = [join(folder, 'state/spool'), join(folder, 'run/spool')];
  const log = recordingLog();
  return { places, log, spool: new Spool(places, log), first: join(folder, 'state/spool') };
}

async function messages(spool: Spool): Promise<string[]> {
  return (await spool.read()).records.map((one) =>
    one.record.kind === 'run' ? one.record.facts.message : one.record.kind,
  );
}

describe('a record', () => {
  test.each<[string, SpoolRecord]>([
    ['of a run', record('the store is gone')],
    ['of a run that says little', { kind: 'run', ...observation('done', { at, runId: undefined }) }],
    [
      'of what is protected',
      {
        kind: 'run',
        ...observation('failed', {
          at,
          facts: {
            ...observation('failed').facts,
            runId: undefined,
            protection: [
              { app: 'a', backup: 'b', takenAt: at },
              { app: 'c', backup: undefined, takenAt: undefined },
            ],
          },
          runId: undefined,
        }),
      },
    ],
    ['of a beginning', { kind: 'start', check: 'db-backup@ctv', at, runId: 'x' }],
    ['of an acknowledgement', { kind: 'acknowledgement', check: 'db-backup', at, forMs: 5 }],
    ['of one without an end', { kind: 'acknowledgement', check: 'db-backup', at, forMs: undefined }],
  ])('%s comes back as it was', (_, one) => {
    expect(parseRecord(formatRecord(one), 'x')).toEqual(one);
  });

  test('of a cause that is endless is cut, between characters', () => {
    const parsed = parseRecord(formatRecord(record('🦉'.repeat(50_000))), 'x');
    expect(parsed.kind === 'run' && parsed.facts.message.length).toBeLessThan(13_000);
    expect(parsed.kind === 'run' && parsed.facts.message.isWellFormed()).toBe(true);
  });
});

describe('the spool', () => {
  test('gives records back in the order in which they came, also when the clock went back', async () => {
    const { spool } = spoolIn();
    await spool.add(record('a'), at);
    await spool.add(record('b'), at - 24 * 60 * 60_000);
    await spool.add(record('c'), at - 24 * 60 * 60_000);
    await spool.add(record('d'), at);
    expect(await messages(spool)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('takes records of many writers at once', async () => {
    const { spool } = spoolIn();
    await Promise.all(Array.from({ length: 20 }, (_, i) => spool.add(record(`message ${i}`), at)));
    expect(new Set(await messages(spool)).size).toBe(20);
  });

  test('takes a record elsewhere when the state directory cannot, in one order with the others', async () => {
    const folder = scratch();
    const { spool, places } = spoolIn(folder);
    await spool.add(record('before'), at);
    const [state = '', run = ''] = places;
    const full = new Spool(
      [join(state, 'new', readdirSync(join(state, 'new'))[0] ?? '', 'x'), run],
      silentLog,
    );
    await full.add(record('without it'), at + 1);
    await spool.add(record('after'), at);
    expect(await messages(spool)).toEqual(['before', 'without it', 'after']);
  });

  test.each<[string, (folder: string) => void]>([
    ['a truncated record', (folder) => truncateSync(join(folder, readdirSync(folder)[0] ?? ''), 40)],
    ['an empty record', (folder) => truncateSync(join(folder, readdirSync(folder)[0] ?? ''), 0)],
    ['a foreign file', (folder) => writeFileSync(join(folder, 'notes.txt'), 'remember the milk')],
    [
      'JSON of somebody else',
      (folder) => writeFileSync(join(folder, '000000000000001-x-00000000.json'), '{"a": 1}'),
    ],
    [
      'a record of a newer Holdfast',
      (folder) =>
        writeFileSync(
          join(folder, '000000000000001-x-00000000.json'),
          formatRecord(record('x')).replace('"version":1', '"version":2'),
        ),
    ],
    [
      'a record of a check that leads elsewhere',
      (folder) =>
        writeFileSync(
          join(folder, '000000000000001-x-00000000.json'),
          formatRecord(record('x')).replace('"db-backup"', '"../../x"'),
        ),
    ],
    [
      'a symbolic link',
      (folder) => symlinkSync('/etc/passwd', join(folder, '000000000000001-x-00000000.json')),
    ],
    ['a directory', (folder) => mkdirSync(join(folder, '000000000000001-x-00000000.json'))],
    [
      'a file without an end',
      (folder) =>
        writeFileSync(join(folder, '000000000000001-x-00000000.json'), Buffer.alloc(10_000_000, 65)),
    ],
  ])('sets %s aside, once, and goes on', async (_, damage) => {
    const { spool, first, log } = spoolIn();
    await spool.add(record('hit'), at);
    damage(join(first, 'new'));
    await spool.add(record('whole'), at);
    expect((await spool.look()).unreadable).toHaveLength(1);
    expect(existsSync(join(first, 'dead'))).toBe(false);
    expect((await spool.read()).unreadable).toHaveLength(1);
    expect(await messages(spool)).toContain('whole');
    expect(readdirSync(join(first, 'dead'))).toHaveLength(1);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect((await spool.read()).unreadable).toEqual([]);
  });

  test('is an empty one where there is none', async () => {
    expect(await spoolIn().spool.read()).toEqual({ records: [], unreadable: [] });
  });

  test('does not grow without end where nobody reads it: the beginning and the end of the story stay', async () => {
    const { spool, first } = spoolIn();
    await spool.add(record('first'), at);
    const text = readFileSync(join(first, 'new', readdirSync(join(first, 'new'))[0] ?? ''), 'utf8');
    for (let i = 1; i < 1000; i += 1)
      writeFileSync(join(first, 'new', `${String(at + i).padStart(15, '0')}-db-backup-00000000.json`), text);
    await spool.add(record('last'), at);
    await spool.add(record('very last'), at);
    expect(readdirSync(join(first, 'new'))).toHaveLength(1000);
    const all = await messages(spool);
    expect([all[0], all.at(-1)]).toEqual(['first', 'very last']);
  });

  test('forgets what was removed, in whichever place it lay', async () => {
    const { spool } = spoolIn();
    await spool.add(record('a'), at);
    await spool.add(record('b'), at);
    const { records } = await spool.read();
    await spool.remove([records[0]?.name ?? '', 'never there']);
    expect(await messages(spool)).toEqual(['b']);
  });
});
