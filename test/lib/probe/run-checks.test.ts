// All checks at once: what hangs, fails or is not due disturbs none of the others.
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import type { Check, CheckSettings } from '../../../lib/health/check.ts';
import { allChecks } from '../../../lib/health/all-checks.ts';
import type { CheckState } from '../../../lib/health/reading.ts';
import { type Probe, probed, type ProbeContext } from '../../../lib/probe/probe.ts';
import { registry } from '../../../lib/probe/registry.ts';
import { type CheckRun, runChecks } from '../../../lib/probe/run-checks.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';

const clock = fixedClock();
const never = new Promise<never>(() => undefined);

function check(name: string, given: Partial<Check<number>> = {}): Check<number> {
  return {
    ...{ name, question: '?', unit: 'count', limits: { warning: 5 }, worse: 'above' },
    judge: (value, { limits }) => ({
      verdict: value >= (limits.warning ?? Infinity) ? 'warning' : 'ok',
      message: `${value}`,
      value,
    }),
    ...given,
  };
}

function probe(measure: Probe<number>['measure'], given: Partial<Probe<number>> = {}): Probe<number> {
  return { subjects: () => ['a', 'b'], measure, ...given };
}

function run(given: Partial<CheckRun> & { signal?: AbortSignal } = {}): CheckRun & { lines: unknown[] } {
  const log = recordingLog();
  const { lines } = log;
  const context = {
    clock,
    log,
    signal: given.signal ?? new AbortController().signal,
    config: { timeZone: 'UTC' },
  } as unknown as ProbeContext;
  return {
    ...{
      context,
      settings: {},
      stateOf: () => undefined,
      samplesOf: () => [],
      isClockTrusted: true,
      isAll: false,
      lines,
    },
    ...given,
  };
}

const said = ({ readings }: Awaited<ReturnType<typeof runChecks>>) =>
  Object.fromEntries(
    readings.map(({ check: name, subject, verdict, message }) => [
      `${name} ${subject}`,
      `${verdict}: ${message}`,
    ]),
  );

describe('a check that', () => {
  test('hangs is given up, and the others have their answers', async () => {
    const seen: boolean[] = [];
    const hanging = probe(
      (context, subject) =>
        subject === 'a' ? never.finally(() => seen.push(context.signal.aborted)) : Promise.resolve(9),
      { timeoutMs: 20 },
    );
    const found = await runChecks(
      [
        probed(check('hangs'), hanging),
        probed(
          check('works'),
          probe(async () => 1),
        ),
      ],
      run(),
    );
    expect(said(found)).toEqual({
      'hangs a': 'unknown: did not answer within 20 ms',
      'hangs b': 'warning: 9',
      'works a': 'ok: 1',
      'works b': 'ok: 1',
    });
  });

  test('hangs is told that its time is over', async () => {
    let reason: unknown;
    const listening = probe(
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error((reason = signal.reason) as string))),
        ),
      { timeoutMs: 20, subjects: () => ['a'] },
    );
    const found = await runChecks([probed(check('hangs'), listening)], run());
    expect(said(found)).toEqual({ 'hangs a': 'unknown: did not answer within 20 ms' });
    expect(reason).toBeInstanceOf(OpsError);
  });

  test('cannot say what there is to ask is unknown as a whole', async () => {
    const lost = probe(async () => 1, {
      subjects() {
        throw new OpsError('missing', 'cannot read /proc', { hint: 'mount it' });
      },
    });
    expect(said(await runChecks([probed(check('lost'), lost)], run()))).toEqual({
      'lost machine': 'unknown: cannot read /proc',
    });
  });

  test('cannot find out is unknown, with the reason', async () => {
    const refused = probe(async () => {
      throw new OpsError('denied', 'cannot read it', { hint: 'sudo' });
    });
    const { readings } = await runChecks([probed(check('refused'), refused)], run());
    expect(readings[0]).toMatchObject({ verdict: 'unknown', message: 'cannot read it', hint: 'sudo' });
  });

  test('has a mistake of ours says so, and the others go on', async () => {
    const broken = probe(async () => {
      throw new TypeError('x is not a function');
    });
    const given = run();
    const found = said(
      await runChecks(
        [
          probed(check('broken'), broken),
          probed(
            check('works'),
            probe(async () => 1),
          ),
        ],
        given,
      ),
    );
    expect(found['broken a']).toBe('unknown: a mistake in Holdfast: x is not a function');
    expect(found['works b']).toBe('ok: 1');
    expect(given.lines).not.toEqual([]);
  });

  test('is off is not asked', async () => {
    const settings = {
      off: {
        limits: {},
        everyMs: undefined,
        failures: undefined,
        recoveries: undefined,
        off: true,
      } satisfies CheckSettings,
    };
    expect(
      await runChecks(
        [
          probed(
            check('off'),
            probe(async () => 1),
          ),
        ],
        run({ settings }),
      ),
    ).toEqual({ subjects: [], readings: [] });
  });

  test('wants a clock is unknown without one, and is not even measured', async () => {
    let asked = 0;
    const aged = probed(
      check('aged', { needsClock: true }),
      probe(async () => (asked += 1)),
    );
    expect(Object.values(said(await runChecks([aged], run({ isClockTrusted: false }))))[0]).toMatch(
      /^unknown: /,
    );
    expect(asked).toBe(0);
  });

  test('is not due is not asked, but is there', async () => {
    const known = { verdict: 'ok', at: clock.now(), failures: 0 } as CheckState;
    const rare = probed(
      check('rare', { everyMs: 60_000 }),
      probe(async () => 1),
    );
    const stateOf = (_: string, subject: string) => (subject === 'a' ? known : undefined);
    const found = await runChecks([rare], run({ stateOf }));
    expect(found.readings.map(({ subject }) => subject)).toEqual(['b']);
    expect(found.subjects.map(({ subject }) => subject)).toEqual(['a', 'b']);
    expect((await runChecks([rare], run({ stateOf, isAll: true }))).readings).toHaveLength(2);
  });
});

test('limits of the operator go before those of the check', async () => {
  const settings = {
    strict: {
      limits: { warning: 1 },
      everyMs: undefined,
      failures: undefined,
      recoveries: undefined,
      off: false,
    },
  };
  expect(
    Object.values(
      said(
        await runChecks(
          [
            probed(
              check('strict'),
              probe(async () => 1),
            ),
          ],
          run({ settings }),
        ),
      ),
    ),
  ).toEqual(['warning: 1', 'warning: 1']);
});

test('thousands of subjects are all asked, not all at once', async () => {
  let [now, most] = [0, 0];
  const many = probe(
    async () => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setImmediate(resolve));
      return (now -= 1);
    },
    { subjects: () => Array.from({ length: 5000 }, (_, index) => `s${index}`) },
  );
  expect((await runChecks([probed(check('many'), many)], run())).readings).toHaveLength(5000);
  expect(most).toBeLessThanOrEqual(64);
});

test('a run that is told to stop stops, though something hangs', async () => {
  const stop = new AbortController();
  const asked = runChecks(
    [
      probed(
        check('hangs'),
        probe(() => never, { subjects: () => ['a'] }),
      ),
    ],
    run({ signal: stop.signal }),
  );
  stop.abort(new Error('stopped'));
  await expect(asked).rejects.toThrow('stopped');
});

test('every check has its probe, in the same order', () => {
  expect(registry.map((pair) => pair.check.name)).toEqual(allChecks.map(({ name }) => name));
});
