// What two processes find of a large file, in parts, is what one finds in the whole.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureDatabase } from '../../../lib/sqlite/measure.ts';
import { openReader } from '../../../lib/sqlite/reader.ts';
import { scratch } from '../../support/scratch.ts';
import { makeOdd, ordinary, withTheAppOnly } from './odd-databases.ts';

test.each([...Object.entries(ordinary), ...Object.entries(withTheAppOnly)])(
  'checked by two, a database with %s is found as it is by one',
  async (_, { build }) => {
    const path = join(scratch(), 'app.db');
    makeOdd(path, build);
    let opened = 0;
    const open: typeof openReader = (...reading) => {
      opened += 1;
      return openReader(...reading);
    };
    const byOne = await measureDatabase(path, {}, { open });
    expect(opened).toBe(1);
    expect(await measureDatabase(path, {}, { open, sharedBytesMin: 0 })).toEqual(byOne);
    expect(opened).toBe(3);
  },
);
