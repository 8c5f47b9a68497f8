// Copies to Dropbox and back, over a line of 100 Mbit/s and 50 ms, beside rclone on the same line.
import { closeSync, existsSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { DropboxStandIn } from '../stand-ins/dropbox/stand-in.ts';
import { TlsProxy } from '../stand-ins/dropbox/tls-proxy.ts';
import { dbBackup, node, peakMegabytes, run } from './commands.ts';
import { inTurns, plainRow, type Row, timeRow } from './table.ts';

const lineBytesPerSecond = 100e6 / 8;
const latencyMs = 50;

/** What is measured. */
export interface DropboxBench {
  home: string;
  small: string;
  large: string;
  /** Of the large one. */
  megabytes: number;
  /** What travels over the line. */
  transferMegabytes: number;
  times: number;
}

export async function benchDropbox(bench: DropboxBench): Promise<Row[]> {
  return [...(await compareTransfers(bench)), ...(await measureNights(bench)), await measureMemory(bench)];
}

async function compareTransfers({ home, transferMegabytes, times }: DropboxBench): Promise<Row[]> {
  await using standIn = await DropboxStandIn.start({
    bandwidthBytesPerSecond: lineBytesPerSecond,
    latencyMs,
    directory: join(home, 'dropbox'),
  });
  await using proxy = await TlsProxy.start(standIn);
  const rclone = rcloneFor(home, standIn, proxy);
  const [file, back] = [join(home, 'file'), join(home, 'back')];
  makeRandomFile(file, transferMegabytes);
  const remove = () => rmSync(back, { force: true });
  const emptied = async (name: string) => {
    if (standIn.files.list().some(({ path }) => path === name)) standIn.files.remove(name);
  };
  const transfer = async (direction: string, path: string) =>
    Number(await node(['test/bench/transfer.ts', direction, path, home], standIn.environment));
  const [up, upPeer] = await inTurns(
    () => emptied('/ours/file').then(() => transfer('put', file)),
    () => emptied('/theirs/file').then(() => rclone('copyto', file, 'dbx:theirs/file')),
    { times, warmUp: false },
  );
  const [down, downPeer] = await inTurns(
    async () => (remove(), transfer('get', back)),
    async () => (remove(), rclone('copyto', 'dbx:theirs/file', back)),
    { times, warmUp: false },
  );
  const lineMs = (transferMegabytes * 1e6 * 1000) / lineBytesPerSecond;
  const size = `${transferMegabytes} MB`;
  return [
    timeRow(`upload of ${size}`, up, 'the bare line', lineMs, 1.11),
    timeRow(`upload of ${size}`, up, 'rclone copyto', upPeer, 1),
    timeRow(`download of ${size}`, down, 'the bare line', lineMs, 1.11),
    timeRow(`download of ${size}`, down, 'rclone copyto', downPeer, 1),
  ];
}

/** What travels on a night with a changed database, and on one without changes. */
async function measureNights({ home, small, megabytes }: DropboxBench): Promise<Row[]> {
  await using standIn = await DropboxStandIn.start();
  const night = async (): Promise<number> => {
    const before = standIn.bytesReceived;
    await dbBackup(home, small, ['run'], { environment: standIn.environment, keepState: true });
    return standIn.bytesReceived - before;
  };
  const first = await night();
  const size = standIn.files.list().find(({ path }) => path === '/database.db')?.size ?? 0;
  const second = await night();
  return [
    plainRow(
      `bytes sent by a nightly run of ${megabytes / 10} MB, per byte of the database, in %`,
      (100 * first) / size,
      101,
      '%',
    ),
    plainRow('bytes sent by a nightly run of an unchanged database', second, 20_000, 'B'),
  ];
}

async function measureMemory({ home, large, megabytes }: DropboxBench): Promise<Row> {
  await using standIn = await DropboxStandIn.start({ directory: join(home, 'dropbox-memory') });
  const peak = await peakMegabytes(home, large, ['backup'], standIn.environment);
  return plainRow(`peak anonymous memory of a backup of ${megabytes} MB to Dropbox`, peak, 150, 'MB');
}

function rcloneFor(home: string, standIn: DropboxStandIn, proxy: TlsProxy) {
  const config = join(home, 'rclone.conf');
  const token = {
    access_token: standIn.newAccessToken(),
    token_type: 'bearer',
    expiry: '2035-01-01T00:00:00Z',
  };
  writeFileSync(config, `[dbx]\ntype = dropbox\ntoken = ${JSON.stringify(token)}\n`);
  const env = { ...process.env, HTTPS_PROXY: proxy.url };
  const options = ['--config', config, '--ca-cert', proxy.certificateAuthority];
  return (...args: string[]) => run('rclone', [...options, ...args], { env });
}

/** Bytes that nothing on the way could make smaller. */
function makeRandomFile(path: string, megabytes: number): void {
  if (existsSync(path)) return;
  const file = openSync(path, 'wx');
  const block = Buffer.alloc(1e6);
  for (let i = 0; i < megabytes; i += 1) writeSync(file, randomFillSync(block));
  closeSync(file);
}
