// What the state directory says of a standby: which copy lies ready beside the place of the database, and whether it was
// made live. The database's directory may be somebody else's, this one is ours: what a copy has to be stands here alone.
// Both formats are promises: what an older Holdfast wrote is still read.
import { formatManifest, type Manifest, parseManifest } from '../backup/manifest.ts';
import { OpsError } from '../base/errors.ts';
import type { Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';
import type { FileMark } from './file-mark.ts';
import { formatMark, parseMark } from './set-codec.ts';

/** A copy that lies ready. */
export interface WarmCopy {
  app: string;
  /** The name of its file, in the directory of the database. */
  file: string;
  /** The store it is from, for people. */
  store: string;
  pulledAt: Date;
  /** Of the backup that it is: by this it was proven, and is proven again before it is made live. */
  manifest: Manifest;
}

/**
 * `placing`: it is not known whether the copy came to be in place: it did where the database is the file `placed`. `live`: it
 * did, and from then on this machine is where the app lives.
 */
export interface Promotion {
  app: string;
  state: (typeof states)[number];
  at: Date;
  /** The backup that was made live. */
  backup: string;
  placed: FileMark;
}

const states = ['placing', 'live'] as const;
const copyFormat: RecordFormat = { name: 'holdfast-warm-copy', version: 1 };
const promotionFormat: RecordFormat = { name: 'holdfast-promotion', version: 1 };

/** The note of a warm copy as JSON text. */
export function formatWarmCopy({ app, file, store, pulledAt, manifest }: WarmCopy): string {
  const fields = {
    app,
    file,
    store,
    pulled_at: pulledAt.toISOString(),
    manifest: JSON.parse(formatManifest(manifest)) as unknown,
  };
  return formatJsonRecord(copyFormat, fields);
}

/** The note that `text`, read at `path`, holds. Throws OpsError `damaged` when it holds none. */
export function parseWarmCopy(text: string, path: string): WarmCopy {
  const { fields } = openJsonRecord(text, copyFormat, flawOf(path));
  return {
    app: fields.text('app'),
    file: fields.text('file'),
    store: fields.string('store'),
    pulledAt: fields.instant('pulled_at'),
    manifest: parseManifest(JSON.stringify(fields.optional('manifest')), path),
  };
}

/** The note of a promotion as JSON text. */
export function formatPromotion({ app, state, at, backup, placed }: Promotion): string {
  const fields = { app, state, at: at.toISOString(), backup, placed: formatMark(placed) };
  return formatJsonRecord(promotionFormat, fields);
}

/** The note that `text`, read at `path`, holds. Throws OpsError `damaged` when it holds none. */
export function parsePromotion(text: string, path: string): Promotion {
  const flaw = flawOf(path);
  const { fields } = openJsonRecord(text, promotionFormat, flaw);
  return {
    app: fields.text('app'),
    state: fields.choice('state', states),
    at: fields.instant('at'),
    backup: fields.text('backup'),
    placed: parseMark(fields.object('placed'), flaw),
  };
}

function flawOf(path: string): Flaw {
  return (cause, hint) =>
    new OpsError('damaged', `cannot use ${path}: ${cause}`, hint === undefined ? {} : { hint });
}
