// The manifest of a backup that is sealed for its owner: in clear only what whoever keeps the backups needs. What was in
// the database is in the sealed text, which is the whole manifest. The format is a promise (docs/formats.md).
import { OpsError } from '../base/errors.ts';
import { formatJsonRecord } from '../record/json-record.ts';
import type { Engine } from '../source/facts.ts';
import { isEngine } from './engine-part.ts';
import { clockStates, type ClockState, type Manifest, openManifest, parseOpened } from './manifest.ts';
import { isAppName } from './name.ts';
import { formatStoredPart, parseStoredPart, storedId, type StoredPart } from './stored-part.ts';

/** What everybody can read of a sealed backup. */
export interface SealedManifest {
  app: string;
  backup: string;
  takenAt: Date;
  engine: Engine;
  host: string;
  /** Of the database, or dump, that comes out of it. */
  sizeBytes: number;
  holdfastVersion: string;
  runId: string;
  clock: ClockState;
  promotedAt?: Date;
  /** Whether there are reasons not to trust it as a successor: they name tables, so they are in the sealed text. */
  isSuspect: boolean;
  stored: StoredPart & { recipients: string[] };
  /** The text of the whole manifest, `formatManifest`, as an age file in base64. */
  sealed: string;
}

/** The longest text of a manifest that can be sealed: as an age file in base64 it still fits into what every store reads. */
export const sealableBytesMax = 720 * 1024;

/** Of a manifest whose text, in at most `sealableBytesMax` bytes, was sealed to `sealed`. */
export function sealedManifest(manifest: Manifest, sealed: string): SealedManifest {
  const { app, backup, takenAt, engine, host, sizeBytes, holdfastVersion, runId, clock, promotedAt } =
    manifest;
  const { suspect, stored } = manifest;
  if (stored?.recipients === undefined) throw new Error(`${backup} is sealed for nobody`);
  return {
    ...{ app, backup, takenAt, engine, host, sizeBytes, holdfastVersion, runId, clock },
    ...(promotedAt === undefined ? {} : { promotedAt }),
    isSuspect: suspect.length > 0,
    stored: { ...stored, recipients: stored.recipients },
    sealed,
  };
}

/** As JSON text: two spaces, keys always in this order, a newline at the end. */
export function formatSealedManifest(manifest: SealedManifest): string {
  const record = {
    app: manifest.app,
    backup: manifest.backup,
    taken_at: manifest.takenAt.toISOString(),
    engine: manifest.engine,
    host: manifest.host,
    size_bytes: manifest.sizeBytes,
    holdfast_version: manifest.holdfastVersion,
    run_id: manifest.runId,
    clock: manifest.clock,
    promoted_at: manifest.promotedAt?.toISOString(),
    is_suspect: manifest.isSuspect,
    stored: formatStoredPart(manifest.stored),
    sealed: manifest.sealed,
  };
  return formatJsonRecord({ name: 'holdfast-manifest', version: 4 }, record, 2);
}

/** Whichever manifest `text` holds. Throws what `parseManifest` throws. */
export function parseAnyManifest(text: string, name: string): Manifest | SealedManifest {
  const opened = openManifest(text, name);
  const { fields, version, flaw } = opened;
  if (version < 4 || !fields.has('sealed')) return parseOpened(opened);
  const [app, engine, backup] = [fields.text('app'), fields.text('engine'), fields.text('backup')];
  if (!isAppName(app)) throw flaw('app is not a name that an app can have');
  if (!isEngine(engine)) throw flaw(`engine is ${JSON.stringify(engine)}, which this Holdfast does not know`);
  const { recipients, ...stored } = parseStoredPart(fields.object('stored'), backup, flaw);
  if (recipients === undefined) throw flaw('stored.recipients is missing');
  const sealed = fields.text('sealed');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(sealed)) throw flaw('sealed is not base64');
  return {
    ...{ app, backup, engine, sealed },
    takenAt: fields.instant('taken_at'),
    host: fields.text('host'),
    sizeBytes: fields.count('size_bytes'),
    holdfastVersion: fields.text('holdfast_version'),
    runId: fields.text('run_id'),
    clock: fields.choice('clock', clockStates),
    ...(fields.has('promoted_at') ? { promotedAt: fields.instant('promoted_at') } : {}),
    isSuspect: fields.boolean('is_suspect'),
    stored: { ...stored, recipients },
  };
}

export function isSealed(manifest: Manifest | SealedManifest): manifest is SealedManifest {
  return 'sealed' in manifest;
}

/**
 * Requires that a manifest which came out of a sealed text is that of the backup it was found in, and that what stands in clear is
 * what it says: who cannot read what is sealed can carry it to another, or write around it. Throws OpsError `damaged`.
 */
export function requireOwnText(sealed: SealedManifest, opened: Manifest): Manifest {
  const isOwn =
    opened.app === sealed.app &&
    opened.backup === sealed.backup &&
    opened.engine === sealed.engine &&
    opened.sizeBytes === sealed.sizeBytes &&
    opened.takenAt.getTime() === sealed.takenAt.getTime() &&
    opened.suspect.length > 0 === sealed.isSuspect &&
    opened.stored !== undefined &&
    JSON.stringify(formatStoredPart(opened.stored)) === JSON.stringify(formatStoredPart(sealed.stored));
  if (isOwn) return opened;
  throw new OpsError(
    'damaged',
    `cannot use the manifest of ${sealed.backup}: its sealed part is of another backup, or its clear part was altered`,
  );
}

/** By which the bytes of a backup are known to verdicts on it: what comes out of them, or themselves where that is sealed. */
export function promiseOf(manifest: Manifest | SealedManifest): string {
  const { stored } = manifest;
  return stored?.recipients === undefined && !isSealed(manifest)
    ? manifest.sha256
    : storedId(stored?.objects ?? []);
}
