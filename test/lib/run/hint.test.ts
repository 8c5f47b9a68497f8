// Commands in hints, completed so that they work as typed.
import { expect, test } from 'vitest';
import { completeHint, namedCommands } from '../../../lib/run/hint.ts';
import { jobs } from '../../support/typed-world.ts';

const none = { configOption: '', app: undefined, isSudo: false };
const all = { configOption: ' --config /srv/pi.toml', app: 'ctv', isSudo: false };

test.each([
  ['restore list shows what there is', 'restore list --app ctv --config /srv/pi.toml shows what there is'],
  ['make one: db-backup backup', 'make one: db-backup backup --app ctv --config /srv/pi.toml'],
  [
    'restore run latest --app x shows; restore status',
    'restore run latest --app x --config /srv/pi.toml shows; restore status --app ctv --config /srv/pi.toml',
  ],
  [
    'name another: db-backup download /tmp/copy.db; or restore run latest.',
    'name another: db-backup download /tmp/copy.db --app ctv --config /srv/pi.toml; or restore run latest --app ctv --config /srv/pi.toml.',
  ],
  [
    'restore undo --discard --yes at once',
    'restore undo --discard --yes --app ctv --config /srv/pi.toml at once',
  ],
  [
    'restore run b/1.db --make-directory app:app',
    'restore run b/1.db --make-directory app:app --app ctv --config /srv/pi.toml',
  ],
  ['alert-send list shows the dead letters', 'alert-send list --config /srv/pi.toml shows the dead letters'],
  ['db-backup makes one; a restore of it', 'db-backup makes one; a restore of it'],
  [
    "restore run 'my backup.db' --env-file '/my app.env' shows the app's rows",
    "restore run 'my backup.db' --env-file '/my app.env' --app ctv shows the app's rows",
  ],
  ['the restore plan', 'the restore plan --app ctv --config /srv/pi.toml'],
  ['df -h /srv shows what is used', 'df -h /srv shows what is used'],
])('%j', (hint, completed) => {
  expect(completeHint(hint, all)).toBe(completed);
  expect(completeHint(hint, none)).toBe(hint);
  expect(completeHint(completed, all)).toBe(completed);
});

test('with sudo where this run had it, once', () => {
  const sudo = { ...none, isSudo: true };
  expect(completeHint('restore list, or sudo restore status', sudo)).toBe(
    'sudo restore list, or sudo restore status',
  );
});

test('every command of every job is known, and whether it takes an app', () => {
  const found = Object.fromEntries(
    Object.values(jobs).map(({ name, commands }) => [
      name,
      Object.fromEntries(
        commands
          .filter((command) => command.kind === 'ending' || command.typedAs === undefined)
          .map((command) => [
            command.name,
            Object.values(command.parameters).some(({ kind }) => kind === 'app'),
          ]),
      ),
    ]),
  );
  expect(namedCommands).toEqual(found);
});
