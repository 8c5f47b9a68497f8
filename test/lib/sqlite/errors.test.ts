import { expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { needsTheApp, sqliteError } from '../../../lib/sqlite/errors.ts';

const thrown = (code: string, message = 'what SQLite says') => Object.assign(new Error(message), { code });

test.each([
  ['SQLITE_CORRUPT', 'damaged'],
  ['SQLITE_CORRUPT_VTAB', 'damaged'],
  ['SQLITE_NOTADB', 'damaged'],
  ['SQLITE_FORMAT', 'damaged'],
  ['SQLITE_IOERR_DATA', 'damaged'],
  ['SQLITE_ERROR', 'damaged'],
  ['SQLITE_BUSY', 'unavailable'],
  ['SQLITE_BUSY_RECOVERY', 'unavailable'],
  ['SQLITE_LOCKED', 'unavailable'],
  ['SQLITE_PROTOCOL', 'unavailable'],
  ['SQLITE_SCHEMA', 'unavailable'],
  ['SQLITE_PERM', 'denied'],
  ['SQLITE_AUTH', 'denied'],
  ['SQLITE_READONLY', 'denied'],
  ['SQLITE_READONLY_ROLLBACK', 'denied'],
  ['SQLITE_CANTOPEN', 'denied'],
  ['SQLITE_FULL', 'io'],
  ['SQLITE_IOERR', 'io'],
  ['SQLITE_IOERR_READ', 'io'],
  ['SQLITE_NOMEM', 'io'],
])('%s is of the kind %s, and named in the message', (code, kind) => {
  const error = sqliteError('read app.db', thrown(code), { hint: 'try this' });
  expect(error).toBeInstanceOf(OpsError);
  expect(error).toMatchObject({
    kind,
    message: expect.stringMatching(`^cannot read app.db: .+ \\(what SQLite says, ${code}\\)$`) as string,
    hint: 'try this',
    cause: { code },
  });
});

test('only what has to be recovered first is said to need a recovery', () => {
  const words = (code: string) => (sqliteError('read app.db', thrown(code)) as OpsError).message;
  for (const code of ['SQLITE_READONLY_ROLLBACK', 'SQLITE_READONLY_RECOVERY', 'SQLITE_READONLY_CANTINIT'])
    expect(words(code)).toContain('after a recovery');
  expect(words('SQLITE_READONLY')).toContain('may not be written');
});

test.each(['SQLITE_MISUSE', 'SQLITE_INTERNAL', 'SQLITE_RANGE', 'SQLITE_CONSTRAINT_UNIQUE'])(
  '%s is a bug, and comes back as it is',
  (code) => {
    const error = thrown(code);
    expect(sqliteError('read app.db', error)).toBe(error);
  },
);

test('a failed system call keeps its own words, and a reason that is one already stays', () => {
  expect(sqliteError('read app.db', thrown('ENOENT'))).toMatchObject({
    kind: 'missing',
    message: 'cannot read app.db: it is not there',
  });
  const reason = new OpsError('busy', 'cannot read app.db: later');
  expect(sqliteError('do something else', reason)).toBe(reason);
  const bug = new TypeError('undefined is not a function');
  expect(sqliteError('read app.db', bug)).toBe(bug);
});

test('what only the app has is told from damage', () => {
  expect(needsTheApp(thrown('SQLITE_ERROR'))).toBe(true);
  expect(needsTheApp(thrown('SQLITE_ERROR_MISSING_COLLSEQ'))).toBe(true);
  expect(needsTheApp(thrown('SQLITE_CORRUPT'))).toBe(false);
  expect(needsTheApp(new Error('no such module: a bug'))).toBe(false);
});
