// A file system that is mounted and never answers, as a share whose server is gone: whoever asks it waits in the kernel,
// where no signal reaches. Started as a program, it serves one at the directory it is given, until it is killed.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, openSync, readSync, writeSync } from 'node:fs';

const typeAndSource = ['-t', 'fuse.silent', 'nas:/copies'];

/** Whether one can be mounted here; a test that needs it is skipped, visibly, where not. */
export function canBeSilent(): boolean {
  try {
    accessSync('/dev/fuse');
    return process.geteuid?.() === 0;
  } catch {
    return false;
  }
}

/** Mounts one over `directory`; disposed of, it is gone, and whoever waits for it goes on. */
export async function mountSilence(directory: string): Promise<AsyncDisposable> {
  // It goes when this process goes, also where a test has hung.
  const ends = ['--pdeathsig', 'KILL', process.execPath];
  const server = spawn('setpriv', [...ends, import.meta.filename, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await Promise.race([once(server.stdout, 'data'), once(server, 'exit')])) as unknown[];
  if (!(said instanceof Buffer)) throw new Error(`nothing can be mounted at ${directory}`);
  return {
    async [Symbol.asyncDispose]() {
      server.kill('SIGKILL');
      await once(server, 'close');
      spawnSync('umount', ['--lazy', directory]);
    },
  };
}

/** The protocol of linux/fuse.h, as far as it takes to be mounted: the greeting is answered, and nothing after it. */
function serve(directory: string): void {
  const device = openSync('/dev/fuse', 'r+');
  const options = ['-o', 'fd=3,rootmode=40000,user_id=0,group_id=0'];
  const { status } = spawnSync('mount', ['-i', ...typeAndSource, ...options, directory], {
    stdio: ['ignore', 'ignore', 'inherit', device],
  });
  if (status !== 0) process.exit(1);
  const request = Buffer.alloc(1 << 17);
  readSync(device, request);
  const answer = Buffer.alloc(80);
  answer.writeUInt32LE(answer.length, 0);
  answer.writeBigUInt64LE(request.readBigUInt64LE(8), 8);
  answer.writeUInt32LE(7, 16);
  answer.writeUInt32LE(31, 20);
  answer.writeUInt32LE(4096, 36); // the most that is written at once
  writeSync(device, answer);
  process.stdout.write('mounted\n');
  // What is read and not answered can be waited for only in a way that no signal ends.
  for (;;) readSync(device, request);
}

if (process.argv[1] === import.meta.filename && process.argv[2] !== undefined) serve(process.argv[2]);
