// Files of which some bytes are not what SQLite wrote: whatever comes of that is a clear answer.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { sqliteError } from '../../../lib/sqlite/errors.ts';
import { count } from '../../../lib/sqlite/facts.ts';
import { countForeignKeyViolations } from '../../../lib/sqlite/foreign-keys.ts';
import { checkIntegrity, checkStructure, checkTable } from '../../../lib/sqlite/integrity.ts';
import { requireSource } from '../../../lib/sqlite/look.ts';
import { openImmutable } from '../../../lib/sqlite/open.ts';
import { scratch } from '../../support/scratch.ts';
import { makeOdd } from './odd-databases.ts';

const page = 1024;

/** All kinds of pages, on few of them. */
const varied = (): Buffer => {
  const path = join(scratch(), 'app.db');
  makeOdd(path, (database) => {
    database.pragma(`page_size = ${page}`);
    database.exec(`CREATE TABLE p (a INTEGER PRIMARY KEY, b TEXT UNIQUE); CREATE INDEX i ON p (lower(b)) WHERE b > 'n2';
      CREATE TABLE t (a REFERENCES p (b), c, d AS (upper(c)) NOT NULL, CHECK (c > ''));
      CREATE TABLE w (a PRIMARY KEY, b) WITHOUT ROWID; CREATE VIEW v AS SELECT a FROM t;
      CREATE VIRTUAL TABLE f USING fts5 (x); CREATE VIRTUAL TABLE r USING rtree (id, x, y);
      WITH RECURSIVE n (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n LIMIT 150) INSERT INTO p SELECT a, 'n' || a FROM n;
      INSERT INTO t (a, c) SELECT b, hex(zeroblob(a * 5)) || '1' FROM p; INSERT INTO w SELECT b, a FROM p;
      INSERT INTO f SELECT b FROM p; INSERT INTO r SELECT a, a, a + 1 FROM p; DELETE FROM t WHERE rowid > 100; ANALYZE`);
  });
  return readFileSync(path);
};

test('whatever its bytes are, a file is called damaged or measured, and nothing else happens', async () => {
  const sound = varied();
  const path = join(scratch(), 'app.db');
  const at = fc.nat(sound.length - 1);
  const pageAt = fc.nat(sound.length / page - 1).map((number) => number * page);
  const byte = (where: fc.Arbitrary<number>) =>
    fc.record({ at: where, bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }) });
  const change = fc.oneof(
    byte(at),
    byte(fc.nat(84).map((offset) => offset + 16)),
    byte(fc.nat(page)),
    byte(fc.tuple(pageAt, fc.nat(40)).map(([begin, offset]) => begin + offset)),
    fc.record({ at: pageAt, bytes: pageAt.map((from) => sound.subarray(from, from + page)) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
      const bytes = Buffer.from(sound);
      for (const { at, bytes: new_ } of changes) bytes.set(new_.subarray(0, bytes.length - at), at);
      writeFileSync(path, bytes);
      await readAll(path);
      expect(readdirSync(dirname(path))).toEqual(['app.db']);
    }),
    { numRuns: Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 150) },
  );
});

/** Does what a reader's process does. Throws what is no clear answer. */
async function readAll(path: string): Promise<void> {
  const answered = async <T>(ask: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      const said = sqliteError('check it', error);
      if (said instanceof OpsError && said.kind === 'damaged') return undefined;
      throw said;
    }
  };
  await answered(() => requireSource(path));
  const database = await answered(() => openImmutable(path));
  if (database === undefined) return;
  const counted = await answered(() => count(database, path, 'it'));
  const tables = counted?.tables ?? [];
  await answered(() => checkStructure(database));
  await answered(() => checkIntegrity(database));
  await answered(() => countForeignKeyViolations(database));
  for (const table of tables) await answered(() => checkTable(database, table));
  database.close();
}
