// What the commands of delta-serve can be told.
import { appOrOnly, requiredArgument } from '../../lib/run/parameter.ts';

export const run = { app: appOrOnly };
export const install = { app: appOrOnly };
export const uninstall = { app: appOrOnly };
export const status = { app: appOrOnly };
export const cert = { app: appOrOnly };
export const key = { reader: requiredArgument('what the reader is called, such as office') };
