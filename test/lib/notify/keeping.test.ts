// What alert-send keeps: its state, whole or none, and refused messages.
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyState } from '../../../lib/incident/state.ts';
import { deadLetters, keepDeadLetter } from '../../../lib/notify/dead-letters.ts';
import { shorten } from '../../../lib/notify/shorten.ts';
import { formatState, parseState } from '../../../lib/notify/state-codec.ts';
import { StateFile } from '../../../lib/notify/state-file.ts';
import { silentLog } from '../../../lib/base/log.ts';
import { channelFailed } from '../../../lib/incident/channel.ts';
import { withPing } from '../../../lib/incident/ping.ts';
import { AlertMachine, day, hour, observation } from '../../support/alert-events.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { scratch } from '../../support/scratch.ts';

const now = Date.parse('2026-11-20T02:05:13Z');

/** A state in which everything that can be there is. */
function fullState() {
  const machine = new AlertMachine({}, ['ntfy', 'slack']);
  const facts = {
    ...observation('failed').facts,
    hint: 'look',
    protection: [
      { app: 'ctv', backup: 'b', takenAt: now },
      { app: 'x', backup: undefined, takenAt: undefined },
    ],
  };
  machine.cut.add('slack');
  machine.run('failed', { facts });
  machine.acknowledge(8 * hour);
  machine.run('busy', { check: 'restore-drill' });
  machine.run('failed', { check: 'db-backup@ctv', severity: 'critical' });
  machine.run('done', { check: 'db-backup@ctv' });
  machine.pass(day);
  const failed = channelFailed(
    machine.state,
    'slack',
    { message: 'no answer', permanent: true, refusedSetting: '0a1b', retryAfterMs: undefined },
    { now, random: 0.5 },
  );
  return withPing(failed, { check: 'db-backup', kind: 'failure', runId: 'x', exitCode: 69, message: 'why' });
}

describe('the state', () => {
  test('comes back as it was', () => {
    const kept = { revision: 7, taken: ['a', 'b'], state: fullState() };
    expect(parseState(formatState(kept), 'x')).toEqual(kept);
    expect(JSON.parse(formatState(kept))).toMatchObject({
      format: 'holdfast-alerts',
      version: 2,
      checks: [{ incident: { opened_at: '2026-11-20T02:00:00.000Z' } }, {}, {}],
    });
  });

  test('is kept where the better place cannot be written, and the newest one counts', async () => {
    const folder = scratch();
    const places = [join(folder, 'state'), join(folder, 'run')];
    const states = new StateFile(places, silentLog);
    const first = await states.write({ revision: 0, taken: [], state: emptyState(now) });
    writeFileSync(join(folder, 'gone'), '');
    const elsewhere = new StateFile([join(folder, 'gone/x'), places[1] ?? ''], silentLog);
    await elsewhere.write({ ...first, taken: ['newer'] });
    expect(await states.read(now)).toMatchObject({ revision: 2, taken: ['newer'] });
    await states.write(await states.read(now));
    expect(readdirSync(places[1] ?? '')).toEqual([]);
  });

  test.skipIf(process.geteuid?.() !== 0)('that root writes by hand is the jobs’ (needs root)', async () => {
    const place = join(scratch(), 'state', 'alerts');
    mkdirSync(dirname(place));
    chownSync(dirname(place), 1234, 4321);
    await new StateFile([place], silentLog).write({ revision: 0, taken: [], state: emptyState(now) });
    for (const path of [place, join(place, 'alerts.json')])
      expect(statSync(path)).toMatchObject({ uid: 1234, gid: 4321 });
  });

  test.each([
    ['is truncated', (text: string) => text.slice(0, 100)],
    ['is of a newer Holdfast', (text: string) => text.replace('"version": 2', '"version": 3')],
    ['lacks a field', (text: string) => text.replace('"failures"', '"failings"')],
    ['is of somebody else', () => '{}'],
  ])('that %s is set aside with a warning, and a new one begins', async (_, damage) => {
    const place = scratch();
    mkdirSync(place, { recursive: true });
    writeFileSync(
      join(place, 'alerts.json'),
      damage(formatState({ revision: 7, taken: [], state: fullState() })),
    );
    const log = recordingLog();
    const states = new StateFile([place], log);
    expect((await states.look(now)).revision).toBe(0);
    expect(readdirSync(place)).toEqual(['alerts.json']);
    expect((await states.read(now)).state).toEqual(emptyState(now));
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
    expect(readdirSync(place)).toEqual([expect.stringMatching(/^alerts\.json\.damaged-/)]);
  });
});

describe('dead letters', () => {
  const message = { title: 't', body: 'b', priority: 4, tags: [], link: undefined, sequence: 's' } as const;

  test('hold the message and why it was refused', async () => {
    const folder = join(scratch(), 'dead');
    const path = await keepDeadLetter(folder, { channel: 'ntfy', reason: 'HTTP 403', message, now });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      format: 'holdfast-dead-letter',
      version: 1,
      at: '2026-11-20T02:05:13.000Z',
      channel: 'ntfy',
      reason: 'HTTP 403',
      title: 't',
      body: 'b',
      priority: 4,
    });
    writeFileSync(join(folder, 'unreadable-x'), 'x');
    expect((await deadLetters(folder)).map(({ reason }) => reason)).toEqual(['HTTP 403', undefined]);
  });

  test('are no more than 200', async () => {
    const folder = join(scratch(), 'dead');
    mkdirSync(folder);
    for (let i = 0; i < 220; i += 1) writeFileSync(join(folder, `00-${String(i).padStart(4, '0')}`), '');
    await keepDeadLetter(folder, { channel: 'ntfy', reason: 'r', message, now });
    expect(readdirSync(folder)).toHaveLength(200);
    expect(readdirSync(folder).at(-1)).toMatch(/^2026/);
  });

  test('are none where there is no folder', async () =>
    expect(await deadLetters('/nowhere/dead')).toEqual([]));
});

test.each([
  ['short', 'short'],
  ['x'.repeat(20), `${'x'.repeat(7)}…`],
  ['🦉🦉🦉🦉', '🦉…'],
  ['aä終🦉zzzz', 'aä終…'],
])('%s in ten bytes is %s', (text, short) => {
  expect(shorten(text, 10)).toBe(short);
  expect(Buffer.byteLength(shorten(text, 10))).toBeLessThanOrEqual(10);
});
