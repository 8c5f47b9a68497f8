// A dump: pg_dump in the snapshot of a session of ours, which meanwhile looks at the same instant what is to come out of it.
import { open, stat } from 'node:fs/promises';
import type { CommandRunner } from '../../base/command.ts';
import { errorMessage, OpsError, systemError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import type { PostgresFacts } from '../../source/postgres-facts.ts';
import type { CopyOptions, CopyReport } from '../../source/source.ts';
import { disagreements } from './disagreements.ts';
import { programVariables } from './environment.ts';
import { giveWay } from './give-way.ts';
import { type Inventory, readSequences, takeInventory } from './inventory.ts';
import { type PostgresLook, requireDumpable } from './look.ts';
import { nameOf, withBackupSession } from './session.ts';

interface Surroundings {
  readonly target: PostgresTarget;
  readonly run: CommandRunner;
  readonly lockWaitMs: number;
  /** How long somebody may wait who alters a table. */
  readonly patienceMs: number;
}

/** Faster than gzip's own level by half, and larger by a few per cent. */
const compression = 4;
const lookEveryMs = 500;
const snapshotAndEncoding = `select pg_export_snapshot(), pg_encoding_to_char(encoding) from pg_database where datname = current_database()`;

/** Dumps what `look` has seen into `path`, which must not exist. */
export async function dumpDatabase(
  { target, run, lockWaitMs, patienceMs }: Surroundings,
  look: PostgresLook,
  path: string,
  { signal = new AbortController().signal, onProgress }: CopyOptions,
): Promise<CopyReport<PostgresFacts>> {
  const act = `back up ${nameOf(target)}`;
  await makeFile(path);
  const { source, sequencesAfter } = await withBackupSession(target, { act, signal }, async (connection) => {
    await requireDumpable(connection, target, look);
    await connection.run(`set lock_timeout = ${lockWaitMs}`);
    // Two of them differ by what both of these wait for; whichever fails first ends the other.
    const either = new AbortController();
    const before = await readSequences(connection);
    await connection.run('begin isolation level repeatable read read only');
    const { rows } = await connection.run(snapshotAndEncoding, []);
    const [snapshot, encoding] = (rows[0] ?? []).map((text) => text ?? '');
    const args = [
      ...[
        '--format=custom',
        `--compress=${compression}`,
        `--lock-wait-timeout=${lockWaitMs}`,
        '--no-password',
      ],
      // Its own, which can write all of it: a role or a database may have another one set.
      ...[`--snapshot=${snapshot}`, `--encoding=${encoding}`, `--file=${path}`],
    ];
    const whole = AbortSignal.any([signal, either.signal]);
    const dumping = dump(run, look.programs.dump, args, { act, target, signal: whole });
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    const watching = giveWay(target, { act, signal: until, patienceMs }, (reason) => either.abort(reason));
    const watch = setInterval(() => void tell(path, look.copyBytesMax, onProgress), lookEveryMs);
    try {
      const looking = takeInventory(connection);
      const [found] = await Promise.all([looking, dumping]);
      await connection.run('commit');
      return { source: { ...found, sequences: before }, sequencesAfter: await readSequences(connection) };
    } catch (error) {
      throw whole.aborted ? whole.reason : error;
    } finally {
      clearInterval(watch);
      // Who gives way ends by itself, when those who wait are let go.
      if (!either.signal.aborted) over.abort();
      either.abort(new Error('the look at the source failed'));
      await Promise.all([dumping.catch(() => undefined), watching]);
    }
  });
  const { size } = await settle(path);
  onProgress?.(size, size);
  signal.throwIfAborted();
  const expected: Inventory = source;
  return {
    method: `pg_dump ${look.major}`,
    restarts: 0,
    writersHeldMs: 0,
    disagreements: (found: PostgresFacts) => disagreements(expected, sequencesAfter, found),
  };
}

async function makeFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o640);
    await file.chmod(0o640);
    await file.close();
  } catch (error) {
    throw systemError(`write ${path}`, refusedIfThere(path, error));
  }
}

function refusedIfThere(path: string, error: unknown): unknown {
  const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
  return isThere ? new OpsError('refused', `cannot write ${path}: it exists already`) : error;
}

async function tell(path: string, mostBytes: number, onProgress: CopyOptions['onProgress']): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined) onProgress?.(found.size, Math.max(mostBytes, found.size));
}

async function settle(path: string): Promise<{ size: number }> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
    return await file.stat();
  } finally {
    await file.close();
  }
}

async function dump(
  run: CommandRunner,
  program: string,
  args: readonly string[],
  { act, target, signal }: { act: string; target: PostgresTarget; signal: AbortSignal },
): Promise<void> {
  const options = { variables: programVariables(target), signal, acceptExitCodes: [0, 1] };
  const { exitCode, stderr } = await run(program, args, options);
  if (exitCode === 0) return;
  const said = stderr.split('\n').find((line) => /error:/.test(line)) ?? stderr.split('\n', 1)[0] ?? '';
  const known = troubles.find(([pattern]) => pattern.test(stderr));
  const [, kind, words] = known ?? [/./, 'io' as const, 'pg_dump failed'];
  throw new OpsError(kind, `cannot ${act}: ${words}: ${errorMessage(said.replace(/^pg_dump: /, ''))}`, {
    hint: 'the log of the server says more; nothing was stored',
  });
}

const troubles = [
  [
    /(?:lock|statement) timeout|could not obtain lock|deadlock detected/,
    'busy',
    'somebody holds a lock on a table for longer than it is waited for',
  ],
  [/No space left|could not write|File too large/, 'io', 'there is no room for the dump'],
  [/row-level security|permission denied/, 'denied', 'its role may not read all of it'],
  [
    /connection to server|server closed|terminating connection|shut(ting)? down/,
    'unavailable',
    'the server went',
  ],
] as const;
