// What the commands of delta-push can be told.
import type { Dialect } from '../../lib/delta/sql-script.ts';
import { appOrAll, appOrOnly, argument, flag, option, requiredArgument } from '../../lib/run/parameter.ts';

export const install = { app: appOrAll };
export const doctor = { app: appOrAll };
export const uninstall = { app: appOrOnly };
export const run = { app: appOrAll, now: flag('also while it waits after trouble') };
export const watch = { app: appOrAll };
export const status = { app: appOrAll };
export const parity = {
  app: appOrAll,
  deep: flag('all days of all tables, not only the last three and those that differ in number'),
  table: option('table', 'only this table'),
  day: option('day', 'only the rows of this service day, such as 2026-11-27'),
  repair: flag('note the rows that differ, so that the next cycle sends them'),
};
export const held = {
  app: appOrAll,
  table: option('table', 'only changes of this table'),
  day: option('day', 'only changes of this service day, such as 2026-11-27'),
};
export const corrections = {
  app: appOrAll,
  apply: flag('put them into the database of the app, all of them in one transaction'),
  leaveRefused: flag('with --apply: all that can be; the others stay as they are here, and are done with'),
};
export const resync = {
  table: argument('only this table; all unless given'),
  app: appOrOnly,
  day: option('day', 'only the rows of this service day, such as 2026-11-27'),
};
export const takeover = { app: appOrOnly, yes: flag('without being asked', { short: 'y' }) };
export const exportSql = {
  file: requiredArgument('the script, which must not be there yet', { files: 'file' }),
  app: appOrOnly,
  dialect: option('sqlite|postgres', 'whose SQL it is; sqlite unless given', {
    words: ['sqlite', 'postgres'] satisfies Dialect[],
  }),
  keep: flag('they go on waiting; without, they count as arrived'),
};
