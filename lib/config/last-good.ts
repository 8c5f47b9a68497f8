// What alert-send keeps of a configuration that is good, for the day on which it is not: whom to tell, and through what.
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { createDirectories } from '../files/make-directories.ts';
import { readSmallFileSync } from '../files/read-small-file.ts';
import { ifWhole } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';
import type { Config, KeptSettings } from './config.ts';
import type { Environment } from './environment.ts';
import { type ConfigFile, keptSchema } from './schema.ts';
import { databaseNames } from './sections/apps.ts';
import { stateDirectory } from './directories.ts';

/** The settings of alerts as they were, and of what. */
export interface LastGood {
  source: string;
  named: Config['named'];
  /** Since when they are so. */
  readAt: Date;
  settings: KeptSettings;
  file: ConfigFile;
}

const format: RecordFormat = { name: 'holdfast-alert-settings', version: 1 };
const bytesMax = 256 * 1024;
/** Of the whole file. Of an app its name and where its database is, so that its checks keep their names. */
const keys = ['time_zone', 'clock', 'run_directory', 'alerts'];

/** The state directory as who cannot read the configuration finds it; undefined where there is none. */
export function stateWithoutFile(environment: Environment): string | undefined {
  try {
    return stateDirectory({}, environment);
  } catch (error) {
    if (error instanceof OpsError) return undefined;
    throw error;
  }
}

/** The part of a file that is kept. */
export function keptOf(written: unknown): KeptSettings {
  const file = written as Record<string, unknown>;
  const apps = Object.entries((file.apps ?? {}) as Record<string, Record<string, unknown>>);
  const named = apps.map(([name, app]) => [name, picked(app, databaseNames)]);
  return {
    ...picked(file, keys),
    apps: Object.fromEntries(named),
  };
}

function picked(table: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((key) => (table[key] === undefined ? [] : [[key, table[key]]])));
}

/**
 * Keeps what alerts need of a good configuration; nothing is written where that is kept already. Throws OpsError where the
 * state directory does not take it.
 */
export async function keepSettings(
  config: Pick<Config, 'kept' | 'source' | 'named' | 'stateDirectory' | 'alerts'>,
  now: Date,
): Promise<void> {
  const { kept: settings, source, named } = config;
  if (settings === undefined) return;
  const path = fileIn(config.stateDirectory);
  const before = parsed(textOf(path, () => undefined));
  const isKept = before !== undefined && said(before) === said({ source, named, settings });
  // Where nobody is to be told nothing is made; what was kept of one who was is not true any more.
  if (isKept || (before === undefined && config.alerts === undefined)) return;
  await createDirectories(join(config.stateDirectory, 'alerts'));
  const text = formatJsonRecord(format, {
    read_at: now.toISOString(),
    source,
    config: named.config,
    env_file: named.envFile,
    settings,
  });
  await writeFileAtomically(path, text, { mode: 0o600, toOwner: true });
}

/**
 * What was kept of the configuration that is named so; undefined where nothing was, where it is damaged, and where somebody else
 * than root and this user may have written it: it says which secret is read, and where it is sent.
 */
export function readLastGood(environment: Environment, named: Config['named']): LastGood | undefined {
  const state = stateWithoutFile(environment);
  const found = state === undefined ? undefined : parsed(textOf(fileIn(state), requireOurs));
  const isOfIt = found?.named.config === named.config && found?.named.envFile === named.envFile;
  return isOfIt ? found : undefined;
}

function requireOurs({ uid, mode, nlink }: Stats): void {
  const isOurs = uid === 0 || uid === process.geteuid?.();
  if (!isOurs || nlink !== 1 || (mode & 0o022) !== 0) throw new OpsError('refused', "it is somebody else's");
}

function textOf(path: string, check: (status: Stats) => void): string | undefined {
  try {
    return readSmallFileSync(path, { sizeBytesMax: bytesMax, follow: false, check }).toString('utf8');
  } catch {
    return undefined; // it helps, and is never needed
  }
}

function parsed(text: string | undefined): LastGood | undefined {
  if (text === undefined) return undefined;
  return ifWhole((flaw) => {
    const { fields } = openJsonRecord(text, format, flaw);
    const optional = (key: string) => (fields.has(key) ? fields.text(key) : undefined);
    const settings = Object.fromEntries(fields.object('settings').entries());
    const checked = keptSchema.safeParse(settings);
    if (!checked.success) throw flaw('its settings are none');
    return {
      source: fields.text('source'),
      named: { config: optional('config'), envFile: optional('env_file') },
      readAt: fields.instant('read_at'),
      settings,
      file: checked.data,
    };
  });
}

function said({ source, named, settings }: Pick<LastGood, 'source' | 'named' | 'settings'>): string {
  return JSON.stringify([source, named.config, named.envFile, settings]);
}

function fileIn(state: string): string {
  return join(state, 'alerts', 'settings.json');
}
