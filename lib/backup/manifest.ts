// The manifest that makes a copy a backup: what it is of, when it was taken, and what its bytes must be.
// The format is a promise (docs/formats.md): a change of meaning raises `version`, new facts are only added.
import { OpsError } from '../base/errors.ts';
import { formatCount } from '../base/format.ts';
import type { Engine, EngineFacts, MeasuredFacts, TableRows } from '../source/facts.ts';
import type { SourceOwnership } from '../source/source.ts';
import { Fields, type Flaw } from './fields.ts';
import { isAppName } from './name.ts';
import { engineParts } from './engine-part.ts';

/** What the machine knew of its clock. Only `unsynchronised` is a reason not to believe it. */
export type ClockState = (typeof clockStates)[number];

/** The integrity check the copy passed before it was published; `note` says what was left out, and why. */
export interface IntegrityResult {
  check: 'full' | 'quick';
  result: 'ok';
  note?: string;
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
  ownership?: SourceOwnership;
  host: string;
  /** SHA-256 of the data file, lower-case hex. */
  sha256: string;
  /** Dropbox content hash of the data file, lower-case hex. */
  contentHash: string;
  integrity: IntegrityResult;
  holdfastVersion: string;
  runId: string;
  clock: ClockState;
  /** Why this backup is kept but not trusted as a successor; usually empty. */
  suspect: string[];
}

export type Manifest = Origin & MeasuredFacts;

const clockStates = ['synchronised', 'unknown', 'unsynchronised'] as const;
const formatName = 'holdfast-manifest';
const formatVersion = 2;
/** What every store reads of one. */
const manifestBytesMax = 1024 * 1024;
const idMax = 0xffff_fffe;

/**
 * The manifest as JSON text: two spaces, keys always in this order, a newline at the end. Only what can be read again is
 * ever written: throws OpsError `refused` for a text that is longer than any that is read, and `damaged`, as
 * `parseManifest` does, for facts that no database can have.
 */
export function formatManifest(manifest: Manifest): string {
  const { check, result, note } = manifest.integrity;
  const record = {
    format: formatName,
    version: formatVersion,
    app: manifest.app,
    backup: manifest.backup,
    taken_at: manifest.takenAt.toISOString(),
    engine: manifest.engine,
    source: manifest.source,
    host: manifest.host,
    ...formatOwnership(manifest.ownership),
    size_bytes: manifest.sizeBytes,
    sha256: manifest.sha256,
    content_hash: manifest.contentHash,
    tables: manifest.tables.map(({ name, rows }) => ({ name, rows })),
    integrity: { check, result, note },
    holdfast_version: manifest.holdfastVersion,
    run_id: manifest.runId,
    clock: manifest.clock,
    suspect: manifest.suspect,
    [manifest.engine]: engineParts[manifest.engine].format(manifest),
  };
  const text = `${JSON.stringify(record, undefined, 2)}\n`;
  requireReadable(text, manifest);
  return text;
}

function requireReadable(text: string, { backup, tables }: Manifest): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > manifestBytesMax) {
    throw new OpsError(
      'refused',
      `cannot write the manifest of ${backup}: with ${formatCount(tables.length, 'table')} it has ${bytes} bytes, ` +
        `and at most ${manifestBytesMax} are read`,
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
  const flaw: Flaw = (cause) => new OpsError('damaged', `cannot use manifest ${name}: ${cause}`);
  const fields = new Fields(parseJson(text, name), '', flaw);
  const version = requireFormat(fields, name, flaw);
  const app = fields.text('app');
  if (!isAppName(app)) throw flaw('app is not a name that an app can have');
  const sizeBytes = fields.count('size_bytes');
  return {
    app,
    backup: fields.text('backup'),
    takenAt: fields.instant('taken_at'),
    source: fields.text('source'),
    host: fields.text('host'),
    ...parseOwnership(fields, flaw),
    sizeBytes,
    tables: parseTables(fields.list('tables'), flaw),
    ...parseEnginePart(fields, { version, name, sizeBytes, flaw }),
    sha256: fields.digest('sha256'),
    contentHash: fields.digest('content_hash'),
    integrity: parseIntegrity(fields.object('integrity')),
    holdfastVersion: fields.text('holdfast_version'),
    runId: fields.text('run_id'),
    clock: fields.choice('clock', clockStates),
    suspect: parseSuspect(fields.list('suspect'), flaw),
  };
}

/** Version 1 knew one engine, whose facts stood among the others. */
function parseEnginePart(
  fields: Fields,
  { version, name, sizeBytes, flaw }: { version: number; name: string; sizeBytes: number; flaw: Flaw },
): EngineFacts {
  if (version === 1) return engineParts.sqlite.parse(fields, sizeBytes, flaw);
  const named = fields.text('engine');
  const engine = Object.keys(engineParts).find((known): known is Engine => known === named);
  if (engine === undefined)
    throw newer(name, `engine ${JSON.stringify(named)}, which this one does not know`);
  return engineParts[engine].parse(fields.object(engine), sizeBytes, flaw);
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = text.trim() === '' ? 'it is empty' : 'it is not JSON, or it is cut short';
    throw new OpsError('damaged', `cannot use manifest ${name}: ${problem}`, { cause });
  }
}

function requireFormat(fields: Fields, name: string, flaw: Flaw): number {
  if (!fields.has('format') || fields.string('format') !== formatName)
    throw flaw('it is no Holdfast manifest');
  const version = fields.integer('version', 1, Number.MAX_SAFE_INTEGER);
  if (version <= formatVersion) return version;
  throw newer(name, `format ${version}, this one reads up to ${formatVersion}`);
}

function newer(name: string, what: string): OpsError {
  return new OpsError('damaged', `cannot use manifest ${name}: it was made by a newer Holdfast (${what})`, {
    hint: 'upgrade Holdfast on this machine, then try again',
  });
}

/** The mode is written as people read it, in octal. */
function formatOwnership(ownership: SourceOwnership | undefined): Record<string, unknown> {
  if (ownership === undefined) return {};
  const { uid, gid, mode } = ownership;
  return { owner: uid, group: gid, mode: mode.toString(8).padStart(4, '0') };
}

function parseOwnership(fields: Fields, flaw: Flaw): { ownership?: SourceOwnership } {
  if (!fields.has('mode')) return {};
  const mode = fields.text('mode');
  if (!/^[0-7]{3,4}$/.test(mode)) throw flaw('mode is not an octal number');
  const [uid, gid] = [fields.integer('owner', 0, idMax), fields.integer('group', 0, idMax)];
  return { ownership: { uid, gid, mode: Number.parseInt(mode, 8) } };
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

function parseIntegrity(fields: Fields): IntegrityResult {
  return {
    check: fields.choice('check', ['full', 'quick']),
    result: fields.choice('result', ['ok']),
    ...(fields.has('note') ? { note: fields.string('note') } : {}),
  };
}

function parseSuspect(list: readonly unknown[], flaw: Flaw): string[] {
  return list.map((reason, index) => {
    if (typeof reason !== 'string' || reason === '') throw flaw(`suspect[${index}] is not a reason`);
    return reason;
  });
}
