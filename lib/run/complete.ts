// What a shell asks while a command is typed (etc/completion): the words in, candidates out. It has to be quick and has nobody
// to tell: what is not known, or cannot be read, is not offered.
import { join } from 'node:path';
import { formatBytes, formatInstant } from '../base/format.ts';
import type { Environment } from '../config/environment.ts';
import type { KnownNames } from '../config/known-names.ts';
import type { KnownBackup } from '../history/known-backups.ts';
import { type Candidate, type Fitting, fitting } from './completion.ts';
import type { Job } from './job.ts';
import { wordsOfLine } from './shell-line.ts';

/** More are no help. */
const candidatesMax = 200;
/** How long somebody who writes the history is waited for. */
const lockWaitMs = 50;

/**
 * The answer to `words <index> <word>…` (zsh, fish: candidates with their descriptions behind a tab), or to
 * `line <before the cursor> <behind it> <word>` (bash: what to put in the place of `word`). `:file` or `:directory` alone is
 * for a shell that knows how to complete those. Never throws.
 */
export async function completion(
  job: Job,
  [kind, ...asked]: readonly string[],
  environment: Environment,
): Promise<string> {
  try {
    return kind === 'line' ? await ofLine(job, asked, environment) : await ofWords(job, asked, environment);
  } catch {
    return ''; // a configuration that is broken, or may not be read; the command itself says so
  }
}

/** Bash takes `=` and `:` for ends of words: what stands before them is there already. */
async function ofLine(
  job: Job,
  [before = '', behind = '', word = '']: readonly string[],
  environment: Environment,
): Promise<string> {
  const words = wordsOfLine(before).slice(1);
  const current = words.at(-1) ?? '';
  const there = current.endsWith(word) ? current.length - word.length : 0;
  const fits = fitting(job, [...words, ...wordsOfLine(behind)], words.length - 1);
  const known = await candidatesFor(fits, current, environment);
  const lines = known.filter(({ value }) => value.startsWith(current)).map(({ value }) => value.slice(there));
  return answer(fits, lines);
}

/** Both shells choose among them by rules of their own, such as in any case or from the middle. */
async function ofWords(
  job: Job,
  [index = '', ...words]: readonly string[],
  environment: Environment,
): Promise<string> {
  const at = Number(index);
  const fits = fitting(job, words, at);
  const known = await candidatesFor(fits, words[at] ?? '', environment);
  return answer(
    fits,
    known.map(({ value, description }) => `${value}\t${description}`),
  );
}

function answer({ files }: Fitting, lines: readonly string[]): string {
  if (files !== undefined) return `:${files}\n`;
  return lines.slice(0, candidatesMax).join('\n');
}

/** As they stand in the word. */
async function candidatesFor(fits: Fitting, current: string, environment: Environment): Promise<Candidate[]> {
  const names = fits.names === undefined ? [] : await namesFor(fits, current, environment);
  return [...fits.candidates, ...names].map(({ value, description }) => ({
    value: `${fits.prefix}${value}`,
    description,
  }));
}

async function namesFor(
  { names, given }: Fitting,
  current: string,
  environment: Environment,
): Promise<Candidate[]> {
  if (names === 'check') {
    const { allChecks } = await import('../health/all-checks.ts');
    return allChecks.map(({ name }) => ({ value: name, description: '' }));
  }
  const { knownNames } = await import('../config/known-names.ts');
  const known = knownNames({ path: given.config, envFile: given.envFile, environment });
  if (names === 'pull' || names === 'replica') return plain(names === 'pull' ? known.pulls : known.replicas);
  if (names === 'app' && known.apps.length > 0) return plain(known.apps);
  const backups = await backupsIn(known, names === 'app' ? undefined : given.app);
  if (names === 'app') return plain([...new Set(backups.map(({ app }) => app))].sort());
  return backups.filter(({ name }) => isPlain(name)).map((backup) => backupCandidate(backup, current));
}

async function backupsIn({ stateDirectory }: KnownNames, app: string | undefined): Promise<KnownBackup[]> {
  const [{ readLocal }, { knownBackups }] = await Promise.all([
    import('../sqlite/local.ts'),
    import('../history/known-backups.ts'),
  ]);
  const database = readLocal(join(stateDirectory, 'ops.db'), lockWaitMs);
  try {
    return database === undefined ? [] : knownBackups(database, app);
  } finally {
    database?.close();
  }
}

/** The file name is enough for a command; who has begun to type the whole one goes on with it. */
function backupCandidate({ name, state, takenAt, sizeBytes }: KnownBackup, current: string): Candidate {
  const value = current.includes('/') ? name : name.slice(name.lastIndexOf('/') + 1);
  return { value, description: `${formatInstant(takenAt)}, ${state}, ${formatBytes(sizeBytes)}` };
}

function plain(names: readonly string[]): Candidate[] {
  return names.filter(isPlain).map((value) => ({ value, description: '' }));
}

/** No name of ours has anything that a shell or a terminal would take for more than a name. */
function isPlain(name: string): boolean {
  return name.split('/').every((part) => /^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(part));
}
