import { expect, test } from 'vitest';
import { nextCommand } from '../../../jobs/steps/next-command.ts';

test.each([
  [{ job: 'db-backup', result: 'failed', kind: 'unavailable' }, 'db-backup test'],
  [{ job: 'db-backup', result: 'failed', kind: 'unavailable', app: 'ctv' }, 'db-backup test --app ctv'],
  [{ job: 'db-backup', result: 'bad-news' }, 'db-backup list-backups'],
  [{ job: 'db-backup', result: 'failed', kind: 'damaged' }, 'db-backup info'],
  [{ job: 'db-backup', result: 'failed', kind: 'missing', app: 'ctv' }, 'restore plan latest --app ctv'],
  [{ job: 'db-backup', result: 'failed', kind: 'bug' }, 'db-backup run --verbose'],
  [
    { job: 'db-backup', result: 'killed', unit: 'db-backup@ctv.service' },
    'journalctl --namespace=+holdfast -u db-backup@ctv.service -n 50',
  ],
  [{ job: 'restore', result: 'failed' }, 'restore status'],
  [
    { job: 'restore', result: 'failed', app: 'ctv', configOption: ' --config /srv/pi.toml' },
    'restore status --app ctv --config /srv/pi.toml',
  ],
  [{ job: 'delta-push', result: 'failed' }, "journalctl --namespace=+holdfast -u 'delta-push*' -n 50"],
  [{ job: 'db-backup', result: 'killed' }, "journalctl --namespace=+holdfast -u 'db-backup*' -n 50"],
  [
    { job: 'db-export-json', result: 'bad-news', app: 'ctv' },
    'journalctl --namespace=+holdfast -u db-export-json@ctv.service -n 50',
  ],
] as const)('after %o comes %s', ({ job, ...ended }, command) => {
  const unsaid = { kind: undefined, app: undefined, unit: undefined, configOption: '' };
  expect(nextCommand(job, { ...unsaid, ...ended })).toBe(command);
});
