// Owner, group and mode in a record.
import { expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { Fields } from '../../../lib/record/fields.ts';
import { ownershipFields, parseOwnership } from '../../../lib/record/ownership.ts';

const flaw = (cause: string) => new OpsError('damaged', cause);
const parse = (record: unknown) => parseOwnership(new Fields(record, '', flaw), flaw);

test.each([
  [
    { uid: 1000, gid: 33, mode: 0o640 },
    { owner: 1000, group: 33, mode: '0640' },
  ],
  [
    { uid: 0, gid: 4294967294, mode: 0o4007 },
    { owner: 0, group: 4294967294, mode: '4007' },
  ],
  [
    { uid: 0, gid: 0, mode: 0 },
    { owner: 0, group: 0, mode: '0000' },
  ],
])('%j is written as %j, and read back', (ownership, fields) => {
  expect(ownershipFields(ownership)).toEqual(fields);
  expect(parse(fields)).toEqual(ownership);
});

test('where nobody looked there is none', () => {
  expect(ownershipFields(undefined)).toEqual({});
  expect(parse({})).toBeUndefined();
});

test.each([
  { owner: 0, group: 0, mode: '9' },
  { owner: 0, group: 0, mode: 'rw-r--r--' },
  { owner: 0, group: 0, mode: 640 },
  { owner: -1, group: 0, mode: '0640' },
  { owner: 0, group: 4294967295, mode: '0640' },
  { group: 0, mode: '0640' },
])('%j is refused', (fields) => {
  expect(() => parseOwnership(new Fields(fields, '', flaw), flaw)).toThrow(OpsError);
});
