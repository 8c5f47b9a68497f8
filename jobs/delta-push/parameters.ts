// What the commands of delta-push can be told.
import { appOrAll, appOrOnly, argument, flag, option, requiredArgument } from '../../lib/run/parameter.ts';

export const install = { app: appOrAll };
export const uninstall = { app: appOrOnly };
export const run = { app: appOrAll, now: flag('also while it waits after trouble') };
export const watch = { app: appOrAll };
export const status = { app: appOrAll };
export const resync = {
  table: argument('only this table; all unless given'),
  app: appOrOnly,
  day: option('day', 'only the rows of this service day, such as 2026-11-27'),
};
export const takeover = { app: appOrOnly, yes: flag('without being asked', { short: 'y' }) };
export const exportSql = {
  file: requiredArgument('the script, which must not be there yet'),
  app: appOrOnly,
  dialect: option('sqlite|postgres', 'whose SQL it is; sqlite unless given'),
  keep: flag('they go on waiting; without, they count as arrived'),
};
