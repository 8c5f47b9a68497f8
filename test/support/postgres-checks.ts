// The three checks of PostgreSQL as a run asks them, of a database that a configuration names.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../lib/config/load.ts';
import type { Reading } from '../../lib/health/reading.ts';
import type { ProbeContext } from '../../lib/probe/probe.ts';
import { registry } from '../../lib/probe/registry.ts';
import { runChecks } from '../../lib/probe/run-checks.ts';
import { silentLog } from '../../lib/base/log.ts';
import { systemClock } from '../../lib/base/clock.ts';
import { scratch } from './scratch.ts';

const pairs = registry.filter(({ check }) => check.name.startsWith('postgres-'));

/** What the checks said, by what is behind `postgres-`. */
export type Answers = Record<'connections' | 'size' | 'errors', Reading>;

/** One run after the other, with what each remembers. */
export class PostgresRuns {
  readonly #path: string;
  readonly #notes = new Map<string, string>();

  /** `keys` are those of `[health.postgres.databases.bags]`. */
  constructor(keys: Readonly<Record<string, string | number>>) {
    const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
    this.#path = join(scratch(), 'holdfast.toml');
    writeFileSync(this.#path, `[apps.bags]\n[health.postgres.databases.bags]\n${lines.join('')}`);
  }

  async ask(): Promise<Answers> {
    const config = loadConfig({
      path: this.#path,
      environment: { HOLDFAST_STATE: '/nowhere', HOLDFAST_RUN: '/nowhere' },
    });
    const { signal } = new AbortController();
    // No other part of it is of use to these.
    const context = {
      ...{ config, signal, clock: systemClock, log: silentLog },
      recall: (key: string) => this.#notes.get(key),
      remember: (key: string, value: string) => void this.#notes.set(key, value),
    } as unknown as ProbeContext;
    const { readings } = await runChecks(pairs, {
      ...{ context, settings: config.health.checks, isClockTrusted: true, isAll: true },
      stateOf: () => undefined,
      samplesOf: () => [],
    });
    return Object.fromEntries(readings.map((one) => [one.check.replace('postgres-', ''), one])) as Answers;
  }
}
