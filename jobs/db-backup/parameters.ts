// What the commands of db-backup can be told.
import {
  appOrAll,
  appOrOnly,
  argument,
  flag,
  identityFile,
  option,
  requiredArgument,
} from '../../lib/run/parameter.ts';

const acceptShrink = flag('an emptied or shrunken database is meant to be so');
const accept = option(
  'finding',
  'only this is meant to be so: a table (may hold *), or rows, bytes, integrity',
  { words: ['rows', 'bytes', 'integrity'] },
);

export const init = {};
export const run = { acceptShrink, accept, app: appOrAll };
export const hourly = { app: appOrAll };
export const upload = { acceptShrink, accept, app: appOrAll };
export const backup = {
  name: argument('a name of your own instead of the time; never pruned'),
  note: option(
    'text',
    'what it is for, in one line; shown in lists, and where it is sealed for its owner alone',
  ),
  acceptShrink,
  accept,
  app: appOrAll,
};
export const info = {
  maxAge: option(
    'age',
    'how old the newest proven backup may be, such as 26h; as health-check expects unless given',
  ),
  app: appOrAll,
};
export const listBackups = { app: appOrAll };
export const list = { path: argument('only what lies below it') };
export const download = {
  path: argument("the new file; the database's own path unless given", { files: 'file' }),
  identity: identityFile,
  app: appOrOnly,
};
export const verify = {
  name: argument('a backup; "latest", and unless given of each app, is the newest proven one', {
    words: [['latest', 'the newest proven backup']],
    names: 'backup',
  }),
  all: flag('every backup of each app'),
  identity: identityFile,
  app: appOrAll,
};
export const prune = { app: appOrAll };
export const remove = {
  name: requiredArgument('a backup, by its name in db-backup list-backups'),
  yes: flag('do not ask', { short: 'y' }),
  app: appOrOnly,
};
export const keygen = {
  page: option('file', 'write a page for the safe, with the identity as a QR code, to a new file of HTML', {
    files: 'file',
  }),
  yes: flag('do not ask for the identity to be typed back', { short: 'y' }),
};
export const link = { print: flag('print the refresh token instead of keeping it') };
export const test = { app: appOrAll };
