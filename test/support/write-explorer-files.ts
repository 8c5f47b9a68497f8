// npm run docs, second half: what the explorer is given, out of lib/explorer. A test fails while a file is stale.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { explorerFiles } from '../../lib/explorer/files.ts';

for (const [path, text] of explorerFiles()) {
  const target = join(resolve(import.meta.dirname, '../../etc/datasette'), path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
