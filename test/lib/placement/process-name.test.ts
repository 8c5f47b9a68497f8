import { expect, test } from 'vitest';
import { processName } from '../../../lib/placement/process-name.ts';

const line = (...args: string[]) => `${args.join('\0')}\0`;

test.each([
  [line('/usr/bin/sqlite3', '/srv/app.db', 'select * from users'), 'sqlite3'],
  [line('/usr/bin/python3', '/opt/app/app.py', '--password', 'hunter2'), 'python3 app.py'],
  [line('/usr/bin/python3.11', '/usr/local/bin/datasette', 'serve', 'app.db'), 'python3.11 datasette'],
  [line('python3', '-m', 'flask', 'run'), 'python3 flask'],
  [line('python3', '-c', 'token = "hunter2"', 'x.py'), 'python3'],
  [line('python3', '-W', 'ignore', 'serve.py', 'hunter2'), 'python3 serve.py'],
  [line('node', '--import', 'tsx', '/opt/app/main.ts'), 'node main.ts'],
  [line('node', '-e', 'secret()'), 'node'],
  [line('sh', 'PASSWORD=hunter2 run'), 'sh'],
  [line('/opt/babytrackd/babytrackd', '-key', 'hunter2'), 'babytrackd'],
  ['gunicorn: master [app:app --key hunter2]', 'gunicorn'],
  ['postgres: ctv hunter2 idle', 'postgres'],
  [line('/opt/evil\n\u001b[31m', 'x'), 'evil'],
  [line('/opt/ev\u001bil'), 'ev?il'],
  ['', ''],
])('%j is called %j', (commandLine, name) => {
  expect(processName(commandLine)).toBe(name);
});

test('a long name is cut at 60 characters', () => {
  expect(processName(line(`/opt/${'long'.repeat(40)}`))).toMatch(/^(long){14}lon…$/);
});
