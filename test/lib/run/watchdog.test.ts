// Signs of life follow what the service is for, and come in time.
import { expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { keepWatch } from '../../../lib/run/watchdog.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { settled, virtualTime } from '../../support/virtual-time.ts';

const periodMs = 60_000;

/** A watched service; `probe` and `alive` are what the test puts there. */
function watched() {
  const time = virtualTime();
  const log = recordingLog();
  const stop = new AbortController();
  const parts = { signs: 0, probe: async (): Promise<unknown> => undefined, alive: async () => {} };
  const manager = {
    alive: async () => {
      await parts.alive();
      parts.signs += 1;
    },
  };
  const options = {
    periodMs,
    probe: () => parts.probe(),
    manager,
    log,
    wait: time.wait,
    signal: stop.signal,
  };
  return { time, log, stop, parts, options };
}

test('are given at once and then twice in each period', async () => {
  const { time, parts, options } = watched();
  void keepWatch(options);
  await settled();
  expect(parts.signs).toBe(1);
  await time.pass(29_999);
  expect(parts.signs).toBe(1);
  await time.pass(1);
  expect(parts.signs).toBe(2);
});

test('lose no time to an answer that takes a while', async () => {
  const { time, parts, options } = watched();
  parts.probe = () => time.wait(20_000, options.signal);
  void keepWatch(options);
  await time.pass(20_000);
  expect(parts.signs).toBe(1);
  await time.pass(10_000);
  await time.pass(20_000);
  expect(parts.signs).toBe(2);
});

test('are not given while the probe fails, which is said once, and are given again after that', async () => {
  const { time, log, parts, options } = watched();
  parts.probe = async () => {
    throw new OpsError('unavailable', 'port 1 refuses connections');
  };
  void keepWatch(options);
  await settled();
  await time.pass(30_000);
  expect(parts.signs).toBe(0);
  expect(log.lines).toEqual([
    {
      level: 'error',
      message: 'this service gives no sign of life, for which it will be killed',
      fields: { reason: 'port 1 refuses connections' },
    },
  ]);
  parts.probe = async () => undefined;
  await time.pass(30_000);
  expect(parts.signs).toBe(1);
  expect(log.lines.at(-1)).toMatchObject({ level: 'info' });
});

test('are not given while the probe hangs, which is asked once and said after half a period', async () => {
  const { time, log, parts, options } = watched();
  let asked = 0;
  parts.probe = () => {
    asked += 1;
    return new Promise(() => undefined);
  };
  void keepWatch(options);
  await time.pass(29_999);
  expect(log.lines).toEqual([]);
  await time.pass(1);
  await time.pass(periodMs);
  expect({ asked, signs: parts.signs }).toEqual({ asked: 1, signs: 0 });
  expect(log.lines.map(({ fields }) => fields)).toEqual([{ reason: 'the probe does not answer' }]);
});

test('that do not arrive are given again', async () => {
  const { time, log, parts, options } = watched();
  parts.alive = async () => {
    throw new OpsError('unavailable', 'cannot run systemd-notify: it took longer than 5.0 s');
  };
  void keepWatch(options);
  await settled();
  expect(log.lines[0]?.fields).toEqual({
    reason: 'cannot run systemd-notify: it took longer than 5.0 s',
  });
  parts.alive = async () => {};
  await time.pass(30_000);
  expect(parts.signs).toBe(1);
});

test('end with the signal, also of a probe that answers after it', async () => {
  const { time, parts, options, stop } = watched();
  const answer = Promise.withResolvers<void>();
  parts.probe = () => answer.promise;
  const watch = keepWatch(options);
  await settled();
  stop.abort();
  answer.resolve();
  await watch;
  expect({ signs: parts.signs, waiting: time.waiting() }).toEqual({ signs: 0, waiting: 0 });
});
