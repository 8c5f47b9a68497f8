// Loaded by every launcher before the job: registers tsx, with a private place for what it caches.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';

// tsx caches compiled code under a fixed name in the temporary directory. In a shared /tmp another local user could
// put code of their own there first, and we may run as root. So the cache goes beside our own code, or to the user's.
const temporary = process.env.TMPDIR;
const cache = privateCache();
if (cache === undefined) process.env.TSX_DISABLE_CACHE = '1';
else {
  process.env.TMPDIR = cache;
  enableCompileCache(`${cache}/node`);
}
await import('tsx/esm');
if (temporary === undefined) delete process.env.TMPDIR;
else process.env.TMPDIR = temporary;

function privateCache() {
  const places = [
    [fileURLToPath(new URL('../../node_modules', import.meta.url)), '.cache'],
    [process.env.CACHE_DIRECTORY ?? process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`, 'holdfast'],
  ];
  for (const [parent, name] of places) {
    try {
      accessSync(parent, constants.W_OK);
      mkdirSync(`${parent}/${name}`, { recursive: true, mode: 0o700 });
      return `${parent}/${name}`;
    } catch {
      // not there, or not ours to write: the next place, or no cache at all
    }
  }
  return undefined;
}
