// What a person sees while a run goes on: a bar on a terminal, a line now and then elsewhere, priorities in the journal.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../lib/base/clock.ts';
import { printable } from '../../../lib/base/printable.ts';
import { textWidth } from '../../../lib/base/text-width.ts';
import { createTerminal, type TerminalOptions } from '../../../lib/run/terminal.ts';

function terminal(options: Partial<TerminalOptions> = {}) {
  const written: string[] = [];
  const time = { ms: 0 };
  const clock: Clock = { now: () => new Date('2026-11-20T02:05:13Z'), monotonicMs: () => time.ms };
  const shown = createTerminal({
    write: (text) => void written.push(text),
    name: 'db-backup',
    verbosity: 'normal',
    isTerminal: false,
    columns: () => 100,
    isColoured: false,
    journal: false,
    clock,
    ...options,
  });
  return { ...shown, written, time };
}

/** What stands on a terminal to which that was written. */
function screen(written: readonly string[]): string[] {
  return written
    .join('')
    .split('\n')
    .map((line) => {
      let shown = '';
      for (const piece of line.split(/(?=\r)/)) {
        const [text = '', erased] = piece.replace(/^\r/, '').split('\u001b[K');
        shown = erased === undefined && piece.startsWith('\r') ? text + shown.slice(text.length) : text;
        if (erased !== undefined) shown += erased;
      }
      return shown;
    });
}

describe('the log', () => {
  test('has a time off a terminal, the name on one, and a priority in the journal', () => {
    for (const [options, line] of [
      [{}, '2026-11-20T02:05:13.000Z db-backup: warning: low size=3\n'],
      [{ isTerminal: true }, 'db-backup: warning: low size=3\n'],
      [{ journal: true }, '<4>warning: low size=3\n'],
    ] as const) {
      const { log, written } = terminal(options);
      log.warn('low', { size: 3, nothing: undefined });
      expect(written).toEqual([line]);
    }
  });

  test('quotes what would not be one word', () => {
    const { log, written } = terminal({ journal: true });
    log.info('said', { a: 'two words', b: 'x="y"', c: '' });
    expect(written).toEqual(['<6>said a="two words" b="x=\\"y\\"" c=""\n']);
  });

  test('says more when asked to, and only what is wrong when asked to be quiet', () => {
    const [verbose, quiet] = [terminal({ verbosity: 'verbose' }), terminal({ verbosity: 'quiet' })];
    for (const { log } of [verbose, quiet]) {
      log.debug('detail');
      log.info('news');
      log.error('trouble');
    }
    expect(verbose.written).toHaveLength(3);
    expect(quiet.written).toHaveLength(1);
  });
});

describe('the progress', () => {
  test('is a bar with rate and time left on a terminal, wiped before a line of the log', () => {
    const { log, progress, written, time } = terminal({ isTerminal: true });
    progress.start('copying', 1_000_000_000);
    time.ms = 2000;
    progress.update(500_000_000);
    expect(written.join('')).toContain(
      `copying  ${'█'.repeat(10)}${'░'.repeat(10)}  50 %  500 MB of 1 GB  250 MB/s  2.0 s left`,
    );
    expect(screen(written)).toEqual([expect.stringMatching(/^copying .* left$/)]);
    log.info('done');
    expect(screen(written)).toEqual(['db-backup: done', expect.stringMatching(/^copying .* left$/)]);
    progress.end();
    expect(screen(written)).toEqual(['db-backup: done', '']);
  });

  test('is a plain line every five seconds elsewhere', () => {
    const { progress, written, time } = terminal();
    progress.start('copying', 100);
    for (let second = 1; second <= 12; second += 1) {
      time.ms = second * 1000;
      progress.update(second);
    }
    expect(written).toHaveLength(2);
    expect(written[0]).toMatch(/copying {2}5 % {2}5 B of 100 B/);
    expect(written.join('')).not.toContain('\r');
  });

  test('shows the time where nobody knows how much there is to do, and nothing in a quiet run', () => {
    const known = terminal({ isTerminal: true });
    known.progress.start('checking', 0);
    known.time.ms = 75_000;
    known.progress.update(0);
    expect(known.written.join('')).toContain('checking  1 min 15 s');

    const quiet = terminal({ isTerminal: true, verbosity: 'quiet' });
    quiet.progress.start('checking', 10);
    quiet.time.ms = 75_000;
    quiet.progress.update(5);
    expect(quiet.written).toEqual([]);
  });

  test('counts rows, also where nobody knows how many there are, and says what else is to be seen', () => {
    const { progress, written, time } = terminal();
    for (const total of [200_000, 0]) {
      progress.start('tt: pushing', total, 'rows');
      time.ms += 10_000;
      progress.update(50_000, 'batch 7\u001b[2J');
    }
    expect(written.map((line) => line.replace(/.*: tt/, 'tt'))).toEqual([
      'tt: pushing  25 %  50,000 of 200,000 rows  batch 7\\u001b[2J  30 s left\n',
      'tt: pushing  50,000 rows  batch 7\\u001b[2J  10 s\n',
    ]);
  });

  test('is there at once, also where nobody knows how much there is to do', () => {
    for (const [total, text] of [
      [2_000_000, `copying  ${'░'.repeat(20)}  0 %  0 B of 2 MB`],
      [0, 'copying'],
    ] as const) {
      const { progress, written } = terminal({ isTerminal: true });
      progress.start('copying', total);
      expect(screen(written)).toEqual([text]);
    }
  });

  test('is written again ten times a second at most, and only where it has changed', () => {
    const { progress, written, time } = terminal({ isTerminal: true });
    progress.start('copying', 0);
    for (time.ms = 0; time.ms < 3000; time.ms += 1) progress.update(0);
    expect(screen(written)).toEqual(['copying  2.9 s']);
    expect(written.length).toBeLessThan(25);
  });

  test('has room for the news first where the terminal is narrow, and follows one that is made narrower', () => {
    let columns = 100;
    const { progress, written, time } = terminal({ isTerminal: true, columns: () => columns });
    progress.start('ctv: copying', 1_000_000_000);
    const shown: string[] = [];
    for (columns of [100, 60, 40, 20, 12, 2]) {
      time.ms += 1000;
      progress.update(500_000_000);
      shown.push(screen(written).join());
    }
    expect(shown).toEqual([
      `ctv: copying  ${'█'.repeat(10)}${'░'.repeat(10)}  50 %  500 MB of 1 GB  500 MB/s  1.0 s left`,
      `ctv: copying  ${'█'.repeat(5)}${'░'.repeat(5)}  50 %  500 MB of 1 GB  2.0 s left`,
      'ctv: copying  50 %  3.0 s left',
      'ctv: copying  50 %',
      'ctv:…  50 %',
      'c',
    ]);
  });

  test.each([2, 10, 20, 40])('stays in one line of %i columns, and no message lands in it', (columns) => {
    const step = fc.oneof(
      fc.record({ say: fc.string({ unit: fc.constantFrom('a', '日', ' ', '\r', '\u001b') }) }),
      fc.record({ start: fc.string({ minLength: 1 }), total: fc.nat(1000) }),
      fc.record({ update: fc.nat(1000), after: fc.nat(300) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { log, progress, written, time } = terminal({ isTerminal: true, columns: () => columns });
        const said: string[] = [];
        for (const one of steps) {
          if ('say' in one) {
            log.info(one.say);
            said.push(`db-backup: ${printable(one.say)}`);
          } else if ('start' in one) progress.start(one.start, one.total);
          else {
            time.ms += one.after;
            progress.update(one.update);
          }
          const lines = screen(written);
          expect(lines.slice(0, -1)).toEqual(said);
          expect(textWidth(lines.at(-1) ?? '')).toBeLessThan(columns);
        }
        progress.end();
        expect(screen(written)).toEqual([...said, '']);
      }),
    );
  });
});

test('a service manager is told the task at once, and how far it is as often as a line is written, also when quiet', () => {
  const told: string[] = [];
  const { progress, written, time } = terminal({
    verbosity: 'quiet',
    tellStatus: (text) => void told.push(text),
  });
  progress.start('storing', 1000);
  time.ms = 4000;
  progress.update(100);
  time.ms = 5000;
  progress.update(500);
  expect(told).toEqual(['storing', 'storing  50 %  500 B of 1 kB  400 B/s  1.3 s left']);
  expect(written).toEqual([]);
});

test('work that goes on where it stopped is measured from there', () => {
  const { progress, written, time } = terminal();
  progress.start('storing', 1000);
  progress.update(400);
  time.ms = 5000;
  progress.update(500);
  expect(written.join('')).toContain('storing  50 %  500 B of 1 kB  20 B/s  25 s left');
});
