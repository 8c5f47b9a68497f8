// uninstall: units go; data, secrets and configuration stay.
import { OpsError } from '../../lib/base/errors.ts';
import { applyChanges } from './apply.ts';
import type { Arguments } from './arguments.ts';
import { changeLines, changesTo } from './changes.ts';
import { stopExplorer } from './explorer.ts';
import type { Machine } from './machine.ts';
import { readRecord } from '../../lib/probe/install-record.ts';
import { writeRecord } from './record.ts';
import { allTimers, allUnits, serveUnit, sharedTimers } from './wanted.ts';

export async function uninstall({ app, root }: Arguments, machine: Machine): Promise<void> {
  const record = readRecord(root);
  const installed = record.apps[app];
  if (installed === undefined)
    throw new OpsError('missing', `cannot uninstall ${app}: its units are not installed`, {
      hint:
        'npm run units -- status --app <name>; installed: ' + (Object.keys(record.apps).join(', ') || 'none'),
    });
  const others = Object.fromEntries(Object.entries(record.apps).filter(([name]) => name !== app));
  const isLast = Object.keys(others).length === 0 && record.services === undefined;
  const changes = [
    ...changesTo(root, new Map(), installed.files),
    ...(isLast ? changesTo(root, new Map(), record.shared) : []),
  ];
  machine.say(changeLines(changes).join('\n'));
  if (root === '/') await stopExplorer(changes, machine);
  if (root === '/') await stop(app, isLast, machine);
  applyChanges(root, changes);
  writeRecord(root, { ...record, apps: others });
  if (root === '/') {
    await machine.run('systemctl', 'daemon-reload');
    // A unit that failed is remembered until somebody says it may be forgotten.
    await machine.try('systemctl', 'reset-failed', ...allUnits(app), ...(isLast ? ofAll : []));
  }
  machine.say(
    'left as they are: /etc/holdfast, /var/lib/holdfast with the history, the logs, the store and the user holdfast',
  );
}

/** Those of no one app. */
const ofAll = [
  'job-failed@*',
  'alert-send.service',
  'alert-last-resort.service',
  'health-check.service',
  'holdfast-state.service',
];

async function stop(app: string, isLast: boolean, machine: Machine): Promise<void> {
  const started = [...allTimers(app), serveUnit(app), ...(isLast ? sharedTimers : [])];
  await machine.run('systemctl', 'disable', '--now', '--quiet', ...started);
  await machine.run(
    'systemctl',
    'stop',
    ...allUnits(app),
    ...(isLast ? ['alert-send.service', 'health-check.service'] : []),
  );
  if (isLast) await machine.try('systemctl', 'stop', 'holdfast-jobs.slice');
}
