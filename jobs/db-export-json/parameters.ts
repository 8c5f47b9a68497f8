// What the commands of db-export-json can be told.
import { appOrAll, appOrOnly, flag, option, requiredArgument } from '../../lib/run/parameter.ts';

export const run = {
  ship: flag('put what was written in place at the configured reader, and look at it there'),
  look: flag('with --ship: look at all documents there, and not only at those that wait'),
  begin: flag('the phase in the configuration is right, though no run has ended well here yet'),
  app: appOrAll,
};
export const status = { days: flag('every day, also where there are many'), app: appOrAll };
export const check = {
  day: option('day', 'only this service day, such as 2026-11-27'),
  app: appOrAll,
};
export const importDocuments = {
  to: option('path', 'a new database, instead of the mirror', { files: 'file' }),
  day: option('day', 'only the document of this day'),
  app: appOrOnly,
};
export const freeze = {
  day: requiredArgument('a service day, such as 2026-11-27'),
  reason: option('text', 'why, for those who ask later'),
  app: appOrOnly,
};
export const unfreeze = { day: requiredArgument('a service day'), app: appOrOnly };
export const changePhase = {
  from: option('day', 'only days from this one on, such as 2026-11-27'),
  reason: option('text', 'why, for those who ask later'),
  force: flag('in spite of differences, or of too few days of parity'),
  app: appOrOnly,
};
