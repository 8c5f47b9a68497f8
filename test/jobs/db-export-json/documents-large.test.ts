// Documents that are too large to be held: compared while they are made, and written from the first difference on.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareWhileMade } from '../../../jobs/db-export-json/steps/large-document.ts';
import { holdDirectory } from '../../../lib/files/held-directory.ts';
import { ExportWorld } from '../../support/export-world.ts';

describe('a document that is too large to be held', () => {
  const large = `CREATE TABLE t (id INTEGER PRIMARY KEY, v);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
    INSERT INTO t SELECT i, 'a text that makes a document of more than eight megabytes ' || i FROM n`;

  test.each<[string, string, (path: string) => void]>([
    ['in the data', `UPDATE t SET v = 'other' WHERE id = 119000`, () => undefined],
    ['at the end of the data', 'DELETE FROM t WHERE id > 119990', () => undefined],
    ['in more data', `INSERT INTO t VALUES (200000, 'more')`, () => undefined],
    [
      'in the file, at the same size',
      '',
      (path) => replaceIn(path, 'megabytes 7\u0022', 'megabytes 8\u0022'),
    ],
    ['in a file that was cut', '', (path) => writeFileSync(path, readFileSync(path).subarray(0, 9_000_000))],
    ['in a file that goes on', '', (path) => writeFileSync(path, `${readFileSync(path, 'utf8')}more`)],
  ])('is compared while it is made, and written where it differs: %s', async (_, sql, alter) => {
    await using world = new ExportWorld('tables = ["t"]', large);
    await world.run('db-export-json', []);
    const before = world.times();
    expect((await world.run('db-export-json', [])).stdout).toContain('0 changed');
    expect(await world.run('db-export-json', ['check'])).toMatchObject({ exitCode: 0 });
    expect(world.times()).toEqual(before);
    world.change(sql);
    alter(join(world.documents, 't.json'));
    const altered = world.document('t.json');
    const checked = await world.run('db-export-json', ['check']);
    expect(checked).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('it is too large to tell the values') as string,
    });
    expect((await world.run('db-export-json', ['run', '--dry-run'])).stdout).toContain(
      'would be changed: t.json',
    );
    expect(world.document('t.json')).toBe(altered);
    expect((await world.run('db-export-json', [])).stdout).toContain('changed: t.json');
    expect(await world.run('db-export-json', ['check'])).toMatchObject({ exitCode: 0 });
    expect(readdirSync(world.documents)).toEqual(['schema.sql', 't.json']);
  });
});

test('a file in its place that cannot be read is told as what it is', async () => {
  await using world = new ExportWorld();
  mkdirSync(join(world.documents, 't.json'));
  using directory = await holdDirectory(world.documents);
  const pieces = async function* () {
    yield Buffer.from('[');
  };
  await expect(compareWhileMade(pieces(), { directory, name: 't.json' })).rejects.toMatchObject({
    name: 'OpsError',
    message: expect.stringContaining(`cannot read ${world.documents}/t.json: `) as string,
  });
});

function replaceIn(path: string, from: string, to: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
}
