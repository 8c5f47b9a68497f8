// Text from outside, wherever it leaves for a person: nothing that a terminal obeys comes through, no line end passes for
// one of ours, and what is said of it in --json keeps its true value.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { formatTable } from '../../../lib/base/table.ts';
import { clip, printable, printableLines } from '../../../lib/base/printable.ts';
import type { IncidentFacts } from '../../../lib/incident/observation.ts';
import { createDesktop } from '../../../lib/notify/desktop.ts';
import { compose } from '../../../lib/notify/compose.ts';
import { oneLine, plainLines, shorten } from '../../../lib/notify/shorten.ts';
import { describeFailure, tellFailure } from '../../../lib/run/failure.ts';
import { renderers } from '../../../lib/run/report.ts';
import { createTerminal } from '../../../lib/run/terminal.ts';
import { AlertMachine, observation } from '../../support/alert-events.ts';
import { fixedClock } from '../../support/fixed-clock.ts';

/** Written down once more on purpose: C0 but the line end, DEL, C1, line separators, bidi, half characters. */
const obeyed =
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

const hostileCharacter = fc.constantFrom(
  ...[
    '\u001b[31m',
    '\u001b]0;x\u0007',
    '\n',
    '\r',
    '\t',
    '\0',
    '\b',
    '\u007f',
    '\u009b2J',
    '\u0085',
    '\u2028',
    '\u2029',
  ],
  ...['\u202e', '\u2066', '\u200f', '\ud83e', '\udc00', '🦉', '\\n', '"', '%', 'ö', ' ', '<!channel>'],
);
const hostile = fc
  .array(fc.oneof(hostileCharacter, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 12 })
  .map((parts) => parts.join(''));

function expectLines(text: string, count: number): void {
  expect(text).not.toMatch(obeyed);
  expect(text.isWellFormed()).toBe(true);
  expect(text.split('\n')).toHaveLength(count);
}

describe('text', () => {
  test('is on one line, harmless, and the same when it goes through twice', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expectLines(printable(text), 1);
        expect(printable(printable(text))).toBe(printable(text));
        expectLines(printableLines(text), text.split('\n').length);
        expect(
          /[^\n]/u.test(text) && !obeyed.test(text) && text.isWellFormed() && !text.includes('\n')
            ? printable(text)
            : text,
        ).toBe(text);
      }),
    );
  });

  test('is cut between characters', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 2, max: 20 }), (text, max) => {
        const cut = clip(text.toWellFormed(), max);
        expect(cut.length).toBeLessThanOrEqual(max);
        expect(cut.isWellFormed()).toBe(true);
      }),
    );
    expect(clip('abc', 3)).toBe('abc');
    expect(clip('abcd', 3)).toBe('ab…');
  });

  test('shows as JSON does what it holds', () => {
    expect(printable('a\n\t\r\u001b[0m\u009b\u202e\u2028\ud83e\\')).toBe(
      'a\\n\\t\\r\\u001b[0m\\u009b\\u202e\\u2028\\ud83e\\',
    );
  });
});

test('the lines of a result stay lines, each with all that a name in it holds', () => {
  const report = {
    job: 'restore',
    command: 'list',
    runId: 'x',
    verdict: 'ok',
    findings: [],
    traffic: undefined,
  } as const;
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 4 }), (lines) => {
      expectLines(renderers.text.ended({ ...report, result: {}, lines }).slice(0, -1), lines.length);
      for (const line of formatTable(lines.map((line) => [line, 'x']))) expectLines(line, 1);
      const json = renderers.json.ended({ ...report, result: { names: lines }, lines });
      expect(json).not.toMatch(obeyed);
      expect(JSON.parse(json)).toMatchObject({ result: { names: lines } });
    }),
  );
  const flood = renderers.text.ended({ ...report, result: {}, lines: ['x'.repeat(10_000_000)] });
  expect(flood.length).toBeLessThan(200_000);
});

test.each([{ journal: true }, { isTerminal: true }, {}])('a line of the log is one line (%o)', (look) => {
  fc.assert(
    fc.property(hostile, (text) => {
      const written: string[] = [];
      const told: string[] = [];
      const { log, progress } = createTerminal({
        write: (piece) => void written.push(piece),
        tellStatus: (status) => void told.push(status),
        name: 'restore',
        verbosity: 'verbose',
        isTerminal: false,
        journal: false,
        columns: () => 200,
        isColoured: false,
        clock: fixedClock(),
        ...look,
      });
      log.warn(text, { name: text, long: 'x'.repeat(100_000) });
      expectLines(written.join('').replace(/\n$/, ''), 1);
      expect(written.join('').length).toBeLessThan(10_000);
      progress.start(text, 10);
      for (const status of told) expectLines(status, 1);
      progress.end();
      const failure = describeFailure(
        new OpsError('config', `cannot use ${text}:`, { hint: text, lines: [text, text] }),
        [],
      );
      written.length = 0;
      tellFailure(failure, log, (piece) => void written.push(piece));
      expectLines(written.join('').replace(/\n$/, ''), 4);
      written.length = 0;
      tellFailure(describeFailure(new Error(text), []), log, (piece) => void written.push(piece));
      expect(written.join('')).not.toMatch(obeyed);
    }),
  );
});

test('an error is printable from the start, however long the name in it is', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const error = new OpsError('damaged', `cannot use ${text}: it is damaged`, {
        hint: text,
        lines: [text],
      });
      expectLines(error.message, 2);
      expectLines(error.hint ?? '', 1);
    }),
  );
  expect(new OpsError('damaged', 'x'.repeat(1_000_000)).message.length).toBeLessThan(5000);
});

test('no word of an alert can pass for another line of it', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const facts: IncidentFacts = {
        ...observation('failed').facts,
        message: text,
        hint: text,
        next: text,
        apps: [text],
      };
      const plain: IncidentFacts = { ...facts, message: 'm', hint: 'h', next: 'n', apps: ['a'] };
      const composed = (some: IncidentFacts) => {
        const machine = new AlertMachine({}, []);
        machine.run('failed', { facts: some });
        const [check] = machine.state.checks;
        const incident = check?.incident;
        if (check === undefined || incident === undefined) throw new Error('nothing is wrong');
        const news = { kind: 'failing', check: check.check, incident, severity: 'warning' } as const;
        return compose(
          { channel: 'ntfy', items: [news] },
          { host: 'pi', installation: 'a', timeZone: 'UTC', now: 0, link: undefined, configOption: '' },
        );
      };
      const { title, body } = composed(facts);
      expectLines(title, 1);
      expectLines(body, composed(plain).body.split('\n').length);
      expectLines(shorten(oneLine(text), 250), 1);
      expect(shorten(plainLines(text), 3800)).not.toMatch(obeyed);
    }),
  );
});

test('the screen gets no more than that', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      const shown: string[] = [];
      const channel = createDesktop({ isThere: true }, async () => ({
        notify({ title, message }, callback) {
          shown.push(title, message);
          callback(null);
        },
      }));
      await channel.send(
        { title: text, body: text, priority: 3, tags: [], link: undefined, sequence: 'x' },
        new AbortController().signal,
      );
      for (const one of shown) expect(one).not.toMatch(obeyed);
    }),
  );
});
