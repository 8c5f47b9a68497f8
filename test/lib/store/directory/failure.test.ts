import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OpsError, systemError } from '../../../../lib/base/errors.ts';
import { explainFailure } from '../../../../lib/store/directory/failure.ts';
import { openNew } from '../../../contract/directory-world.ts';
import { scratch } from '../../../support/scratch.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: words`), { code });

describe('explainFailure', () => {
  it.each(['ESTALE', 'ENOTCONN', 'ENODEV', 'EHOSTDOWN'])(
    'takes %s for a share or disk that has gone away, however deep it was met',
    async (code) => {
      const { root } = await openNew();
      for (const error of [failure(code), systemError('read a file', failure(code))]) {
        expect(await explainFailure(root, 'list the store', error)).toMatchObject({
          kind: 'unavailable',
          message: `cannot list the store: the file system does not answer (${code})`,
        });
      }
    },
  );

  it('takes a missing file for a missing store only when the store is missing', async () => {
    const { root } = await openNew();
    const missing = new OpsError('missing', 'cannot read a file: it is not there', {
      cause: failure('ENOENT'),
    });
    expect(await explainFailure(root, 'read', missing)).toBe(missing);
    const gone = join(scratch(), 'gone');
    expect(await explainFailure(gone, 'read', missing)).toMatchObject({ kind: 'unavailable' });
  });

  it('adds a hint when the disk is full', async () => {
    const { root } = await openNew();
    expect(await explainFailure(root, 'store "one"', failure('ENOSPC'))).toMatchObject({
      kind: 'io',
      message: 'cannot store "one": no space left on the device',
      hint: `free some space there; df -h ${root} shows what is used`,
    });
  });

  it('leaves bugs, aborts and what is explained already as they are', async () => {
    const { root } = await openNew();
    const refused = new OpsError('refused', 'cannot create "one" in the store: it exists already');
    for (const error of [new TypeError('a bug'), AbortSignal.abort().reason as unknown, refused]) {
      expect(await explainFailure(root, 'store "one"', error)).toBe(error);
    }
  });
});
