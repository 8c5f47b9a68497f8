// The first words of a record: what is written, and what is refused before anything else of it is read.
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { ifWhole, type Flaw } from '../../../lib/record/fields.ts';
import { formatJsonRecord, openJsonRecord } from '../../../lib/record/json-record.ts';

const format = { name: 'holdfast-note', version: 2 };
const flaw: Flaw = (cause, hint) => new OpsError('damaged', cause, hint === undefined ? {} : { hint });

describe('a record', () => {
  test('says first what it is, and ends in a newline', () => {
    expect(formatJsonRecord(format, { app: 'ctv', note: undefined })).toBe(
      '{"format":"holdfast-note","version":2,"app":"ctv"}\n',
    );
    expect(formatJsonRecord(format, { app: 'ctv' }, 1)).toBe(
      '{\n "format": "holdfast-note",\n "version": 2,\n "app": "ctv"\n}\n',
    );
  });

  test('of this version and of an older one is opened', () => {
    const now = openJsonRecord(formatJsonRecord(format, { app: 'ctv' }), format, flaw);
    expect([now.version, now.fields.text('app')]).toEqual([2, 'ctv']);
    const old = openJsonRecord(formatJsonRecord({ ...format, version: 1 }, { app: 'ctv' }), format, flaw);
    expect([old.version, old.fields.text('app')]).toEqual([1, 'ctv']);
  });

  test.each([
    ['', 'it is empty'],
    [' \n', 'it is empty'],
    ['{"format":"holdfast-no', 'it is not JSON, or it is cut short'],
    ['<html>', 'it is not JSON, or it is cut short'],
    ['[]', 'it is not an object'],
    ['null', 'it is not an object'],
    ['{"version":1}', 'it is no holdfast-note'],
    ['{"format":"other","version":1}', 'it is no holdfast-note'],
    ['{"format":"holdfast-note"}', 'version is missing'],
    ['{"format":"holdfast-note","version":0}', 'version is not from 1 to 9007199254740991'],
    ['{"format":"holdfast-note","version":"1"}', 'version is not a whole number'],
  ])('is not %s', (text, message) => {
    expect(() => openJsonRecord(text, format, flaw)).toThrow(new OpsError('damaged', message));
  });

  test('is called what its readers call it', () => {
    const called = { ...format, called: 'note' };
    expect(() => openJsonRecord('{}', called, flaw)).toThrow(new OpsError('damaged', 'it is no note'));
  });

  test('of a newer Holdfast is refused with what helps, whatever else is in it', () => {
    const open = () => openJsonRecord('{"format":"holdfast-note","version":3,"app":7}', format, flaw);
    expect(open).toThrow(
      expect.objectContaining({
        message: 'it was made by a newer Holdfast (format 3, this one reads up to 2)',
        hint: 'upgrade Holdfast on this machine, then try again',
      }),
    );
  });
});

test('what is needed by nobody is read whole or not at all', () => {
  const read = (text: string) => ifWhole((made) => openJsonRecord(text, format, made).version);
  expect(read(formatJsonRecord(format, {}))).toBe(2);
  expect(read('{}')).toBeUndefined();
  const bug = new TypeError('a bug');
  expect(() =>
    ifWhole(() => {
      throw bug;
    }),
  ).toThrow(bug);
});
