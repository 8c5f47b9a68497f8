// What the commands of delta-receive can be told.
import { heldReasons } from '../../lib/delta/batch.ts';
import { argument, flag, option, requiredArgument } from '../../lib/run/parameter.ts';

const replica = option('name', 'which replica; needed where the configuration has several', {
  names: 'replica',
});
const by = option('name', 'who decides it; the user that types it unless given');
const reason = option('text', 'why, for whoever asks later');
const table = option('name', 'only of this table');
const day = option('day', 'only of this service day, such as 2026-11-27');

export const run = {};

/** What `key` and `held` can be told to do. */
export const keyActions = ['add', 'list', 'revoke'] as const;
export const heldActions = ['list', 'apply', 'discard'] as const;

export const key = {
  action: requiredArgument('add, list or revoke', { words: keyActions }),
  name: argument('the source, such as laptop-1'),
};

export const cert = {
  name: option('names', 'names and addresses that it is for, with commas between them'),
  force: flag('make a new one in the place of the one that is there: every sender has to be told'),
};

export const status = { replica };

export const freeze = { day: requiredArgument('the service day, such as 2026-11-27'), replica, by, reason };

export const reopen = {
  day: requiredArgument('the service day'),
  replica,
  by,
  reason,
  force: flag('though a newer day is frozen'),
};

export const frozen = { replica };

export const held = {
  action: argument('list, apply or discard; list unless given', { words: heldActions }),
  replica,
  source: option('name', 'only of this source'),
  table,
  day,
  for: option('reason', 'only held for this: frozen-day, no-day, mass-deletion, clock or unfit', {
    words: heldReasons,
  }),
};

export const approve = { table: argument('the table; all that wait unless given'), replica };

export const correct = {
  file: requiredArgument('a file with SQL statements; - for the standard input', { files: 'file' }),
  replica,
  by,
  reason,
};
