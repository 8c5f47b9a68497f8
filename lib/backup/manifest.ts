// The manifest that makes a copy a backup: what it is of, when it was taken, and what its bytes must be.
// The format is a promise (docs/formats.md): a change of meaning raises `version`, new facts are only added.
import { OpsError } from '../base/errors.ts';
import { formatCount } from '../base/format.ts';
import { Fields, type Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';
import { type Ownership, ownershipFields, parseOwnership } from '../record/ownership.ts';
import type { Engine, EngineFacts, MeasuredFacts, MoreTables, TableRows } from '../source/facts.ts';
import { boundedTables } from '../source/more-tables.ts';
import { engineByName, isAppName } from './name.ts';
import { formatStoredPart, parseStoredPart, type StoredPart } from './stored-part.ts';
import { formatEnginePart, isEngine, parseEnginePart } from './engine-part.ts';

/** What the machine knew of its clock. Only `unsynchronised` is a reason not to believe it. */
export type ClockState = (typeof clockStates)[number];

/** The integrity check the copy passed before it was published; `note` says what was left out, and why. */
interface IntegrityResult {
  check: 'full' | 'quick';
  /** No page is damaged. */
  result: 'ok';
  note?: string;
  /** What is at odds in the database itself, of which this is a true copy. Absent where nothing is. */
  findings?: string[];
}

/** Where a backup is from, and what was known when it was made. */
interface Origin {
  app: string;
  /** The name in the store of the data file this is the manifest of. */
  backup: string;
  takenAt: Date;
  /** The path of the database on `host`. */
  source: string;
  /** How the database belonged, for a restore to where nothing is left. Absent where nobody looked. */
  ownership?: Ownership;
  host: string;
  /** SHA-256 of the data file, lower-case hex. */
  sha256: string;
  /** Dropbox content hash of the data file, lower-case hex. */
  contentHash: string;
  integrity: IntegrityResult;
  holdfastVersion: string;
  runId: string;
  clock: ClockState;
  /** When the machine it is from, a standby until then, was made the one that the app lives on. Absent where none was. */
  promotedAt?: Date;
  /** What the person who made it noted of it, in one line. Absent where nothing was. */
  note?: string;
  /** Why this backup is kept but not trusted as a successor; usually empty. */
  suspect: string[];
  /** The subjects of what was found when it was made and a person accepted (see `Suspicion`). Absent where nothing was. */
  accepted?: string[];
  /** How its bytes lie in the store. Absent: as they are, in one object of the name of the backup. */
  stored?: StoredPart;
}

export type Manifest = Origin & MeasuredFacts;

export const clockStates = ['synchronised', 'unknown', 'unsynchronised'] as const;
const format: RecordFormat = { name: 'holdfast-manifest', version: 4, called: 'Holdfast manifest' };
const moreFormat: RecordFormat = { ...format, version: 3 };
const plainFormat: RecordFormat = { ...format, version: 2 };
/** What every store reads of one. */
const manifestBytesMax = 1024 * 1024;

/**
 * The manifest as JSON text: two spaces, keys always in this order, a newline at the end. Only what can be read again is
 * ever written: where the tables need more room than is read, the largest are listed and the others counted. Throws OpsError
 * `refused` for a text that is longer than any that is read all the same, and `damaged`, as `parseManifest` does, for facts
 * that no database can have.
 */
export function formatManifest(manifest: Manifest, { bytesMax = manifestBytesMax } = {}): string {
  const whole = textOf(manifest);
  const isTooLong = manifest.moreTables === undefined && Buffer.byteLength(whole) > bytesMax;
  const text = isTooLong ? textOf({ ...manifest, ...boundedTables(manifest.tables) }) : whole;
  requireReadable(text, manifest, bytesMax);
  return text;
}

function textOf(manifest: Manifest): string {
  const { check, result, note, findings } = manifest.integrity;
  const record = {
    app: manifest.app,
    backup: manifest.backup,
    taken_at: manifest.takenAt.toISOString(),
    engine: manifest.engine,
    source: manifest.source,
    host: manifest.host,
    ...ownershipFields(manifest.ownership),
    size_bytes: manifest.sizeBytes,
    sha256: manifest.sha256,
    content_hash: manifest.contentHash,
    tables: manifest.tables.map(({ name, rows }) => ({ name, rows })),
    more_tables: manifest.moreTables,
    integrity: { check, result, note, findings },
    holdfast_version: manifest.holdfastVersion,
    run_id: manifest.runId,
    clock: manifest.clock,
    promoted_at: manifest.promotedAt?.toISOString(),
    note: manifest.note,
    suspect: manifest.suspect,
    accepted: manifest.accepted,
    stored: manifest.stored && formatStoredPart(manifest.stored),
    [manifest.engine]: formatEnginePart(manifest),
  };
  return formatJsonRecord(leastFormat(manifest), record, 2);
}

/** The oldest version that can say everything: an older Holdfast on another machine can read it. */
function leastFormat({ stored, moreTables }: Manifest): RecordFormat {
  if (stored !== undefined) return format;
  return moreTables === undefined ? plainFormat : moreFormat;
}

function requireReadable(text: string, { backup, tables }: Manifest, bytesMax: number): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > bytesMax) {
    throw new OpsError(
      'refused',
      `cannot write the manifest of ${backup}: with ${formatCount(tables.length, 'table')} it has ${bytes} bytes, ` +
        `and at most ${bytesMax} are read`,
    );
  }
  parseManifest(text, backup);
}

/**
 * The manifest that `text` holds, of this version or an earlier one. Throws OpsError `damaged`, naming the first thing
 * wrong, unless every field is there, of its type and in agreement with the others, and also when a newer Holdfast
 * wrote it. Keys this version does not know are accepted and left out. `name` is for the message.
 */
export function parseManifest(text: string, name: string): Manifest {
  return parseOpened(openManifest(text, name));
}

/** That a file is a whole record, and of another kind: not a damaged manifest, but none. */
export class NoManifest extends OpsError {}

/** A manifest whose format and version are known, and nothing else of it. */
export interface OpenedManifest {
  fields: Fields;
  version: number;
  flaw: Flaw;
}

/** Throws what `parseManifest` does, of which this is the beginning. */
export function openManifest(text: string, name: string): OpenedManifest {
  const flaw: Flaw = (cause, hint) =>
    new OpsError('damaged', `cannot use manifest ${name}: ${cause}`, hint === undefined ? {} : { hint });
  const other = (cause: string) => new NoManifest('damaged', flaw(cause).message);
  return { ...openJsonRecord(text, { ...format, other }, flaw), flaw };
}

/** The rest of `parseManifest`. */
export function parseOpened({ fields, version, flaw }: OpenedManifest): Manifest {
  const app = fields.text('app');
  if (!isAppName(app)) throw flaw('app is not a name that an app can have');
  const sizeBytes = fields.count('size_bytes');
  const ownership = parseOwnership(fields, flaw);
  const backup = fields.text('backup');
  return {
    app,
    backup,
    takenAt: fields.instant('taken_at'),
    source: fields.text('source'),
    host: fields.text('host'),
    ...(ownership === undefined ? {} : { ownership }),
    sizeBytes,
    tables: parseTables(fields.list('tables'), flaw),
    ...(version >= 3 && fields.has('more_tables')
      ? { moreTables: parseMore(fields.object('more_tables')) }
      : {}),
    ...parseOwnFacts(fields, { version, sizeBytes, flaw }),
    sha256: fields.digest('sha256'),
    contentHash: fields.digest('content_hash'),
    integrity: parseIntegrity(fields.object('integrity'), flaw),
    holdfastVersion: fields.text('holdfast_version'),
    runId: fields.text('run_id'),
    clock: fields.choice('clock', clockStates),
    ...(fields.has('promoted_at') ? { promotedAt: fields.instant('promoted_at') } : {}),
    ...(fields.has('note') ? { note: fields.text('note') } : {}),
    suspect: parseReasons(fields.list('suspect'), 'suspect', flaw),
    ...(fields.has('accepted') ? { accepted: parseReasons(fields.list('accepted'), 'accepted', flaw) } : {}),
    ...(version >= 4 && fields.has('stored')
      ? { stored: parseStoredPart(fields.object('stored'), backup, flaw) }
      : {}),
  };
}

/** Version 1 knew one engine, whose facts stood among the others. */
function parseOwnFacts(
  fields: Fields,
  { version, sizeBytes, flaw }: { version: number; sizeBytes: number; flaw: Flaw },
): EngineFacts {
  if (version === 1) return parseEnginePart('sqlite', fields, sizeBytes, flaw);
  const named = fields.text('engine');
  if (isEngine(named)) return parseEnginePart(named, fields.object(named), sizeBytes, flaw);
  throw flaw(
    `it was made by a newer Holdfast (engine ${JSON.stringify(named)}, which this one does not know)`,
    'upgrade Holdfast on this machine, then try again',
  );
}

/** Which engine made a backup: as its manifest says, else as its name does. */
export function engineOf({ name, manifest }: { name: string; manifest?: Manifest | undefined }): Engine {
  return manifest?.engine ?? engineByName(name);
}

function parseTables(list: readonly unknown[], flaw: Flaw): TableRows[] {
  const names = new Set<string>();
  return list.map((item, index) => {
    const fields = new Fields(item, `tables[${index}].`, flaw);
    const table = { name: fields.string('name'), rows: fields.count('rows') };
    if (names.has(table.name)) throw flaw(`tables[${index}] has the name of a table before it`);
    names.add(table.name);
    return table;
  });
}

function parseMore(fields: Fields): MoreTables {
  return { count: fields.count('count'), rows: fields.count('rows'), sha256: fields.digest('sha256') };
}

function parseIntegrity(fields: Fields, flaw: Flaw): IntegrityResult {
  return {
    check: fields.choice('check', ['full', 'quick']),
    result: fields.choice('result', ['ok']),
    ...(fields.has('note') ? { note: fields.string('note') } : {}),
    ...(fields.has('findings')
      ? { findings: parseReasons(fields.list('findings'), 'integrity.findings', flaw) }
      : {}),
  };
}

function parseReasons(list: readonly unknown[], key: string, flaw: Flaw): string[] {
  return list.map((reason, index) => {
    if (typeof reason !== 'string' || reason === '') throw flaw(`${key}[${index}] is not a reason`);
    return reason;
  });
}
