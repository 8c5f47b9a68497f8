// What a look at the database of an app tells, once a run for all checks that ask: each look is a process.
import { OpsError } from '../base/errors.ts';
import type { Config, FileApp } from '../config/config.ts';
import type { OpsErrorFacts } from '../health/facts.ts';
import { ReaderEnded } from '../sqlite/asked-process.ts';
import { openInspector } from '../sqlite/inspect/inspector.ts';
import type { LiveState } from '../sqlite/inspect/live-state.ts';
import type { ProbeContext } from './probe.ts';

/** More than a look waits for a lock that the app holds. */
export const lookMs = 10_000;

/** A configuration is read once a run: what was found under it is what this run has found. */
const runs = new WeakMap<Config, Map<string, Promise<LiveState>>>();

/** Throws OpsError as looking at the database does. */
export function lookOnce({ config, signal }: ProbeContext, { database }: FileApp): Promise<LiveState> {
  const known = runs.get(config) ?? new Map<string, Promise<LiveState>>();
  runs.set(config, known);
  const found = known.get(database) ?? look(database, signal);
  known.set(database, found);
  return found;
}

async function look(path: string, signal: AbortSignal): Promise<LiveState> {
  const inspector = openInspector(path, signal);
  try {
    return await inspector.state(lookMs);
  } finally {
    inspector.leave();
  }
}

/** Failing is the answer where it is about the database, and not about what we may do. */
export async function orFailure<T>(work: Promise<T>): Promise<T | OpsErrorFacts> {
  try {
    return await work;
  } catch (error) {
    // What ended the process that looked says nothing of the file.
    if (!(error instanceof OpsError) || error instanceof ReaderEnded) throw error;
    if (!aboutTheDatabase.includes(error.kind)) throw error;
    const { kind, message, hint } = error;
    return { kind, message, hint };
  }
}

const aboutTheDatabase: readonly string[] = ['missing', 'damaged', 'io', 'unavailable'];
