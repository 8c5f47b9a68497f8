// The stand-in is only worth testing against when a client that works with the real Dropbox works with it, unchanged.
// rclone is the most used one: here it is, through TLS and with the real host names.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DropboxStandIn } from '../stand-ins/dropbox/stand-in.ts';
import { TlsProxy } from '../stand-ins/dropbox/tls-proxy.ts';
import { scratch } from '../support/scratch.ts';
import { someBytes } from '../support/some-bytes.ts';
import { filesBelow, runProgram, type Ended } from '../support/world.ts';

const installed = ['rclone', 'openssl'].every(isInstalled);

describe.skipIf(!installed)('rclone, when it is installed,', () => {
  test('copies, checks, lists, reads, renames, deletes and purges', async () => {
    const { standIn, rclone } = await linked();
    const source = sourceFolder();
    const target = scratch();

    await rclone('copy', source, 'dbx:backups');
    expect(standIn.files.list().map(({ path }) => path)).toEqual([
      '/backups/deep/er/ümläut ☂ 😀.txt',
      '/backups/empty',
      '/backups/large.db',
    ]);
    await rclone('check', source, 'dbx:backups');
    expect((await rclone('lsl', 'dbx:backups')).stdout).toMatch(/ 9437185 2026-01-02 03:04:05\.0+ large\.db/);
    expect((await rclone('cat', 'dbx:backups/large.db', '--offset', '9437180')).stdout).toHaveLength(5);

    await rclone('copy', 'dbx:backups', target);
    expect(filesBelow(target)).toEqual(filesBelow(source));
    expect(readFileSync(join(target, 'large.db')).equals(readFileSync(join(source, 'large.db')))).toBe(true);

    await rclone('moveto', 'dbx:backups/large.db', 'dbx:moved/Large.db');
    await rclone('copyto', 'dbx:moved/Large.db', 'dbx:moved/copy.db');
    await rclone('deletefile', 'dbx:backups/empty');
    await rclone('mkdir', 'dbx:folder');
    await rclone('rmdir', 'dbx:folder');
    await rclone('purge', 'dbx:backups');
    expect(standIn.files.list().map(({ path }) => path)).toEqual(['/moved/copy.db', '/moved/Large.db']);
    expect((await rclone('about', 'dbx:', '--json')).stdout).toContain(`"used": ${2 * 9437185}`);
  });

  test('overwrites a file that changed, and leaves an equal one alone', async () => {
    const { standIn, rclone } = await linked();
    const source = sourceFolder();
    await rclone('copy', source, 'dbx:backups');
    const before = standIn.files.revisions('/backups/large.db');
    writeFileSync(join(source, 'empty'), 'no longer');
    await rclone('copy', source, 'dbx:backups');
    expect(standIn.files.bytes('/backups/empty').toString()).toBe('no longer');
    expect(standIn.files.revisions('/backups/large.db')).toEqual(before);
  });

  test('goes on after a lost connection, a rate limit and a server error', async () => {
    const { standIn, rclone } = await linked();
    const source = sourceFolder();
    const append = 'files/upload_session/append_v2';
    standIn.fault({ route: append, action: { kind: 'dropBefore', bytes: 1024 * 1024 } });
    standIn.fault({ route: append, nth: 3, action: { kind: 'tooManyRequests', retryAfterSeconds: 1 } });
    standIn.fault({ route: append, nth: 4, action: { kind: 'replyAfterApply', status: 500 } });
    standIn.fault({ route: /finish/, action: { kind: 'reply', status: 503 } });
    await rclone('copy', source, 'dbx:backups', '--dropbox-chunk-size', '4M');
    await rclone('check', source, 'dbx:backups');
    expect(standIn.waitingFaults).toEqual([]);
  });
});

/** A stand-in, and rclone linked to it; a command that fails fails the test. */
async function linked(): Promise<{ standIn: DropboxStandIn; rclone: (...args: string[]) => Promise<Ended> }> {
  const standIn = await DropboxStandIn.start();
  onTestFinished(() => standIn[Symbol.asyncDispose]());
  const proxy = await TlsProxy.start(standIn);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  const config = join(scratch(), 'rclone.conf');
  const token = {
    access_token: standIn.newAccessToken(),
    token_type: 'bearer',
    expiry: '2035-01-01T00:00:00Z',
  };
  writeFileSync(
    config,
    `[dbx]\ntype = dropbox\ntoken = ${JSON.stringify({ ...token, refresh_token: 'r' })}\n`,
  );
  const rclone = async (...args: string[]) => {
    const fixed = ['--config', config, '--ca-cert', proxy.certificateAuthority, '--retries', '1'];
    const ended = await runProgram('rclone', [...fixed, ...args], {
      environment: { HTTPS_PROXY: proxy.url },
    });
    expect(ended, `rclone ${args.join(' ')}`).toMatchObject({ exitCode: 0 });
    return ended;
  };
  return { standIn, rclone };
}

function sourceFolder(): string {
  const source = scratch();
  mkdirSync(join(source, 'deep', 'er'), { recursive: true });
  writeFileSync(join(source, 'empty'), '');
  writeFileSync(join(source, 'deep', 'er', 'ümläut ☂ 😀.txt'), 'raw UTF-8 in a header');
  writeFileSync(join(source, 'large.db'), someBytes(9 * 1024 * 1024 + 1));
  for (const file of filesBelow(source)) {
    const at = new Date('2026-01-02T03:04:05Z');
    utimesSync(join(source, file), at, at);
  }
  return source;
}

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // test/requirements.test.ts fails where it must be there
  }
}
