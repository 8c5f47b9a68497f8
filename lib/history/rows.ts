// What the history remembers: runs, backups and restore drills, as data and as rows. Times are ISO 8601 in UTC.
import type { CatalogueEntry } from '../backup/catalogue.ts';
import { type BackupFormat, formatByName, isSealedName } from '../backup/name.ts';
import { shownNote } from '../backup/note.ts';
import type { StoredPart } from '../backup/stored-part.ts';
import { OpsError } from '../base/errors.ts';
import { Fields } from '../record/fields.ts';
import { parseProcess, type ProcessIdentity } from '../record/process-identity.ts';

type RunOutcome = 'running' | 'done' | 'bad-news' | 'failed' | 'busy' | 'interrupted';

/** A run as it begins: what it is, and which process it is. */
export interface RunStart extends ProcessIdentity {
  id: string;
  job: string;
  command: string;
  /** The one app it is about; undefined for all of them. */
  app?: string | undefined;
  holdfastVersion: string;
}

export interface RunEnd {
  outcome: Exclude<RunOutcome, 'running'>;
  exitCode: number;
  message?: string | undefined;
  /** What went over the network to the store and back; undefined where it has none. */
  sentBytes?: number | undefined;
  receivedBytes?: number | undefined;
}

/** A run as it is remembered. */
export interface RunRow extends RunStart {
  app: string | undefined;
  startedAt: Date;
  endedAt: Date | undefined;
  outcome: RunOutcome;
  exitCode: number | undefined;
  message: string | undefined;
  sentBytes: number | undefined;
  receivedBytes: number | undefined;
}

/** How a backup lies in the store. */
export interface BackupPlace {
  format: BackupFormat;
  /** What it takes there, without what it is based on. */
  storedBytes: number;
  /** Of one in pages: 0 for a full, else one above its base, which is given by its name. */
  level: number | undefined;
  base: string | undefined;
}

export interface BackupRow extends BackupPlace {
  /** Its name in the store. With the app it is the key: recording it again replaces what was known. */
  name: string;
  app: string;
  runId: string;
  takenAt: Date;
  /** Of the database that comes out of it. */
  sizeBytes: number;
  sha256: string;
  /**
   * What has become of it, in the caller's word: `proven`, `suspect`, `damaged`, `damaged-untold`; `removed` what was proven, and
   * `removed-suspect` or `removed-damaged` what was not, once it is in the store no more.
   */
  state: string;
  publishedAt?: Date | undefined;
  /** What a person noted of it; never of a sealed one, see `noteForAll`. */
  note?: string | undefined;
}

/** A backup that was found bad, and only this machine knows. */
export interface BadBackupRow {
  backup: string;
  sha256: string;
  foundAt: Date;
  foundBy: string;
  problem: string;
}

/** That a database was looked at, and is byte for byte that of a backup which was made before: nothing new was stored. */
export interface Look {
  app: string;
  /** The backup that has its bytes. */
  name: string;
  runId: string;
}

/** A restore drill: whether a backup could be restored and was whole. */
export interface DrillResult {
  runId: string;
  app: string;
  /** The backup's name. */
  name: string;
  outcome: 'passed' | 'failed';
  detail: string;
}

export interface DrillRow extends DrillResult {
  at: Date;
}

/** A message that a channel took, or refused for good. */
export interface DeliveryRow {
  channel: string;
  /** What it was about, by the names of the checks; none for a canary. */
  checks: readonly string[];
  title: string;
  outcome: 'delivered' | 'refused';
  reason?: string | undefined;
}

/** How the backup of that name lies in a store, by what its manifest says of that. */
export function backupPlace(
  { name, storedBytes }: Pick<CatalogueEntry, 'name' | 'storedBytes'>,
  stored: StoredPart | undefined,
): BackupPlace {
  const pages = stored?.pages;
  return { format: formatByName(name), storedBytes, level: pages?.level, base: pages?.base?.name };
}

/**
 * What a person noted of a backup, where it is for everybody: ops.db is shown to whoever looks into the explorer, and what is sealed is
 * for its owner.
 */
export function noteForAll({
  name,
  manifest,
}: Pick<CatalogueEntry, 'name' | 'manifest'>): string | undefined {
  return manifest?.note === undefined || isSealedName(name) ? undefined : shownNote(manifest.note);
}

type Row = Record<string, unknown>;

export function runFromRow(row: Row): RunRow {
  return {
    id: text(row['id']),
    job: text(row['job']),
    command: text(row['command']),
    app: optionalText(row['app']),
    ...parseProcess(new Fields(row, '', flaw)),
    startedAt: new Date(text(row['started_at'])),
    endedAt: row['ended_at'] === null ? undefined : new Date(text(row['ended_at'])),
    outcome: text(row['outcome']) as RunOutcome, // the table's CHECK admits no other
    exitCode: row['exit_code'] === null ? undefined : Number(row['exit_code']),
    message: optionalText(row['message']),
    sentBytes: optionalNumber(row['sent_bytes']),
    receivedBytes: optionalNumber(row['received_bytes']),
    holdfastVersion: text(row['holdfast_version']),
  };
}

export function badBackupFromRow(row: Row): BadBackupRow {
  const { started_at: startedAt, job, command } = row;
  return {
    backup: text(row['name']),
    sha256: text(row['sha256']),
    foundAt: new Date(text(startedAt ?? row['taken_at'])),
    foundBy: typeof job === 'string' ? `${job} ${text(command)}` : 'an earlier run',
    problem: `only the history of this machine says so: run ${text(row['run_id'])}`,
  };
}

export function backupFromRow(row: Row): BackupRow {
  const publishedAt = optionalText(row['published_at']);
  return {
    name: text(row['name']),
    app: text(row['app']),
    runId: text(row['run_id']),
    takenAt: new Date(text(row['taken_at'])),
    sizeBytes: Number(row['size_bytes']),
    sha256: text(row['sha256']),
    state: text(row['state']),
    format: text(row['format']) === 'pages' ? 'pages' : 'plain',
    storedBytes: Number(row['stored_bytes']),
    level: optionalNumber(row['level']),
    base: optionalText(row['base']),
    publishedAt: publishedAt === undefined ? undefined : new Date(publishedAt),
    note: optionalText(row['note']),
  };
}

export function drillFromRow(row: Row): DrillRow {
  return {
    runId: text(row['run_id']),
    app: text(row['app']),
    name: text(row['name']),
    at: new Date(text(row['at'])),
    outcome: text(row['outcome']) === 'passed' ? 'passed' : 'failed',
    detail: text(row['detail']),
  };
}

function flaw(cause: string): OpsError {
  return new OpsError('damaged', `cannot use a run of the history: ${cause}`);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function optionalNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
