// What the commands of db-maintain can be told.
import { appOrAll } from '../../lib/run/parameter.ts';

export const run = { app: appOrAll };
export const vacuum = { app: appOrAll };
export const optimize = { app: appOrAll };
export const integrity = { app: appOrAll };
