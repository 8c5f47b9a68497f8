// What was found out about a backup after it was made: that it is bad. It lies beside the manifest, so that every machine
// knows, and is bound to the bytes that the manifest promises. The format is a promise (docs/formats.md).
import { OpsError } from '../base/errors.ts';
import { formatInstant } from '../base/format.ts';
import { clip } from '../base/printable.ts';
import type { Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';
import { manifestName } from './name.ts';

/** That a backup was found bad: when, by what command, and what is the matter with it. */
export interface FoundBad {
  /** The SHA-256 that its manifest promises: of a backup with another one it says nothing. */
  sha256: string;
  foundAt: Date;
  /** The command that found it: `restore drill`. */
  foundBy: string;
  problem: string;
}

/** The same as it lies in the store. */
export interface Verdict extends FoundBad {
  app: string;
  /** The name in the store of the backup it is about. */
  backup: string;
  host: string;
  runId: string;
}

const format: RecordFormat = { name: 'holdfast-verdict', version: 1, called: 'Holdfast verdict' };
const problemCharactersMax = 500;

/** The name of the verdict on a backup: that of its manifest with another ending, which no data file and no manifest has. */
export function verdictName(backupName: string): string {
  return manifestName(backupName).replace(/\.json$/, '.verdict');
}

/** The verdict as JSON text: two spaces, keys always in this order, a newline at the end. */
export function formatVerdict(verdict: Verdict): string {
  const record = {
    app: verdict.app,
    backup: verdict.backup,
    sha256: verdict.sha256,
    found_at: verdict.foundAt.toISOString(),
    found_by: verdict.foundBy,
    problem: clip(verdict.problem, problemCharactersMax),
    host: verdict.host,
    run_id: verdict.runId,
  };
  return formatJsonRecord(format, record, 2);
}

/** The verdict that `text` holds. Throws OpsError `damaged` for anything else; `name` is for the message. */
export function parseVerdict(text: string, name: string): Verdict {
  const flaw: Flaw = (cause, hint) =>
    new OpsError('damaged', `cannot use verdict ${name}: ${cause}`, hint === undefined ? {} : { hint });
  const { fields } = openJsonRecord(text, format, flaw);
  return {
    app: fields.text('app'),
    backup: fields.text('backup'),
    sha256: fields.digest('sha256'),
    foundAt: fields.instant('found_at'),
    foundBy: fields.text('found_by'),
    problem: fields.text('problem'),
    host: fields.text('host'),
    runId: fields.text('run_id'),
  };
}

/**
 * Why a backup whose manifest promises `sha256` is not to be trusted, in a sentence; undefined where none of the
 * verdicts on it is about these bytes. One that cannot be read may be about them: it makes no bad backup good.
 */
export function badNews(verdicts: readonly (FoundBad | OpsError)[], sha256: string): string | undefined {
  for (const verdict of verdicts) {
    if (verdict instanceof Error)
      return `it was found damaged, and what was found cannot be read: ${verdict.message}`;
    const { foundAt, foundBy, problem } = verdict;
    if (verdict.sha256 === sha256)
      return `found damaged on ${formatInstant(foundAt)} by ${foundBy}: ${problem}`;
  }
  return undefined;
}
