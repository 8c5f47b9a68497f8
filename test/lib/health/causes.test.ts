// What explains what: told is the cause, and never less than what it hides.
import { expect, test } from 'vitest';
import type { Verdict } from '../../../lib/base/verdict.ts';
import type { AnyCheck } from '../../../lib/health/check.ts';
import { allChecks, checksByName } from '../../../lib/health/all-checks.ts';
import { causeOf, placeOf } from '../../../lib/health/causes.ts';
import type { Reading } from '../../../lib/health/reading.ts';

const checks = new Map<string, AnyCheck>([
  ['database', { ...checksByName.get('store'), name: 'database', causedBy: ['disk', 'power'] } as AnyCheck],
]);

function reading(check: string, subject: string, verdict: Verdict, paths?: string[]): Reading {
  return { check, subject, verdict, message: '', ...(paths === undefined ? {} : { paths }) };
}

const database = reading('database', 'ctv', 'warning', ['/srv/ctv/app.db']);

test.each<[string, Reading[], string | undefined]>([
  ['nothing else is bad', [reading('disk', '/srv', 'ok')], undefined],
  ['the disk below it', [reading('disk', '/srv', 'critical')], 'disk of /srv'],
  ['another disk', [reading('disk', '/mnt', 'critical')], undefined],
  ['a disk that only looks like it', [reading('disk', '/srv/ct', 'critical')], undefined],
  [
    'a disk above the one that is nearest, which is well',
    [reading('disk', '/', 'critical'), reading('disk', '/srv', 'ok')],
    undefined,
  ],
  [
    'a file system by one of its places',
    [reading('disk', '/var/lib', 'critical', ['/var/lib', '/srv/ctv'])],
    'disk of /var/lib',
  ],
  ['the machine', [reading('power', 'machine', 'critical')], 'power'],
  ['the same subject', [reading('disk', 'ctv', 'warning')], 'disk of ctv'],
  ['what is no cause of it', [reading('http', 'machine', 'critical')], undefined],
])('%s', (_, others, expected) => {
  expect(causeOf(database, [database, ...others], checks)).toBe(expected);
});

test('a warning hides nothing critical, and nothing explains what is well', () => {
  const cause = reading('power', 'machine', 'warning');
  const of = (verdict: Verdict) => causeOf(reading('database', 'ctv', verdict), [cause], checks);
  expect([of('critical'), of('warning'), of('unknown'), of('ok')]).toEqual([
    undefined,
    'power',
    'power',
    undefined,
  ]);
});

test('the place of a path is the nearest above it', () => {
  const places = ['/', '/srv', '/srv/a b'];
  expect(['/srv/a b/c', '/srv/a', '/srv', '/srvx', 'relative'].map((path) => placeOf(path, places))).toEqual([
    '/srv/a b',
    '/srv',
    '/srv',
    '/',
    undefined,
  ]);
});

test('the checks have names of their own, name causes that there are, and none explains itself by others in a ring', () => {
  expect(checksByName.size).toBe(allChecks.length);
  for (const { name, causedBy = [] } of allChecks) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    const reached = new Set<string>();
    const follow = (names: readonly string[]) => {
      for (const one of names.filter((each) => !reached.has(each))) {
        reached.add(one);
        follow(checksByName.get(one)?.causedBy ?? []);
      }
    };
    follow(causedBy);
    expect([...reached]).not.toContain(name);
  }
});

test('what is wrong with an app explains what is asked of a part of it, and of no other app', () => {
  const gone = reading('database', 'ctv', 'critical');
  const of = (subject: string) => causeOf(reading('sql', subject, 'unknown'), [gone], checksByName);
  expect(['ctv/closed-years', 'ctv', 'ctv2/a', 'ct/v', 'other/ctv'].map(of)).toEqual([
    'database of ctv',
    'database of ctv',
    undefined,
    undefined,
    undefined,
  ]);
});
