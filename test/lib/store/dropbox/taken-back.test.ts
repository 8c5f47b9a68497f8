// What must not become visible is taken back, and what was carried out already is not a failure.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestFile } from '../../../../lib/files/hash-file.ts';
import { openOn, startStandIn } from '../../../contract/dropbox-world.ts';
import { scratch } from '../../../support/scratch.ts';
import { someBytes } from '../../../support/some-bytes.ts';

async function fileOf(text: string | Buffer) {
  const path = join(scratch(), 'file');
  writeFileSync(path, text);
  return digestFile(path);
}

test('a copy whose source was replaced at the last moment is damaged, and not visible', async () => {
  const standIn = await startStandIn();
  standIn.files.write('/a.db', 'one');
  standIn.fault({
    route: 'files/copy_v2',
    action: { kind: 'run', run: () => void standIn.files.write('/a.db', 'two') },
  });
  await expect(openOn(standIn).copy('a.db', 'b.db')).rejects.toMatchObject({ kind: 'damaged' });
  expect(standIn.files.list().map(({ path }) => path)).toEqual(['/a.db']);
});

test('a removal that was carried out and answered by a wait is no failure', async () => {
  const standIn = await startStandIn();
  standIn.files.write('/a.db', 'one');
  standIn.fault({ route: 'files/delete_v2', action: { kind: 'tooManyRequests', afterApply: true } });
  await openOn(standIn).remove('a.db');
  expect(standIn.files.list()).toEqual([]);
  expect(standIn.waitingFaults).toEqual([]);
});

test('a removal that meets another revision leaves it', async () => {
  const standIn = await startStandIn();
  standIn.files.write('/a.db', 'one');
  standIn.fault({
    route: 'files/delete_v2',
    action: { kind: 'run', run: () => void standIn.files.write('/a.db', 'of somebody else') },
  });
  await expect(openOn(standIn).remove('a.db')).rejects.toMatchObject({ kind: 'refused' });
  expect(standIn.files.bytes('/a.db').toString()).toBe('of somebody else');
});

test('an upload that is answered by a wait though it was carried out is success', async () => {
  const standIn = await startStandIn();
  for (const [route, bytes] of [
    ['files/upload', Buffer.from('small')],
    ['files/upload_session/finish', someBytes(5_000_000)],
  ] as const) {
    standIn.fault({ route, action: { kind: 'tooManyRequests', afterApply: true } });
    const file = await fileOf(bytes);
    const name = `${bytes.length}.db`;
    expect(await openOn(standIn).put(name, file)).toMatchObject({ name, contentHash: file.contentHash });
    expect(standIn.files.bytes(`/${name}`).equals(bytes)).toBe(true);
  }
  expect(standIn.waitingFaults).toEqual([]);
});

test('what is returned of an upload is what the file is, whatever the reply said', async () => {
  const standIn = await startStandIn();
  standIn.fault({ route: 'files/upload', action: { kind: 'wrongMetadata', change: 'size' } });
  const file = await fileOf('small');
  expect(await openOn(standIn).put('a.db', file)).toMatchObject({
    sizeBytes: 5,
    contentHash: file.contentHash,
  });
});

test('bytes that came to lie under a name that nobody asked for go again', async () => {
  const standIn = await startStandIn();
  standIn.fault({ route: 'files/upload', action: { kind: 'autorenameSurprise' } });
  await expect(openOn(standIn).put('a.db', await fileOf('small'))).rejects.toMatchObject({
    kind: 'damaged',
    message: expect.stringMatching(/under another name/),
  });
  expect(standIn.files.list()).toEqual([]);
});

test('a failed download leaves nothing at its target', async () => {
  const standIn = await startStandIn();
  standIn.files.write('/a.db', someBytes(100_000));
  standIn.fault({ route: 'files/download', times: Infinity, action: { kind: 'corruptByte', at: 99_999 } });
  const directory = scratch();
  const target = join(directory, 'target.db');
  await expect(openOn(standIn).get('a.db', target)).rejects.toMatchObject({ kind: 'damaged' });
  expect(existsSync(target)).toBe(false);
});

test('no time left for another try: what failed is told, and not the lack of time', async () => {
  const standIn = await startStandIn();
  standIn.fault({ route: 'files/get_metadata', action: { kind: 'reply', status: 503, body: '' } });
  await expect(openOn(standIn, { deadlineMs: 300 }).stat('a.db')).rejects.toMatchObject({
    kind: 'unavailable',
    message: expect.stringMatching(/HTTP 503/),
  });
});
