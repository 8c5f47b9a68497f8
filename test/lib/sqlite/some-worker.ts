// A worker that ends in the way it is told to, for the tests of lib/sqlite/work.
import { closeSync, openSync } from 'node:fs';
import { OpsError } from '../../../lib/base/errors.ts';
import { serve } from '../../../lib/sqlite/worker-port.ts';

await serve<{ end: string; pipe?: string }, string>(async ({ end, pipe = '' }, progress) => {
  switch (end) {
    case 'well':
      progress(1, 2);
      progress(2, 2);
      return 'done';
    case 'with a reason':
      throw new OpsError('denied', 'cannot read app.db: permission denied', { hint: 'ls -l app.db' });
    case 'with a reason but no hint':
      throw new OpsError('io', 'cannot read app.db: input or output failed');
    case 'with a bug':
      throw new TypeError('x is not a function\nat all');
    case 'with something odd':
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- that is the test
      throw 'a string';
    case 'without a word':
      return process.exit(0); // which ends the thread, not the process
    case 'never': {
      progress(1, 2);
      const { promise } = Promise.withResolvers<string>();
      setInterval(() => undefined, 1_000_000);
      return promise;
    }
    case 'in a pipe':
      progress(1, 2);
      closeSync(openSync(pipe, 'r'));
      return 'let go';
    default:
      throw new Error(`no such end: ${end}`);
  }
});
