// Measures how the write-ahead logs of the apps' databases stand, and who keeps them from being put into the database.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFileApp } from '../config/config.ts';
import type { LogFacts, LogSeen, WalFacts } from '../health/wal.ts';
import { processName } from '../placement/process-name.ts';
import type { LiveLog, LiveState } from '../sqlite/inspect/live-state.ts';
import { fileAppNamed } from './backup-age.ts';
import { lookMs, lookOnce, orFailure } from './live-database.ts';
import type { Probe, ProbeContext } from './probe.ts';
import { liveApps } from './standing-by.ts';

export const walProbe: Probe<WalFacts> = {
  timeoutMs: lookMs + 3000,
  async subjects(context) {
    return (await liveApps(context)).filter(isFileApp).map(({ name }) => name);
  },
  async measure(context, subject) {
    const app = fileAppNamed(context, subject);
    const { readerMsMax, freePercentMax } = context.config.health.wal;
    const state = await orFailure(lookOnce(context, app));
    const seen = 'kind' in state ? state : logSeen(context, subject, state);
    return { path: app.database, seen, readerMsMax, freePercentMax };
  },
};

function logSeen(context: ProbeContext, app: string, { sizeBytes, freeBytes, log }: LiveState): LogSeen {
  return { sizeBytes, freeBytes, log: log && logFacts(context, app, log) };
}

/** Since when each reader has had its place, as far as we have seen: by who it is, and what it sees. */
type Places = Record<string, string>;

function logFacts(context: ProbeContext, app: string, log: LiveLog): LogFacts {
  const now = context.clock.now();
  const key = `wal/${app}`;
  const before = JSON.parse(context.recall(key) ?? '{}') as Places;
  const places: Places = {};
  const readers = log.readers.map(({ pid, mark }) => {
    const place = `${log.salt} ${pid} ${mark}`;
    const since = before[place] ?? now.toISOString();
    places[place] = since;
    return { pid, sinceMs: Math.max(0, now.getTime() - Date.parse(since)) };
  });
  context.remember(key, JSON.stringify(places));
  const [longest] = readers.sort((a, b) => b.sinceMs - a.sinceMs);
  return {
    sizeBytes: log.sizeBytes,
    waitingBytes: log.waitingBytes,
    reader: longest && { ...longest, command: commandOf(context, longest.pid) },
  };
}

function commandOf({ root }: ProbeContext, pid: number): string | undefined {
  if (pid <= 0) return undefined;
  try {
    const name = processName(readFileSync(join(root, 'proc', String(pid), 'cmdline'), 'utf8'));
    return name === '' ? undefined : name;
  } catch {
    return undefined; // ended meanwhile, or not for us to see
  }
}
