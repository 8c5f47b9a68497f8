// Loaded by every launcher before the job, and by Node in each worker thread: a private place for compiled code, and tsx
// where Node cannot strip types itself. By --require, for what --import takes is an address, in which `#` is no name.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { createRequire, enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';

// Without a cache each process and each worker loads a compiler for TypeScript: 20 MB of memory and 60 ms. In a shared /tmp,
// where tsx would keep its own, another local user could put code first, and we may run as root. So the cache lies
// beside our own code, or with the user's.
const cache = privateCache();
if (cache !== undefined) enableCompileCache(`${cache}/node`);
if (!process.features.typescript) {
  process.env.TSX_DISABLE_CACHE = '1';
  createRequire(import.meta.url)('tsx/esm/api').register();
}

function privateCache() {
  const { CACHE_DIRECTORY, XDG_CACHE_HOME } = process.env;
  const places = [
    () => [fileURLToPath(new URL('../../node_modules', import.meta.url)), '.cache'],
    () => [CACHE_DIRECTORY ?? XDG_CACHE_HOME ?? `${homedir()}/.cache`, 'holdfast'],
  ];
  for (const place of places) {
    try {
      const [parent, name] = place();
      accessSync(parent, constants.W_OK);
      mkdirSync(`${parent}/${name}`, { recursive: true, mode: 0o700 });
      return `${parent}/${name}`;
    } catch {
      // not there, not ours to write, or a user without a home: the next place, or no cache at all
    }
  }
  return undefined;
}
