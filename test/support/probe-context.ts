// What a probe is given in a test: a tree in which it finds /proc and /sys, a clock that stands, notes in a map.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CommandRunner } from '../../lib/base/command.ts';
import { silentLog } from '../../lib/base/log.ts';
import { loadConfig } from '../../lib/config/load.ts';
import type { ProbeContext } from '../../lib/probe/probe.ts';
import { type FixedClock, fixedClock } from './fixed-clock.ts';
import { scratch } from './scratch.ts';

export interface ProbeWorld extends ProbeContext {
  readonly clock: FixedClock;
  readonly notes: Map<string, string>;
}

export interface ProbeWorldOptions {
  /** A tree of its own unless given: `/` for this machine. */
  root?: string;
  /** Files to put into the tree. */
  files?: Readonly<Record<string, string>>;
  /** The configuration; one app and a directory store unless given. */
  toml?: string;
  /** The state directory. */
  state?: string;
  run?: CommandRunner;
  now?: Date;
  signal?: AbortSignal;
  clockState?: 'synchronised' | 'unsynchronised' | 'unknown';
}

const usual =
  '[store]\nkind = "directory"\npath = "/srv/backups"\n[apps.ctv]\ndatabase = "/srv/ctv/ctv.db"\n';

export function probeWorld(options: ProbeWorldOptions = {}): ProbeWorld {
  const root = options.root ?? scratch();
  for (const [path, text] of Object.entries(options.files ?? {})) putFile(root, path, text);
  const path = join(scratch(), 'holdfast.toml');
  writeFileSync(path, options.toml ?? usual);
  const notes = new Map<string, string>();
  const none = (what: string) => () => {
    throw new Error(`this test has no ${what}`);
  };
  return {
    config: loadConfig({
      path,
      environment: { HOLDFAST_STATE: options.state ?? '/var/lib/holdfast', HOLDFAST_RUN: '/run/holdfast' },
    }),
    clock: fixedClock((options.now ?? new Date('2026-11-28T01:20:00Z')).toISOString()),
    log: silentLog,
    signal: options.signal ?? new AbortController().signal,
    run: options.run ?? none('programs'),
    root,
    history: new Proxy({} as ProbeContext['history'], { get: none('history') }),
    clockState: async () => options.clockState ?? 'synchronised',
    notes,
    recall: (key) => notes.get(key),
    remember: (key, value) => void notes.set(key, value),
    backups: none('store'),
    waitingFull: none('spool'),
    openStore: none('store'),
    delivery: none('alerts'),
  };
}

export function putFile(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
