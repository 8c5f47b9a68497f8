// The engine's state as JSON and back. docs/formats.md.
import { OpsError } from '../base/errors.ts';
import type { IncidentFacts } from '../incident/observation.ts';
import type {
  AlertState,
  ChannelState,
  CheckState,
  Incident,
  Ping,
  SeenRun,
  Told,
} from '../incident/state.ts';
import { Fields, type Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';
import { parseProtection, texts } from './spool-record.ts';

/** What the file holds beside the state. */
export interface KeptState {
  /** One more with each change: of two files the higher one counts. */
  revision: number;
  /** Names of spool records that are in the state already, and may still lie in the spool. */
  taken: readonly string[];
  state: AlertState;
}

const format: RecordFormat = { name: 'holdfast-alerts', version: 2 };
const results = ['done', 'bad-news', 'failed', 'killed', 'busy', 'interrupted'] as const;

/** The bytes of the file. Keys are snake_case; what ends in `_at` is an instant. */
export function formatState({ revision, taken, state }: KeptState): string {
  return formatJsonRecord(format, encodeEntries({ revision, taken, ...state }), 1);
}

/** Reads a state of any version so far. Throws OpsError `damaged` for anything else. */
export function parseState(text: string, path: string): KeptState {
  const flaw: Flaw = (cause) => new OpsError('damaged', `cannot use ${path}: ${cause}`);
  const { fields } = openJsonRecord(text, format, flaw);
  const reader = new Reader(flaw);
  return {
    revision: fields.count('revision'),
    taken: texts(fields, 'taken', flaw),
    state: {
      begunAt: fields.instant('begun_at').getTime(),
      checks: reader.list(fields, 'checks', (one) => reader.check(one)),
      channels: reader.list(fields, 'channels', (one) => reader.channel(one)),
      runs: reader.list(fields, 'runs', (one): SeenRun => ({
        runId: one.text('run_id'),
        check: one.text('check'),
        result: one.choice('result', results),
      })),
      pings: reader.list(fields, 'pings', (one) => reader.ping(one)),
    },
  };
}

class Reader {
  readonly #flaw: Flaw;

  constructor(flaw: Flaw) {
    this.#flaw = flaw;
  }

  list<T>(fields: Fields, key: string, read: (one: Fields) => T): T[] {
    return fields.list(key).map((item) => read(new Fields(item, `${key}.`, this.#flaw)));
  }

  check(fields: Fields): CheckState {
    return {
      check: fields.text('check'),
      failures: fields.count('failures'),
      recoveries: fields.count('recoveries'),
      skips: fields.count('skips'),
      interruptions: fields.count('interruptions'),
      failingAt: at(fields, 'failing_at'),
      lastGoodAt: at(fields, 'last_good_at'),
      changesAt: texts(fields, 'changes_at', this.#flaw).map((text) => this.#instant(text)),
      incident: fields.has('incident') ? this.incident(fields.object('incident')) : undefined,
    };
  }

  incident(fields: Fields): Incident {
    return {
      openedAt: fields.instant('opened_at').getTime(),
      lastFailureAt: fields.instant('last_failure_at').getTime(),
      closedAt: at(fields, 'closed_at'),
      severity: fields.choice('severity', ['warning', 'critical']),
      result: fields.choice('result', results),
      runs: fields.count('runs'),
      episodes: fields.count('episodes'),
      flapping: fields.choice('flapping', ['yes', 'no']) === 'yes',
      apps: texts(fields, 'apps', this.#flaw),
      // Since version 2.
      wellApps: fields.has('well_apps') ? texts(fields, 'well_apps', this.#flaw) : [],
      facts: this.facts(fields.object('facts')),
      reminders: fields.count('reminders'),
      remindAt: at(fields, 'remind_at'),
      acknowledged: fields.has('acknowledged') ? acknowledged(fields.object('acknowledged')) : undefined,
      told: this.list(fields, 'told', (one) => this.told(one)),
    };
  }

  facts(fields: Fields): IncidentFacts {
    return {
      message: fields.string('message'),
      hint: text(fields, 'hint'),
      next: text(fields, 'next'),
      apps: texts(fields, 'apps', this.#flaw),
      runId: text(fields, 'run_id'),
      exitCode: count(fields, 'exit_code'),
      protection: this.list(fields, 'protection', parseProtection),
    };
  }

  told(fields: Fields): Told {
    return {
      channel: fields.text('channel'),
      state: fields.choice('state', ['open', 'closed']),
      reminders: fields.count('reminders'),
      apps: texts(fields, 'apps', this.#flaw),
      critical: fields.choice('critical', ['yes', 'no']) === 'yes',
    };
  }

  channel(fields: Fields): ChannelState {
    return {
      channel: fields.text('channel'),
      attempts: fields.count('attempts'),
      retryAt: at(fields, 'retry_at'),
      retryMs: fields.count('retry_ms'),
      failingAt: at(fields, 'failing_at'),
      lastGoodAt: at(fields, 'last_good_at'),
      canaryAt: at(fields, 'canary_at'),
      problem: text(fields, 'problem'),
      refusedSetting: text(fields, 'refused_setting'), // since version 2
    };
  }

  ping(fields: Fields): Ping {
    return {
      check: fields.text('check'),
      kind: fields.choice('kind', ['start', 'success', 'failure']),
      runId: text(fields, 'run_id'),
      exitCode: count(fields, 'exit_code'),
      message: fields.string('message'),
    };
  }

  #instant(value: string): number {
    return new Fields({ at: value }, 'changes_at.', this.#flaw).instant('at').getTime();
  }
}

function acknowledged(fields: Fields): NonNullable<Incident['acknowledged']> {
  return {
    at: fields.instant('at').getTime(),
    untilAt: at(fields, 'until_at'),
    forMs: count(fields, 'for_ms'),
  };
}

function at(fields: Fields, key: string): number | undefined {
  return fields.has(key) ? fields.instant(key).getTime() : undefined;
}

function text(fields: Fields, key: string): string | undefined {
  return fields.has(key) ? fields.string(key) : undefined;
}

function count(fields: Fields, key: string): number | undefined {
  return fields.has(key) ? fields.count(key) : undefined;
}

function encode(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => encode(item, key));
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return /^at$|At$/.test(key) ? new Date(value).toISOString() : value;
  if (typeof value !== 'object' || value === null) return value;
  return encodeEntries(value);
}

function encodeEntries(value: object): Record<string, unknown> {
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([name, inner]) => [snakeCase(name), encode(inner, name)]));
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
