import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../../../lib/sqlite');
const workers = readdirSync(folder).filter((name) => name.endsWith('-worker.ts'));

// A class that stood below once turned every restart of a stepwise copy into a bug: what follows the first await has
// not run yet while the work is done, and only functions are there before their line.
test.each(workers)('%s has everything but functions above its work', (name) => {
  const lines = readFileSync(join(folder, name), 'utf8').split('\n');
  const work = lines.findIndex((line) => line.startsWith('await serve'));
  expect(work).toBeGreaterThan(0);
  expect(lines.slice(work).filter((line) => /^(export )?(const|let|class|enum)\b/.test(line))).toEqual([]);
});

test('the workers are found', () => {
  expect(workers).toContain('snapshot-worker.ts');
});
