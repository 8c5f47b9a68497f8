// Measures how old and how large the newest of what other tools should keep making is: files, and good ends of units.
import { OpsError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import type { FreshThing } from '../config/health-config.ts';
import type { FreshnessFacts, UnitFound } from '../health/freshness.ts';
import { askProgram } from '../process/abandon.ts';
import type { Probe, ProbeContext } from './probe.ts';

const lookMs = 9000;

export const freshnessProbe: Probe<FreshnessFacts> = {
  timeoutMs: 12_000,
  subjects: ({ config }) => config.health.freshThings.map(({ name }) => name),
  async measure(context, subject) {
    const thing = context.config.health.freshThings.find(({ name }) => name === subject);
    if (thing === undefined) throw new OpsError('config', `there is nothing called ${subject}`);
    const { path, unit, limits, sizeBytesMin } = thing;
    const found =
      unit === undefined
        ? await newestFile(context, path ?? '/', thing)
        : await lastEnd(context, unit, subject);
    return { found, limits, sizeBytesMin };
  },
};

/**
 * Looks without a shell's patterns: the path is one word, and names end with a NUL. In programs that can be given up, for what
 * is looked at may lie on a disk that is gone. Exit code 3: nothing is there.
 */
const look = `LC_ALL=C; export LC_ALL
stat -L -- "$1" >/dev/null || exit 3
find -H "$1" -maxdepth "$2" -type f -name "*$3" -printf '%T@ %s %P\\0' | sort -zn | tail -zn 1`;

async function newestFile(
  { signal }: ProbeContext,
  path: string,
  { depth, suffix = '' }: FreshThing,
): Promise<FreshnessFacts['found']> {
  const { exitCode, stdout, stderr } = await askProgram(
    'sh',
    ['-c', look, 'sh', path, String(depth), suffix],
    { timeoutMs: lookMs, signal, acceptExitCodes: [0, 3] },
  ).catch((error: unknown) => {
    if (!(error instanceof OpsError)) throw error;
    const { kind } = error;
    const why = kind === 'unavailable' ? 'the disk it is on does not answer' : error.message;
    throw new OpsError(kind, `cannot look at ${path}: ${why}`, {
      hint: 'is it mounted, and does it answer: findmnt',
    });
  });
  const newest = /^(-?\d+(?:\.\d+)?) (\d+) ([\s\S]*)\0$/.exec(stdout);
  if (newest !== null) {
    const [, seconds, size, name = ''] = newest;
    return {
      file: name === '' ? path : `${path.replace(/\/+$/, '')}/${name}`,
      at: new Date(Number(seconds) * 1000),
      sizeBytes: Number(size),
    };
  }
  if (stderr.includes('Permission denied'))
    throw new OpsError('denied', `cannot look at ${path}: permission denied`, {
      hint: `the user of health-check needs to read it: ls -ld ${shellWord(path)}`,
    });
  const what = suffix === '' ? 'no file' : `no file that ends in ${suffix}`;
  return { nothing: exitCode === 3 ? `${path} is not there` : `${path} holds ${what}`, path };
}

const properties = ['LoadState', 'ActiveState', 'SubState', 'Result', 'ExecMainExitTimestamp'];
const systemctlMs = 8000;

/** systemd knows of the newest run alone, and of none before the machine was started: the rest is remembered. */
async function lastEnd(
  { run, signal, clock, recall, remember }: ProbeContext,
  unit: string,
  name: string,
): Promise<UnitFound> {
  const { stdout } = await run(
    'env',
    ['TZ=UTC', 'LC_ALL=C', 'systemctl', 'show', `--property=${properties.join(',')}`, '--', unit],
    { timeoutMs: systemctlMs, signal },
  );
  const shown = new Map(
    stdout
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
  );
  if (shown.get('LoadState') === 'not-found')
    throw new OpsError('config', `there is no unit ${unit}`, {
      hint: `systemctl list-unit-files ${shellWord(`${unit.split('.')[0]}*`)}`,
    });
  const result = shown.get('Result') ?? '';
  const ended = parseTimestamp(shown.get('ExecMainExitTimestamp'));
  const key = `freshness/${name}`;
  const before = parseNote(recall(key), unit);
  const watchedSince = before?.watchedSince ?? clock.now();
  const finishedAt = (result === 'success' ? ended : undefined) ?? before?.finishedAt;
  remember(key, JSON.stringify({ unit, watchedSince, finishedAt }));
  return {
    unit,
    finishedAt,
    isRunning: shown.get('ActiveState') === 'active' && shown.get('SubState') !== 'exited',
    watchedSince,
    failure: result === '' || result === 'success' ? undefined : result,
  };
}

/** `Sat 2026-11-28 02:00:05 UTC`; undefined of none, which is empty or `n/a`. */
function parseTimestamp(text = ''): Date | undefined {
  const found = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? UTC$/.exec(text);
  return found === null ? undefined : new Date(`${found[1]}T${found[2]}Z`);
}

/** What was remembered of it; undefined where that is of another unit, which had the same name here. */
function parseNote(
  text: string | undefined,
  unit: string,
): { watchedSince: Date; finishedAt: Date | undefined } | undefined {
  if (text === undefined) return undefined;
  const note = JSON.parse(text) as { unit: string; watchedSince: string; finishedAt?: string };
  if (note.unit !== unit) return undefined;
  return {
    watchedSince: new Date(note.watchedSince),
    finishedAt: note.finishedAt === undefined ? undefined : new Date(note.finishedAt),
  };
}
