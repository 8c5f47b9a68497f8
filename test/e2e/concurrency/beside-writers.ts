// The proof of S1: real backups beside real writers, and each of them restored and checked.
import { chmodSync, chownSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { expect } from 'vitest';
import { restore } from '../../../jobs/restore.ts';
import { systemClock } from '../../../lib/base/clock.ts';
import type { SnapshotReport } from '../../../lib/sqlite/snapshot.ts';
import { nobody } from '../../support/as-nobody.ts';
import { runInProcess } from '../../support/in-process.ts';
import { type LineProcess, spawnTypeScript } from '../../support/spawn-lines.ts';
import type { World } from '../../support/world.ts';
import { makeLedger, requireCommittedState } from './ledger.ts';

const program = join(import.meta.dirname, 'writer.ts');
/** Far more than the backups take; a writer without a test ends all the same. */
const commitsMax = 2_000_000;

/** Several processes that write to one database. */
export interface Writers {
  /** The newest entry that is known to be committed. */
  newest(): Promise<number>;
  /** Returns after a commit that began later than this call. */
  advance(): Promise<void>;
  /** Ends them; returns the last entry that any of them has committed. */
  stop(): Promise<number>;
}

/** Makes the world's database, which belongs to another user where that is possible, and starts writers on it. */
export async function startWriters(
  world: World,
  { journalMode, processes }: { journalMode: 'wal' | 'delete'; processes: number },
  own: (writer: LineProcess) => void,
): Promise<Writers> {
  makeLedger(world.database, journalMode);
  const user = giveAway(world);
  const writers = Array.from({ length: processes }, () =>
    spawnTypeScript(program, [world.database, String(commitsMax), user]),
  );
  writers.forEach(own);
  await Promise.all(writers.map((writer) => writer.line('ready')));
  const ask = async (question: string, answer: RegExp) => {
    const answers = writers.map(async (writer) => {
      writer.write(`${question}\n`);
      return numberIn(await writer.line(answer));
    });
    return Math.max(...(await Promise.all(answers)));
  };
  return {
    newest: () => ask('status', /^status /),
    advance: async () => void (await ask('advance', /^advanced /)),
    async stop() {
      const last: number[] = [];
      // One after the other: of two that close at the same instant none may find itself the last, and tidy up.
      for (const writer of writers) {
        writer.endInput();
        last.push(numberIn(await writer.line(/^stopped /)));
        expect(await writer.ended).toBe(0);
      }
      return Math.max(...last);
    },
  };
}

function numberIn(line: string): number {
  return Number(line.split(' ')[1]);
}

/** As root, so that side files of ours could be told from those of the app. */
function giveAway(world: World): string {
  chmodSync(world.database, 0o640);
  if (process.geteuid?.() !== 0) return '-';
  chmodSync(world.home, 0o755);
  for (const path of [dirname(world.database), world.database]) chownSync(path, nobody, nobody);
  return String(nobody);
}

/** Who owns what lies beside the database, and who may use it. */
export function sideFiles(world: World): Record<string, string> {
  const folder = dirname(world.database);
  const names = readdirSync(folder).filter((name) => name.endsWith('-wal') || name.endsWith('-shm'));
  return Object.fromEntries(
    names.map((name) => {
      const { uid, gid, mode } = statSync(join(folder, name));
      return [name, `${uid}:${gid} ${mode.toString(8)}`];
    }),
  );
}

/** How a backup beside the writers was made, and between which entries it has to end. */
export interface Made {
  name: string;
  method: string;
  restarts: number;
  /** Committed before the backup was begun. */
  before: number;
  /** Committed when it had ended. */
  after: number;
}

/** Makes one backup with the real command. */
export async function backUpBeside(world: World, writers: Writers, name: string): Promise<Made> {
  await writers.advance();
  const before = await writers.newest();
  const ended = await world.run('db-backup', ['backup', name, '--json']);
  const after = await writers.newest();
  expect(ended).toMatchObject({ exitCode: 0 });
  const { apps } = (
    JSON.parse(ended.stdout) as { result: { apps: { value: { snapshot: SnapshotReport } }[] } }
  ).result;
  const { method = '', restarts = -1 } = apps[0]?.value.snapshot ?? {};
  return { name, method, restarts, before, after };
}

/** Restores a backup, requires that it is one committed state of its time, and returns its last entry. */
export async function requireRestorable(world: World, { name, before, after }: Made): Promise<number> {
  const restored = join(world.home, `${name}.db`);
  const args = ['run', name, '--to', restored, '--config', world.config];
  expect(await runInProcess(restore, args, { clock: systemClock })).toMatchObject({ exitCode: 0 });
  const last = requireCommittedState(restored);
  rmSync(restored);
  expect(last).toBeGreaterThanOrEqual(before);
  expect(last).toBeLessThanOrEqual(after);
  return last;
}
