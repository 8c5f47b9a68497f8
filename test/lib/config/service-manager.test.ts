// What systemd says: it belongs to the process that systemd itself executed, and to nobody it handed its variables to.
import { expect, test } from 'vitest';
import { invocationId, serviceEnding } from '../../../lib/config/service-manager.ts';

test('only the process that systemd itself executed takes its invocation id', () => {
  const given = { INVOCATION_ID: 'a'.repeat(32), SYSTEMD_EXEC_PID: '42' };
  expect(invocationId(42, given)).toBe('a'.repeat(32));
  expect(invocationId(43, given)).toBeUndefined();
});

test('what systemd says of a unit belongs to it, and a shell under systemd says nothing', () => {
  expect(serviceEnding({ INVOCATION_ID: 'a' })).toMatchObject({
    result: undefined,
    invocationId: undefined,
    isHandler: false,
  });
  expect(serviceEnding({ SERVICE_RESULT: 'timeout', EXIT_STATUS: 'TERM', INVOCATION_ID: 'a' })).toMatchObject(
    { result: 'timeout', exitStatus: 'TERM', invocationId: 'a', isHandler: false },
  );
  expect(
    serviceEnding({
      MONITOR_SERVICE_RESULT: 'signal',
      MONITOR_EXIT_STATUS: 'KILL',
      MONITOR_INVOCATION_ID: 'b',
      MONITOR_UNIT: 'u',
      INVOCATION_ID: 'a',
    }),
  ).toEqual({ result: 'signal', exitStatus: 'KILL', invocationId: 'b', unit: 'u', isHandler: true });
});
