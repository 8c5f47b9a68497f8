// The answers as monitoring programs read them.
import { describe, expect, test } from 'vitest';
import { type JudgedState, nagiosLines } from '../../../lib/health/nagios.ts';
import { prometheusText } from '../../../lib/health/prometheus.ts';

const at = new Date('2026-11-28T02:05:00Z');

function state(given: Partial<JudgedState>): JudgedState {
  return {
    ...{ check: 'disk-space', subject: '/srv', verdict: 'ok', since: at, at, value: 12.5, unit: '%' },
    ...{
      message: 'fine',
      hint: undefined,
      failures: 0,
      recoveries: 1,
      alarmSince: undefined,
      hiddenBy: undefined,
    },
    ...{ sampledAt: undefined, limits: { warning: 85, critical: 95 } },
    ...given,
  };
}

describe('nagios', () => {
  test('all is well', () => {
    expect(nagiosLines([state({}), state({ check: 'clock', subject: 'machine', value: undefined })])).toEqual(
      ["HOLDFAST OK - 2 checks are well | 'disk-space /srv'=12.5%;85;95"],
    );
  });

  test('the worst comes first, what is explained is left out, and nothing of a message ends the line or the words', () => {
    const lines = nagiosLines([
      state({
        check: 'load',
        subject: 'machine',
        verdict: 'warning',
        unit: '',
        value: 7,
        limits: { warning: 4 },
        message: 'busy',
      }),
      state({ subject: "/a'b=c", verdict: 'critical', message: 'full | no\nroom', value: 99 }),
      state({ check: 'store', verdict: 'unknown', hiddenBy: 'disk-space of /', value: undefined }),
    ]);
    expect(lines).toEqual([
      "HOLDFAST CRITICAL - 2 of 3 checks: disk-space /a'b=c: full / no\\nroom | 'load machine'=7;4 'disk-space /a_b_c'=99%;85;95",
      'WARNING: load machine: busy',
      "CRITICAL: disk-space /a'b=c: full / no\\nroom",
    ]);
  });

  test('no check was asked', () => expect(nagiosLines([])).toEqual(['HOLDFAST OK - 0 checks are well']));
});

describe('prometheus', () => {
  const job = {
    job: 'db-backup',
    command: 'run',
    app: 'ctv',
    lastRunAt: at,
    lastSuccessAt: undefined,
    exitCode: 1,
  };
  const text = prometheusText(
    [state({ verdict: 'critical', alarmSince: at, subject: 'a"b\\c\nd' }), state({ value: undefined })],
    [job],
    at,
  );

  test('every line is one of the format, each metric has its type once, and the last line ends', () => {
    const line = /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)*\})? -?[\d.]+)$/;
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.trimEnd().split('\n');
    expect(lines.filter((one) => !line.test(one))).toEqual([]);
    const types = lines.filter((one) => one.startsWith('# TYPE'));
    expect(new Set(types).size).toBe(types.length);
  });

  test('says what is so, and nothing where it is not known', () => {
    expect(text).toContain('holdfast_check_status{check="disk-space",subject="a\\"b\\\\c\\nd"} 2\n');
    expect(text).toContain('holdfast_check_alarm{check="disk-space",subject="/srv"} 0\n');
    expect(text).toContain(
      'holdfast_job_last_run_timestamp_seconds{job="db-backup",command="run",app="ctv"} 1795831500\n',
    );
    expect(text).not.toContain('last_success');
  });
});
