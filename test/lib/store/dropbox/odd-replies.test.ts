// Replies that say less, more or something else than they should: each is asked again until it is certain.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestFile } from '../../../../lib/files/hash-file.ts';
import { openOn, startStandIn } from '../../../contract/dropbox-world.ts';
import type { FaultAction } from '../../../stand-ins/dropbox/faults.ts';
import type { DropboxStandIn } from '../../../stand-ins/dropbox/stand-in.ts';
import { scratch } from '../../../support/scratch.ts';
import { someBytes } from '../../../support/some-bytes.ts';

const append = 'files/upload_session/append_v2';
const bytes = someBytes(9_000_000);

async function put(standIn: DropboxStandIn): Promise<void> {
  const path = join(scratch(), 'file');
  writeFileSync(path, bytes);
  await openOn(standIn).put('a.db', await digestFile(path));
  expect(standIn.files.bytes('/a.db').equals(bytes)).toBe(true);
  expect(standIn.waitingFaults).toEqual([]);
  expect(standIn.violations).toEqual([]);
}

function appendedBytes(standIn: DropboxStandIn): number {
  const journal = standIn.sessions.flatMap((session) => session.journal);
  return journal.reduce((sum, { length }) => sum + length, 0);
}

describe('an append', () => {
  test('that was carried out and answered by a wait: the offset of the next reply is obeyed', async () => {
    const standIn = await startStandIn();
    standIn.fault({ route: append, action: { kind: 'tooManyRequests', afterApply: true } });
    await put(standIn);
    expect(standIn.sessions).toHaveLength(1);
    expect(appendedBytes(standIn)).toBe(bytes.length);
  });

  test('that was carried out and answered by a wait, and then meets "closed": it is all there', async () => {
    const standIn = await startStandIn();
    const body = { error_summary: 'closed/.', error: { '.tag': 'closed' } };
    standIn.fault({ route: append, nth: 2, action: { kind: 'tooManyRequests', afterApply: true } });
    standIn.fault({ route: append, nth: 3, action: { kind: 'reply', status: 409, body } });
    await put(standIn);
    expect(standIn.sessions).toHaveLength(1);
    expect(appendedBytes(standIn)).toBe(bytes.length);
  });

  test('whose offset is said to be beyond the file: another session', async () => {
    const standIn = await startStandIn();
    const error = { '.tag': 'incorrect_offset', correct_offset: bytes.length + 1 };
    const body = { error_summary: 'incorrect_offset/.', error };
    standIn.fault({ route: append, nth: 2, action: { kind: 'reply', status: 409, body } });
    await put(standIn);
    expect(standIn.sessions).toHaveLength(2);
  });
});

test.each<[string, FaultAction]>([
  ['text', { kind: 'reply', status: 200, body: 'ok' }],
  ['half of its JSON', { kind: 'truncateResponse', bytes: 20, complete: true }],
  ['a page', { kind: 'html200' }],
])('a removal that is answered with %s counts only when the file is gone', async (_, action) => {
  const standIn = await startStandIn();
  standIn.files.write('/a.db', 'one');
  standIn.fault({ route: 'files/delete_v2', action });
  await openOn(standIn).remove('a.db');
  expect(standIn.files.list()).toEqual([]);
  expect(standIn.waitingFaults).toEqual([]);
});

describe('a download', () => {
  async function get(standIn: DropboxStandIn, retriesMax = 2): Promise<string> {
    standIn.files.write('/a.db', bytes);
    const target = join(scratch(), 'target.db');
    await openOn(standIn, { retriesMax }).get('a.db', target);
    return target;
  }

  test('that ends well and brings nothing, every time: given up', async () => {
    const standIn = await startStandIn();
    const action = { kind: 'truncateResponse', bytes: 0, complete: true } as const;
    standIn.fault({ route: 'files/download', times: Infinity, action });
    await expect(get(standIn)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('that was cut, from a server that knows no ranges: begun anew', async () => {
    const standIn = await startStandIn();
    standIn.fault({ route: 'files/download', action: { kind: 'truncateResponse', bytes: 2_000_000 } });
    standIn.fault({ route: 'files/download', nth: 2, times: Infinity, action: { kind: 'ignoreRange' } });
    const target = await get(standIn);
    expect(readFileSync(target).equals(bytes)).toBe(true);
    expect(standIn.requests.filter(({ route }) => route === 'files/download')).toHaveLength(2);
  });

  test('that is a page, every time: this is not Dropbox, and nothing is left', async () => {
    const standIn = await startStandIn();
    standIn.fault({ route: 'files/download', times: Infinity, action: { kind: 'html200' } });
    await expect(get(standIn)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/this is not Dropbox answering/),
    });
  });

  test('of another file, as its header says: not one byte of it is taken', async () => {
    const standIn = await startStandIn();
    const action = { kind: 'wrongMetadata', change: 'rev' } as const;
    standIn.fault({ route: 'files/download', times: Infinity, action });
    await expect(get(standIn)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/a download of another file/),
    });
  });
});
