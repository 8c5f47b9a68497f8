// Who has a database open: a line for each process, and one command where services are all of them.
import { expect, test } from 'vitest';
import { type OpenIn, processWords, serviceIn, stopCommand } from '../../../lib/placement/holder-words.ts';

const app: OpenIn = { pid: 812, command: 'gunicorn', user: 'ctv', unit: 'flaskapp.service' };
const shell: OpenIn = { pid: 9, command: 'sqlite3', user: 'eli', unit: undefined };

test.each([
  [app, 'gunicorn (process 812 of ctv, flaskapp.service)'],
  [shell, 'sqlite3 (process 9 of eli)'],
  [{ ...shell, user: undefined }, 'sqlite3 (process 9)'],
  [{ ...shell, pid: 0 }, 'a process of another container'],
])('%o', (holder, words) => expect(processWords(holder)).toBe(words));

test('one command stops them where all are of services', () => {
  expect(stopCommand([app, app])).toBe('systemctl stop flaskapp.service');
  expect(stopCommand([app, { ...app, unit: 'worker@1.service' }])).toBe(
    'systemctl stop flaskapp.service worker@1.service',
  );
  expect(stopCommand([app, shell])).toBeUndefined();
  expect(stopCommand([])).toBeUndefined();
});

test.each([
  ['0::/system.slice/flaskapp.service\n', 'flaskapp.service'],
  ['12:cpu:/\n1:name=systemd:/system.slice/worker@1.service\n', 'worker@1.service'],
  ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/notes.service\n', 'notes.service'],
  ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-12.scope\n', undefined],
  ['0::/user.slice/user-1000.slice/session-3.scope\n', undefined],
  ['0::/system.slice/docker-4f5.scope\n', undefined],
  ['0::/system.slice/a b;rm.service\n', undefined],
  ['0::/\n', undefined],
  ['', undefined],
])('the service of %j', (groups, unit) => expect(serviceIn(groups)).toBe(unit));
