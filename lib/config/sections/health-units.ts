// `[health.units]`: which units have to be there beside our own and those of the apps.
import { z } from 'zod';

const unitNames = z.array(
  z
    .string()
    .regex(
      /^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*\.(service|socket|target|timer|path|mount|automount|slice)$/,
      'must be the name of a unit, such as "nginx.service"',
    ),
);

export const unitKeys = {
  names: unitNames.default([]).describe('units that have to run, and timers that have to start theirs'),
  ignore: unitNames.default([]).describe('units that may have failed'),
};

export interface UnitSettings {
  /** Services that have to run, and timers that have to start theirs. */
  readonly names: readonly string[];
  /** What may have failed. */
  readonly ignore: readonly string[];
}

/** Of the whole table of the check. */
export function unitSettings(table: object = {}): UnitSettings {
  return z.object(unitKeys).parse(table);
}
