// What the commands of restore can be told.
import {
  appOrAll,
  appOrOnly,
  argument,
  flag,
  identityFile,
  option,
  requiredArgument,
} from '../../lib/run/parameter.ts';

const backup = {
  name: argument('"latest" (the newest proven backup), or a name from restore list', {
    words: [['latest', 'the newest proven backup']],
    names: 'backup',
  }),
  at: option('time', 'the newest proven backup at that time: "2026-11-20 02:05", 23:00 or "3 days ago"'),
};
const which = {
  ...backup,
  to: option('path', 'restore to a new file, of PostgreSQL a new database, instead of the live one', {
    files: 'file',
  }),
};
const orCopy = flag('where the store has no backup at all, the latest copy: checked, but by no manifest');
const unproven = flag('use a backup whose manifest is damaged, as if it had none');
const yes = flag('do not ask', { short: 'y' });

export const list = { app: appOrAll };
export const plan = { ...which, orCopy, identity: identityFile, app: appOrOnly };
export const diff = {
  ...backup,
  table: option('name', 'only this table'),
  keys: option('count', 'how many keys of each kind are shown for a table; 5 unless given'),
  exitCode: flag('exit with 1 where anything differs'),
  orCopy,
  unproven,
  identity: identityFile,
  app: appOrOnly,
};
export const run = {
  ...which,
  orCopy,
  yes,
  unproven,
  recheck: flag(
    'check the database in the backup again, not only that its bytes are those that were checked',
  ),
  makeDirectory: option(
    'user:group',
    'make the directory of the database where it is gone, for this user and group',
  ),
  identity: identityFile,
  app: appOrOnly,
};
export const download = {
  name: requiredArgument('a backup, or any other file of the store', { names: 'backup' }),
  path: requiredArgument('a new file, or an existing directory', { files: 'file' }),
  identity: identityFile,
  app: appOrOnly,
};
export const undo = {
  set: argument('an undo set from restore status; the newest unless given'),
  discard: flag(
    'remove undo sets instead of bringing one back: the one that is named, else all that are old',
  ),
  olderThan: option('age', 'with --discard: which are old, such as 12h or 30d; 14d unless given'),
  yes,
  app: appOrOnly,
};
export const standby = {
  older: flag('take the newest proven backup also in the place of a newer one that lies ready'),
  stepDown: flag('stand by again, after a promotion, for an app that is live on another machine by now'),
  identity: identityFile,
  yes,
  app: appOrAll,
};
export const promote = {
  yes,
  stale: flag('also a copy that is older, or smaller, than the configuration has it'),
  unproven: flag('also a copy that is not what was proven any more, checked by SQLite only'),
  app: appOrOnly,
};
export const drill = {
  name: argument('a backup; each in its turn unless given', { names: 'backup' }),
  identity: identityFile,
  app: appOrAll,
};
export const status = { app: appOrAll };
