// The PostgreSQL databases that are watched, each looked at once a run, by whichever of its checks is the first to ask.
import { OpsError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { PostgresSettings } from '../config/sections/health-postgres.ts';
import type { PostgresFacts } from '../health/postgres.ts';
import type { PostgresTarget } from '../health/postgres-target.ts';
import { lookAtPostgres } from '../postgres/look.ts';
import type { ProbeContext } from './probe.ts';

/** What one database is asked for, and what it answered. */
export interface Looked {
  readonly found: PostgresFacts;
  readonly settings: PostgresSettings;
  /** The role whose share of the connections counts. */
  readonly role: string;
  readonly target: PostgresTarget;
}

/** Shorter than a probe may take, so that it is said what did not answer. */
const timeoutMs = 8000;

const looks = new WeakMap<Config, Map<string, Promise<Looked>>>();

export function watchedDatabases({ config }: ProbeContext): string[] {
  return config.health.postgres.map(({ name }) => name);
}

/** One connection for all checks of a run. */
export function looked(context: ProbeContext, subject: string): Promise<Looked> {
  const ofRun = looks.get(context.config) ?? new Map<string, Promise<Looked>>();
  looks.set(context.config, ofRun);
  const known = ofRun.get(subject);
  if (known !== undefined) return known;
  const look = lookNow(context, subject);
  ofRun.set(subject, look);
  return look;
}

async function lookNow({ config, signal }: ProbeContext, subject: string): Promise<Looked> {
  const settings = config.health.postgres.find(({ name }) => name === subject);
  if (settings === undefined)
    throw new OpsError('config', `cannot find the PostgreSQL database ${subject} among those watched`);
  const target = settings.readTarget();
  const { role = target.user, isOfApp } = settings;
  const found = await lookAtPostgres(target, { role, isOfApp, timeoutMs, signal });
  return { found, settings, role, target };
}
