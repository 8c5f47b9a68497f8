// The contract of what can be backed up. One suite (test/contract/source-suite.ts) holds every source to it.
import type { CommonFacts, MeasuredFacts, TableRows } from './facts.ts';

/** What a source may measure: the common part, and its engine's own. */
type AnyFacts = CommonFacts & { engine: string };

/** A source that is there, as it looked a moment ago. */
export interface SourceLook<Facts extends AnyFacts = MeasuredFacts> {
  /** Where it really is, symbolic links resolved. */
  path: string;
  sizeBytes: number;
  /** What a copy takes at most, as long as nothing is added. */
  copyBytesMax: number;
  /** Owner, group and permission bits; undefined where the source has none, or where nobody here can tell. */
  ownership: SourceOwnership | undefined;
  /**
   * What the manifest says of the source, and a copy cannot tell: it is made so that it opens everywhere, and not so that
   * the app likes it best.
   */
  setUp: Partial<Facts>;
  /** What a person may want to know of it, in a word or two each: `WAL`. */
  remarks: readonly string[];
}

/** Owner, group and permission bits of a source. */
interface SourceOwnership {
  uid: number;
  gid: number;
  mode: number;
}

export interface CopyOptions {
  /** The time of day, by which the source tells what changed just now. */
  now: Date;
  /** Waits so long, or throws the reason of the signal; by the machine's timers unless given. */
  wait?: ((ms: number) => Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

export interface BeginOptions extends CopyOptions {
  /** For a run that is only tried: what cannot be read unless something is made beside the source is not read. */
  makeNothing?: boolean;
}

/** How a copy was made, and what that meant for the app. */
export interface CopyReport<Facts extends AnyFacts = MeasuredFacts> {
  /** In the engine's own words. */
  method: string;
  /** How often the copy had to begin again, or a step of it. */
  restarts: number;
  /** At most for how long the copy kept writers waiting without a pause, in milliseconds. */
  writersHeldMs: number;
  /**
   * Where the source itself was looked at in the very instant of the copy: what of it the measured copy has not, or has
   * otherwise, one sentence each. Undefined where the copy is the source byte for byte.
   */
  disagreements?(copy: Facts): string[];
}

/** Which file it is, whatever becomes of its name and its bytes. */
export interface FileNumber {
  device: bigint;
  inode: bigint;
}

export interface MeasureOptions {
  /** The file that it has to be, where it may have been exchanged since: of another nothing is read. */
  file?: FileNumber | undefined;
  signal?: AbortSignal | undefined;
  /** What messages call the file: it may lie in scratch, under a name that tells nobody anything. */
  called?: string;
  /** What keeps another core busy until it settles; the measuring may use that core afterwards. */
  busyUntil?: Promise<unknown> | undefined;
  /** Called about once a second while it works; how far it is nobody knows. */
  onBeat?: (() => void) | undefined;
}

/** The outcome of the engine's own check of a copy. */
export interface Integrity {
  /** `quick` where the full check needs what only the app has. */
  check: 'full' | 'quick';
  /** What was found; empty means "ok". At most 20 lines. */
  problems: string[];
  /**
   * Where all of it is no damage: what is at odds in a database that is stored whole, one line a kind, such as content that
   * breaks a constraint, or an index that no longer follows from its table. Equal content has equal lines. At most 20.
   */
  findings?: string[] | undefined;
  note: string | undefined;
}

export interface SurveyOptions {
  signal?: AbortSignal | undefined;
  /** How long it may take at most: a look before a decision, and not a check. */
  timeLimitMs: number;
}

/** What is in a source now, as far as could be told in the time there was. */
export interface Survey {
  /** Undefined where there was no time, or no way to count without harm. */
  tables: TableRows[] | undefined;
  /** Damage that was found, in sentences. */
  problems: string[];
  /** What could not be found out, and why. */
  note: string | undefined;
}

/** What of the problems is damage: what is stored is not whole. */
export function damageIn({ problems, findings }: Integrity): readonly string[] {
  return findings === undefined ? problems : [];
}

/** Everything that is known of a copy after it was read whole. */
export interface Measurement<Facts extends AnyFacts = MeasuredFacts> {
  facts: Facts;
  integrity: Integrity;
}

/**
 * One database that an app writes, and the only code that knows its engine.
 *
 * Guarantees, for every implementation:
 * - S1: a copy equals the source at one committed instant between the call of `copy` and its end, while other
 *   processes write. It ends, whatever the write rate.
 * - S2: the source is only read. Nothing is left beside it that the app could not use as its own.
 * - S3: `look` at what is not there, is empty, of another format, encrypted or not to be read throws, and creates
 *   nothing. It never waits for a pipe. Nor are links followed that somebody else made to somebody else's file.
 * - What is copied is the file that `look` has seen, or nothing; what is measured is `file`, where that is given.
 * - A copy opens where nothing can be written beside it: on a read-only file system, in a directory of somebody else.
 * - S4: a copy needs no more than `copyBytesMax`, and is one file: nothing else lies beside it. `target` must not exist;
 *   it can be read by owner and group only. After a failure or an abort it may be left, unfinished: it lies in scratch.
 * - S5: memory does not grow with the source.
 * - An abort rejects with the signal's reason, and nothing is written any more. Progress never falls back without a
 *   restart, and ends at the whole.
 * - `measure` reads a file that nobody writes, and changes neither it nor its directory. Equal content measures the
 *   same, whoever measures it and when: `compare` of a copy with a copy of that copy is empty.
 * - Damage that the engine can name is in `integrity`, else `measure` throws: never is a damaged file called sound.
 * - `survey` reads the source itself, changes nothing and makes nothing beside it, and never takes longer than it may. What
 *   it cannot find out without harm or in time is a note, and damage that it meets is data.
 * - `compare` says nothing exactly when nothing that was measured differs, and at most ten sentences and how many more.
 *
 * Errors, as OpsError: `missing` (nothing there, or nothing in it), `denied`, `damaged` (not such a database, or not
 * whole), `unavailable` (locked by others without a pause), `refused` (the target exists; a copy would miss what was
 * committed; a file of somebody else, or another one than before), `io` (no room, here or for the app).
 */
export interface Source<
  Facts extends AnyFacts = MeasuredFacts,
  Look extends SourceLook<Facts> = SourceLook<Facts>,
> {
  readonly engine: Facts['engine'];
  /** What an app can do so that a copy does not keep its writers waiting. */
  readonly gentlerHint: string;
  look(): Promise<Look>;
  /** Reads what `look` has seen as a copy begins to, and copies nothing. Throws what the copy would throw there. */
  begin(look: Look, options: BeginOptions): Promise<void>;
  /** Copies what `look` has seen to `target`. */
  copy(look: Look, target: string, options: CopyOptions): Promise<CopyReport<Facts>>;
  /** Counts what `look` has seen, in place and while the app works. */
  survey(look: Look, options: SurveyOptions): Promise<Survey>;
  /** Measures a copy afresh, from its bytes alone; it need not be one of this source. */
  measure(file: string, options?: MeasureOptions): Promise<Measurement<Facts>>;
  /** Where `found` is not what was `expected`, in sentences. */
  compare(expected: Facts, found: Facts): string[];
}
