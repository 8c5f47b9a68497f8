// A replica in a SQLite file, by the suite that holds all replicas; and what only a file can meet.
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Cell } from '../../lib/delta/cell.ts';
import { openSqliteReplica } from '../../lib/replica/sqlite/open.ts';
import { openOwn, quoteIdentifier } from '../../lib/sqlite/open.ts';
import { exactCells, exactColumns } from '../../lib/replica/sqlite/cells.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { scratch } from '../support/scratch.ts';
import { type OpenReplica, policy } from './replica-world.ts';
import { replicaSuite } from './replica-suite.ts';

const open: OpenReplica = async (given) => {
  const [path, clock] = [join(scratch(), 'replica.db'), fixedClock('2026-11-27T12:00:00Z')];
  let replica = await openSqliteReplica({ path, policy: policy(given), clock });
  onTestFinished(() => replica.close());
  return {
    replica,
    clock,
    async reopen(other = policy(given)) {
      await replica.close();
      return (replica = await openSqliteReplica({ path, policy: other, clock }));
    },
    async rows(shape) {
      const database = openOwn(path);
      const columns = exactColumns(shape.columns.map(({ name }) => name));
      const order = shape.key.map(quoteIdentifier).join(', ');
      const sql = `SELECT ${columns} FROM ${quoteIdentifier(shape.name)} ORDER BY ${order}`;
      try {
        return (database.prepare(sql).raw().safeIntegers().all() as Cell[][]).map(exactCells);
      } finally {
        database.close();
      }
    },
    async execute(sql) {
      const database = openOwn(path);
      try {
        database.exec(sql);
      } finally {
        database.close();
      }
    },
  };
};

replicaSuite('sqlite replica', open);
