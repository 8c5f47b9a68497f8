// Whether the write-ahead log of an app's database finds its way into the database, and how much of the file is air.
import { formatBytes, formatDuration } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { Check, Judgement } from './check.ts';
import type { OpsErrorFacts } from './facts.ts';
import { byLimits } from './limits.ts';

export interface WalFacts {
  readonly path: string;
  readonly seen: LogSeen | OpsErrorFacts;
  /** A reader that has kept its place for so long is told. */
  readonly readerMsMax: number;
  /** A share of free pages from which on it is told. */
  readonly freePercentMax: number;
}

export interface LogSeen {
  readonly sizeBytes: number;
  /** What free pages take of it. */
  readonly freeBytes: number;
  /** Undefined where the database has no write-ahead log. */
  readonly log: LogFacts | undefined;
}

export interface LogFacts {
  readonly sizeBytes: number;
  /** What is in the log and not yet in the database. */
  readonly waitingBytes: number;
  /** The reader that has kept its place in the log longest, while others wrote on. */
  readonly reader:
    { readonly pid: number; readonly command: string | undefined; readonly sinceMs: number } | undefined;
}

/** As much as SQLite leaves in the log by itself: 1000 pages (https://sqlite.org/wal.html, section 2.2). */
const waitingBytesMin = 4_096_000;
/** The air in a small file is nothing to think about. */
const freeBytesMin = 100e6;

export const walCheck: Check<WalFacts> = {
  name: 'wal',
  question: 'Does the write-ahead log of each database find its way into the database?',
  unit: 'B',
  limits: { warning: 256e6, critical: 1e9 },
  worse: 'above',
  causedBy: ['database', 'mounts'],
  judge(facts, { limits }) {
    const { path, seen } = facts;
    if ('kind' in seen) return { verdict: 'unknown', message: seen.message, hint: seen.hint, paths: [path] };
    const judged = [ofLog(seen.log, facts, limits), ofFreePages(seen, facts)];
    const worst =
      judged.find(({ verdict }) => verdict === 'critical') ?? judged.find(({ verdict }) => verdict !== 'ok');
    return {
      verdict: worst?.verdict ?? 'ok',
      message: judged.map(({ message }) => message).join('; '),
      hint: worst?.hint,
      value: seen.log?.sizeBytes ?? 0,
      measures: {
        waiting_bytes: seen.log?.waitingBytes ?? 0,
        free_bytes: seen.freeBytes,
        size_bytes: seen.sizeBytes,
      },
      paths: [path],
    };
  },
};

function ofLog(
  log: LogFacts | undefined,
  { path, readerMsMax }: WalFacts,
  limits: { warning?: number | undefined; critical?: number | undefined },
): Judgement {
  if (log === undefined) return { verdict: 'ok', message: 'no write-ahead log' };
  const bySize = byLimits(log.sizeBytes, limits, 'above');
  const { reader, waitingBytes } = log;
  const size = `a log of ${formatBytes(log.sizeBytes)}`;
  const waiting = `${formatBytes(waitingBytes)} of it not in the database yet`;
  if (waitingBytes < waitingBytesMin) {
    if (bySize === 'ok') return { verdict: 'ok', message: size };
    // All of it is in the database: only the room on the disk is at stake.
    return {
      verdict: 'warning',
      message: `${size}, all of it in the database already: it keeps its size until the app is started anew`,
      hint: `let the app set PRAGMA journal_size_limit, or once: sqlite3 ${shellWord(path)} "PRAGMA wal_checkpoint(TRUNCATE)"`,
    };
  }
  if (reader !== undefined && (reader.sinceMs >= readerMsMax || bySize !== 'ok')) {
    const who = `process ${reader.pid}${reader.command === undefined ? '' : ` (${reader.command})`}`;
    return {
      verdict: bySize === 'ok' ? 'warning' : bySize,
      message: `${size}, ${waiting}: ${who} has kept a read transaction open ${forAtLeast(reader.sinceMs)}`,
      hint: `what it is: ps -o pid,user,lstart,args -p ${reader.pid}; it ends with that process, or when the app closes its cursor`,
    };
  }
  if (bySize === 'ok') return { verdict: 'ok', message: `${size}, ${waiting}` };
  return {
    verdict: bySize,
    message: `${size}, ${waiting}, and no reader is seen to hold it back: nobody makes checkpoints`,
    hint: `does the app (or Litestream beside it) run, and does it switch them off? sqlite3 ${shellWord(path)} "PRAGMA wal_checkpoint(PASSIVE)" makes one`,
  };
}

function forAtLeast(ms: number): string {
  return ms < 60_000 ? 'just now' : `for ${formatDuration(ms)}`;
}

function ofFreePages({ sizeBytes, freeBytes }: LogSeen, { path, freePercentMax }: WalFacts): Judgement {
  const percent = sizeBytes === 0 ? 0 : (100 * freeBytes) / sizeBytes;
  const message = `${Math.round(percent)} % of the file is free pages`;
  if (percent < freePercentMax || freeBytes < freeBytesMin) return { verdict: 'ok', message };
  return {
    verdict: 'warning',
    message: `${message}: ${formatBytes(freeBytes)} that each backup carries along`,
    hint: `while the app is stopped: sqlite3 ${shellWord(path)} VACUUM`,
  };
}
