// The integrity check of a file that nobody writes, in a worker thread; see measure.
import type { Integrity } from '../source/source.ts';
import { sqliteError } from './errors.ts';
import { checkIntegrity } from './integrity.ts';
import type { MeasureWork } from './measure.ts';
import { openImmutable } from './open.ts';
import { serve } from './worker-port.ts';

await serve<MeasureWork, Integrity>(({ path, called }) => {
  try {
    const database = openImmutable(path);
    try {
      return checkIntegrity(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw sqliteError(`check ${called}`, error);
  }
});
