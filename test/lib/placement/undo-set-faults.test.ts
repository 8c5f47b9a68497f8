// The undo set of an interrupted restore beside an app that went on: looking into it harms nobody.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { listUndoSets } from '../../support/by-path.ts';
import { readRows, rowsOf } from '../../support/database-sets.ts';
import { unmergedWal } from '../../support/fault-scenarios.ts';
import { makePlace, type Place, runHere, traceScenario } from '../../support/fault-table.ts';

/** A placement over a database with a log, killed right before or after a step. */
async function interruptedAt(kind: 'kill-before' | 'kill-after', step: string): Promise<Place> {
  const operations = await traceScenario(unmergedWal);
  const found = operations.find(({ name, file }) => `${name} ${file}` === step);
  if (found === undefined) throw new Error(`there is no step ${step}`);
  const place = await makePlace(unmergedWal);
  await runHere(place, 'place', found.number, kind);
  return place;
}

const steps = [
  ['before the old set was touched', 'kill-before', 'rename merged.db'],
  ['when its content was one file', 'kill-after', 'rename merged.db'],
  ['before its log was removed', 'kill-before', 'unlink app.db-wal'],
] as const;
const logs = ['goes on', 'begins anew', 'is full'] as const;

test.each(steps.flatMap((step) => logs.map((log) => [...step, log] as const)))(
  'who looks into the undo set of an interrupted restore harms no app that went on: killed %s (%s, %s), its log %s',
  async (_, kind, step, log) => {
    await using place = await interruptedAt(kind, step);
    const [set] = await listUndoSets(place.target);
    const app = new Database(place.target);
    const insert = app.prepare('insert into entries (note) values (?)');
    const meanwhile = rowsOf('written meanwhile', 300); // over more pages than the last row will touch
    const writeMeanwhile = app.transaction(() => meanwhile.forEach((note) => insert.run(note)));
    if (log === 'begins anew') app.pragma('wal_checkpoint(TRUNCATE)');
    writeMeanwhile();
    if (log === 'is full') app.pragma('wal_checkpoint(PASSIVE)');
    // In a process of its own, as a person would: in one process SQLite sees that both names are one file.
    const look = `const d = new (require('better-sqlite3'))(process.argv[1]); d.pragma('wal_checkpoint')`;
    await promisify(execFile)(process.execPath, ['-e', look, join(set?.path ?? '', 'app.db')]);
    insert.run('written afterwards');
    app.close();
    expect(await readRows(place.target)).toEqual([...rowsOf('old', 600), ...meanwhile, 'written afterwards']);
  },
);
