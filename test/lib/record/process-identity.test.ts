// A process in a record.
import { expect, test } from 'vitest';
import { Fields, ifWhole } from '../../../lib/record/fields.ts';
import { parseProcess, processFields } from '../../../lib/record/process-identity.ts';

const identity = {
  host: 'pi5',
  machine: '3f9a1c07',
  bootId: '5d1b0d4e',
  pidNamespace: 'pid:[4026531836]',
  pid: 4711,
  startTicks: 123456,
};

const parse = (record: unknown) => ifWhole((flaw) => parseProcess(new Fields(record, '', flaw)));

test('a process is written in one way, and read back', () => {
  expect(Object.entries(processFields(identity))).toEqual([
    ['host', 'pi5'],
    ['machine', '3f9a1c07'],
    ['boot_id', '5d1b0d4e'],
    ['pid_namespace', 'pid:[4026531836]'],
    ['pid', 4711],
    ['start_ticks', 123456],
  ]);
  expect(parse(processFields(identity))).toEqual(identity);
});

test('what is not known of a process may be empty', () => {
  const little = { ...identity, machine: '', bootId: '', pidNamespace: '', startTicks: 0 };
  expect(parse(processFields(little))).toEqual(little);
});

test.each([
  ['host', undefined],
  ['machine', 7],
  ['boot_id', null],
  ['pid_namespace', undefined],
  ['pid', -1],
  ['pid', '4711'],
  ['start_ticks', 1.5],
])('a record whose %s is %j names no process', (key, value) => {
  const record: Record<string, unknown> = { ...processFields(identity), [key]: value };
  if (value === undefined) delete record[key];
  expect(parse(record)).toBeUndefined();
});
