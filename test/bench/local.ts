// Snapshots, backups and restores on this machine, beside sqlite3, sha256sum and restic.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { command, dbBackup, node, peakMegabytes, project, run, theThree, threeCommands } from './commands.ts';
import { MemoryGroup } from '../support/machine/memory.ts';
import { inTurns, median, plainRow, type Row, timeRow, untakenRow } from './table.ts';

/** What is measured, and how often. */
export interface LocalBench {
  home: string;
  small: string;
  large: string;
  /** Of the large one. */
  megabytes: number;
  times: number;
}

export async function benchLocal(bench: LocalBench): Promise<Row[]> {
  return [
    await compareSnapshot(bench),
    await compareWhole(bench),
    await compareWithLittleMemory(bench),
    await compareRestore(bench),
    ...(await measureMemory(bench)),
    ...(await measureUnderLoad(bench)),
    await compareHelp(),
  ];
}

async function compareSnapshot({ home, large, times }: LocalBench): Promise<Row> {
  const [ours, peer] = await inTurns(
    () => node(['test/bench/snapshot.ts', large, fresh(home, 'snapshot.db')]),
    () => run('sqlite3', [large, `.backup ${fresh(home, 'peer.db')}`]),
    { times },
  );
  return timeRow('snapshot alone', ours, 'sqlite3 .backup', peer, 1.5);
}

async function compareWhole({ home, large, times }: LocalBench): Promise<Row> {
  const [ours, peer] = await inTurns(
    () => dbBackup(home, large, ['backup']),
    () => threeCommands(large, fresh(home, 'peer.db')),
    { times },
  );
  return timeRow('whole db-backup backup', ours, theThree, peer, 0.6);
}

/**
 * Both in control groups of the same limit, into which neither the copy nor all that its check comes back to fits. Once
 * each: it is the disk that is measured, and it takes a minute.
 */
async function compareWithLittleMemory({ home, large, megabytes }: LocalBench): Promise<Row> {
  const limitBytes = 448 * 1024 * 1024;
  const figure = `the same of ${megabytes} MB, with 448 MB of memory`;
  const groups = ['ours', 'theirs'].map((name) =>
    MemoryGroup.create(`bench-${process.pid}-${name}`, limitBytes),
  );
  const [within, besideIt] = groups;
  if (within === undefined || besideIt === undefined)
    return untakenRow(figure, 'no memory group can be made here');
  try {
    const [ours, peer] = await inTurns(
      () => dbBackup(home, large, ['backup'], { within }),
      () => threeCommands(large, fresh(home, 'peer.db'), besideIt),
      { times: 1, warmUp: false },
    );
    return timeRow(figure, ours, theThree, peer, 2);
  } finally {
    for (const group of groups) group?.remove();
  }
}

/** Of a backup that was proven when it was made, from a directory store; restic's from a local repository. */
async function compareRestore({ home, large, times }: LocalBench): Promise<Row> {
  const repository = fresh(home, 'restic');
  const restic = (...args: string[]) =>
    run('restic', ['--repo', repository, '--no-cache', '--quiet', ...args], {
      env: { ...process.env, RESTIC_PASSWORD: 'bench' },
    });
  await restic('init');
  await restic('backup', large);
  await dbBackup(home, large, ['backup']);
  const [ours, peer] = await inTurns(
    () => {
      const to = fresh(home, 'restored.db');
      return command('restore', home, large, ['run', 'latest', '--to', to], { keepState: true });
    },
    () => restic('restore', 'latest', '--target', fresh(home, 'restic-restored')),
    { times },
  );
  for (const left of ['restic', 'restic-restored', 'restored.db']) fresh(home, left);
  return timeRow('restore run --to', ours, 'restic restore', peer, 1);
}

async function measureMemory({ home, small, large, megabytes }: LocalBench): Promise<Row[]> {
  const figures: [string, number][] = [
    [small, megabytes / 10],
    [large, megabytes],
  ];
  const rows: Row[] = [];
  for (const [database, size] of figures) {
    const peak = await peakMegabytes(home, database, ['backup']);
    rows.push(plainRow(`peak anonymous memory, ${size} MB`, peak, 150, 'MB'));
  }
  return rows;
}

async function measureUnderLoad({ home, large }: LocalBench): Promise<Row[]> {
  const snapshot = () => node(['test/bench/snapshot.ts', large, fresh(home, 'snapshot.db')]);
  const vacuum = () => run('sqlite3', [large, `VACUUM INTO '${fresh(home, 'peer.db')}'`]);
  const idle = await medianMs(snapshot);
  const ours = await besideWriter(large, () => medianMs(snapshot));
  const peer = await besideWriter(large, () => medianMs(vacuum));
  return [
    timeRow('snapshot beside a writer at full speed', ours.result, 'the same, idle', idle, 3),
    {
      ...plainRow(`longest commit of that writer (${ours.commits} commits)`, ours.longestMs, 1000, 'ms'),
      peer: `${Math.round(peer.longestMs)} ms (beside sqlite3 VACUUM INTO)`,
    },
  ];
}

/** Of three. */
async function medianMs(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return median(times);
}

/** Runs `work` beside a process that commits as fast as it can, and returns what that process says of itself as well. */
async function besideWriter<T>(
  database: string,
  work: () => Promise<T>,
): Promise<{ result: T; commits: number; longestMs: number }> {
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), database], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = collect(writer.stdout);
  await output.first;
  const result = await work();
  writer.kill('SIGTERM');
  const report = (await output.all).trim().split('\n').at(-1) ?? '';
  return { result, ...(JSON.parse(report) as { commits: number; longestMs: number }) };
}

async function compareHelp(): Promise<Row> {
  const [ours, peer] = await inTurns(
    () => run(join(project, 'bin/db-backup'), ['--help']),
    () => run(process.execPath, ['-e', '0']),
    { times: 15 },
  );
  return timeRow('db-backup --help', ours, 'node -e 0', peer, 3);
}

function fresh(home: string, name: string): string {
  const path = join(home, name);
  rmSync(path, { recursive: true, force: true });
  return path;
}

function collect(stream: NodeJS.ReadableStream): { first: Promise<void>; all: Promise<string> } {
  const [first, all] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (part: string) => {
    text += part;
    first.resolve();
  });
  stream.on('end', () => all.resolve(text));
  return { first: first.promise, all: all.promise };
}
