// What a fetched backup turns out to be: its bytes against the manifest, the database in it against its facts.
import type { Manifest } from '../backup/manifest.ts';
import { OpsError } from '../base/errors.ts';
import type { Progress } from '../base/log.ts';
import { clip } from '../base/printable.ts';
import type { HashedFile } from '../files/digest.ts';
import { type MeasuredFacts, totalRows } from '../source/facts.ts';
import { damageIn, type Source } from '../source/source.ts';
import { BadBackup } from './bad-backup.ts';
import { alteredBytes } from './stored-bytes.ts';

/** What a stored backup turned out to be; all of it may be printed. */
export interface Proof {
  backup: string;
  /** Whether everything agrees. Without a manifest: whether its engine finds it sound. */
  sound: boolean;
  /** Sound, and as its manifest says. Without one nobody knows whether it is all there. */
  proven: boolean;
  /**
   * By what it is known: `hash`: its bytes are those that passed the full check when the backup was made. `check`: the
   * database in them was read and measured again. `sealed`: its bytes are those that were sealed; nobody here could open them.
   */
  basis: 'hash' | 'check' | 'sealed';
  /** What does not agree, in sentences. */
  problems: readonly string[];
  /** The backup that is the cause, where it is not this one but one that it is based on. */
  brokenBy?: string;
  /** Of the bytes that were read; undefined where none were. */
  sizeBytes: number | undefined;
  sha256: string | undefined;
  /** Of the database in them; undefined where it could not be measured, or need not. */
  tables: number | undefined;
  rows: number | undefined;
}

/** What a file is said to be. */
export interface Claim {
  name: string;
  manifest?: Manifest | undefined;
}

export interface ProofOptions {
  signal: AbortSignal;
  progress: Progress;
  /** What the progress is called. */
  task: string;
}

/** Proves a file whose bytes were hashed while they arrived. What does not agree is data; all else is thrown. */
export async function proveFile(
  file: HashedFile,
  { name, manifest }: Claim,
  source: Source,
  { signal, progress, task }: ProofOptions,
): Promise<Proof> {
  const wrongBytes = byteProblems(file, manifest);
  if (wrongBytes.length > 0) return proofOf(name, { problems: wrongBytes, file });
  progress.start(task, 0);
  try {
    const onBeat = () => progress.update(0);
    const { path, identity } = file;
    const measured = await source.measure(path, { file: identity, signal, called: name, onBeat });
    const problems = [
      ...damageIn(measured.integrity).map((problem) => `integrity check: ${problem}`),
      ...(manifest === undefined ? [] : source.compare(manifest, measured.facts)),
    ];
    return proofOf(name, { problems, file, tables: measured.facts, manifest });
  } catch (error) {
    if (!(error instanceof OpsError) || error.kind !== 'damaged') throw error;
    return proofOf(name, { problems: [error.message], file });
  } finally {
    progress.end();
  }
}

/**
 * Proves a file by its hash alone, which was taken while the bytes arrived: they are those that its manifest says passed
 * the full check. undefined where no manifest says so; then `proveFile` has to tell.
 */
export function proveByHash(file: HashedFile, { name, manifest }: Claim): Proof | undefined {
  return manifest?.integrity.check === 'full' ? proveHashed(file, { name, manifest }) : undefined;
}

/** The same of bytes that were proven here before, whatever check they passed when the backup was made. */
export function proveHashed(file: HashedFile, { name, manifest }: Required<Claim>): Proof {
  const problems = byteProblems(file, manifest);
  return proofOf(name, { problems, file, manifest, tables: manifest, basis: 'hash' });
}

/** The proof of a backup whose manifest cannot be used: it must not pass as one that never had any. */
export function unusable(name: string, problem: string, brokenBy?: string): Proof {
  const proof = proofOf(name, { problems: [problem] });
  return brokenBy === undefined || brokenBy === name ? proof : { ...proof, brokenBy };
}

/** The proof of a backup that cannot be put together from what the store has; throws `error` where it says anything else. */
export function unfetched({ name }: Claim, error: unknown): Proof {
  if (!(error instanceof BadBackup)) throw error;
  const problem = error.message.replace(`cannot use ${name}: `, ''); // whoever tells it says of what
  return unusable(name, problem, error.backup);
}

/** A name in one may be as long as whoever made the database, or its manifest, liked. */
const problemCharactersMax = 500;

/** The proof of a sealed backup that was not opened, all of whose bytes were read. */
export function sealedProof(name: string, problems: string[], sizeBytes: number): Proof {
  return { ...proofOf(name, { problems, basis: 'sealed' }), proven: problems.length === 0, sizeBytes };
}

function proofOf(
  backup: string,
  {
    problems,
    file,
    tables,
    manifest,
    basis = 'check',
  }: {
    problems: string[];
    file?: HashedFile;
    tables?: Pick<MeasuredFacts, 'tables' | 'moreTables'> | undefined;
    manifest?: Manifest | undefined;
    basis?: Proof['basis'];
  },
): Proof {
  const sound = problems.length === 0;
  return {
    backup,
    sound,
    proven: sound && manifest !== undefined,
    basis,
    problems: problems.map((problem) => clip(problem, problemCharactersMax)),
    sizeBytes: file?.sizeBytes,
    sha256: file?.sha256,
    tables: tables === undefined ? undefined : tables.tables.length + (tables.moreTables?.count ?? 0),
    rows: tables === undefined ? undefined : totalRows(tables.tables) + (tables.moreTables?.rows ?? 0),
  };
}

function byteProblems(file: HashedFile, manifest: Manifest | undefined): string[] {
  const problem = manifest && alteredBytes(file, manifest);
  return problem === undefined ? [] : [problem];
}
