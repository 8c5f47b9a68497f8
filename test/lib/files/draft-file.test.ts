// A file that is written bit by bit: whole under its name, or not there.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDraft } from '../../../lib/files/draft-file.ts';
import { scratch } from '../../support/scratch.ts';

const bytes = (text: string) => Buffer.from(text);

describe('a draft', () => {
  test('has no name before it is published, and takes the place of what was there', async () => {
    const place = scratch();
    const path = join(place, 'batch');
    writeFileSync(path, 'old');
    await using draft = await openDraft(path, { mode: 0o640 });
    expect(readdirSync(place)).toEqual(['batch']);
    draft.begin();
    draft.write(bytes('one, '));
    draft.write(bytes('two'));
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(draft.sizeBytes).toBe(8);
    expect(await draft.publish()).toBe(createHash('sha256').update('one, two').digest('hex'));
    expect(readFileSync(path, 'utf8')).toBe('one, two');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(place)).toEqual(['batch']);
  });

  test('that begins anew has forgotten what was written', async () => {
    const path = join(scratch(), 'batch');
    await using draft = await openDraft(path, { mode: 0o640 });
    for (const text of ['a long beginning', 'short']) {
      draft.begin();
      draft.write(bytes(text));
    }
    expect(draft.sizeBytes).toBe(5);
    expect(await draft.publish()).toBe(createHash('sha256').update('short').digest('hex'));
    expect(readFileSync(path, 'utf8')).toBe('short');
  });

  test.each([
    ['was never begun', false],
    ['was not published', true],
  ])('that %s leaves nothing', async (_, begins) => {
    const place = scratch();
    {
      await using draft = await openDraft(join(place, 'batch'), { mode: 0o640 });
      if (begins) draft.begin();
      if (begins) draft.write(bytes('half'));
    }
    expect(readdirSync(place)).toEqual([]);
  });

  test('removes what killed writers left, and follows no link', async () => {
    const place = scratch();
    writeFileSync(join(place, '.holdfast-0123456789abcdef.tmp'), 'left');
    writeFileSync(join(place, 'elsewhere'), 'kept');
    symlinkSync('elsewhere', join(place, 'batch'));
    await using draft = await openDraft(join(place, 'batch'), { mode: 0o640 });
    draft.begin();
    draft.write(bytes('new'));
    await draft.publish();
    expect(readdirSync(place).sort()).toEqual(['batch', 'elsewhere']);
    expect(readFileSync(join(place, 'elsewhere'), 'utf8')).toBe('kept');
  });

  test('that cannot be written says so, and what has its name stays', async () => {
    const place = join(scratch(), 'gone');
    mkdirSync(place);
    const path = join(place, 'batch');
    await using draft = await openDraft(path, { mode: 0o640 });
    rmSync(place, { recursive: true });
    expect(() => {
      draft.begin();
    }).toThrow(/^cannot write .*batch: it is not there$/);
    await expect(openDraft(path, { mode: 0o640 })).rejects.toThrow(/cannot write/);
  });
});
