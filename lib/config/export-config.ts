// The documents that are made of an app's database, and who reads them.
import type { Phase } from '../export/phases.ts';
import type { Reader } from '../export/reader.ts';
import type { DayTable } from '../export/rows.ts';
import type { JsonStyle } from '../export/style.ts';

/** The JSON documents that are made of a database: one a service day, or one a table. */
export interface ExportConfig {
  readonly directory: string;
  /** The name of a document, with `{day}` or `{table}` in it once. */
  readonly file: string;
  /** Undefined where each table is a document. */
  readonly days: ExportDays | undefined;
  /** The tables that are documents; undefined for all. */
  readonly tables: readonly string[] | undefined;
  readonly format: 'json' | 'ndjson';
  readonly style: JsonStyle;
  /** Which of the two is the truth where nobody has taken a step. */
  readonly phase: Phase;
  /** For how many days both have to be the same before the documents stop being the only truth. */
  readonly parityDays: number;
  /** Who reads them on another machine; undefined for nobody. */
  readonly ship: ShipConfig | undefined;
}

/** The reader that documents are shipped to. */
export interface ShipConfig {
  /** As it was written: for people, and to know it again. */
  readonly to: string;
  readonly reader: Reader;
  /** Of ssh there; undefined for its own. */
  readonly port: number | undefined;
  /** The public keys of which the host has one. */
  readonly hostKeys: readonly string[];
  /** So long documents may wait for a reader that is out of reach. */
  readonly queueAgeMaxMs: number;
  /** How often all of them are looked at again. */
  readonly lookEveryMs: number;
  readonly limitBytesPerSecond: number | undefined;
  /** Without a byte for so long, the reader is out of reach. */
  readonly timeoutMs: number;
  /** So long one call may take. */
  readonly deadlineMs: number;
  /** The files that are named, for who hands their content on as credentials. */
  readonly identityFile: string | undefined;
  readonly passwordFile: string | undefined;
  /** The file with our private key; undefined where none is named. Throws OpsError `denied` for one that others may read. */
  identityPath(): string | undefined;
  /** The daemon's password, read anew. */
  readPassword(): string | undefined;
}

/** Queries of the operator, and which of two ways a day's document is made. */
export interface ExportDays {
  readonly query: string;
  readonly document: string | undefined;
  readonly tables: readonly DayTable[] | undefined;
  readonly frozen: string | undefined;
}
