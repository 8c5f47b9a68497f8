// Makes a release: npm run release -- 0.2.0
import { resolve } from 'node:path';
import { release } from './changelog.ts';

const version = process.argv[2] ?? '';
release(resolve(import.meta.dirname, '../..'), version, new Date().toISOString().slice(0, 10));
console.log(
  `${version} is written. Look at it, then: git add -A && git commit -m 'Release ${version}' && git tag v${version}`,
);
