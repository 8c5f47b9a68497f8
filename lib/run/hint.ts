// Commands of ours that a hint names, made so that they work as typed: with the configuration that this run was given, with
// the app that it is about where there are several, and with sudo where this run had it. Whoever writes a hint names the
// command alone.

import type { Log } from '../base/log.ts';
import { type Config, guardedApps } from '../config/config.ts';
import { type Environment, isSudo } from '../config/environment.ts';
import { configOption } from './config-option.ts';

/** What stands around a command that a person is told to type. */
export interface TypedAround {
  /** As `configOption` says, or nothing. */
  configOption: string;
  /** The app that it is about, where the configuration has several. */
  app: string | undefined;
  /** Whether this run was started by sudo. */
  isSudo: boolean;
  /** The job that says it. What its other side types is typed on another machine, which has a configuration of its own. */
  job?: string | undefined;
}

const otherSides: Readonly<Record<string, string>> = {
  'delta-push': 'delta-receive',
  'delta-receive': 'delta-push',
  'delta-pull': 'delta-serve',
  'delta-serve': 'delta-pull',
};

/** Every command of ours that may be named, and whether it can be told an app; a test compares it with the jobs. */
export const namedCommands: Readonly<Record<string, Readonly<Record<string, boolean>>>> = {
  'db-backup': {
    run: true,
    backup: true,
    upload: true,
    download: true,
    'restore-latest': true,
    list: false,
    'list-backups': true,
    hourly: true,
    info: true,
    verify: true,
    prune: true,
    remove: true,
    test: true,
    init: false,
    link: false,
    keygen: false,
  },
  restore: {
    ...{ list: true, plan: true, diff: true, run: true, download: true, undo: true, drill: true },
    ...{ status: true, standby: true, promote: true },
  },
  'alert-send': { deliver: false, list: false, ack: false, test: false, spool: false },
  'delta-push': {
    ...{ run: true, install: true, uninstall: true, status: true, takeover: true, resync: true },
    ...{ 'export-sql': true, doctor: true, parity: true, held: true, corrections: true },
  },
  'delta-pull': { run: false, once: false, resync: false, status: false, fingerprint: false },
  'delta-serve': { run: true, install: true, uninstall: true, cert: true, key: false, status: true },
  'db-maintain': { run: true, vacuum: true, optimize: true, integrity: true },
  'delta-receive': {
    ...{ run: false, key: false, cert: false, status: false, freeze: false, reopen: false, frozen: false },
    ...{ held: false, approve: false, correct: false },
  },
  'health-check': { run: false, status: false, report: false, doctor: false, explain: false, list: false },
  'db-export-json': {
    ...{ run: true, import: true, status: true, check: true, freeze: true, unfreeze: true },
    ...{ promote: true, demote: true },
  },
};

/** A word that belongs to the command before it and is no prose: an option, the value of one, a path, a name with digits. */
const argument = /^(-.*|latest|.*[/<>:='"].*|.*\d.*)$/;
/** What stands behind a command in a sentence. */
const endOfClause = /[,;:.)]+$/;

/** Completes the hint of a run, or of one finding of it, whose subject may be an app. */
export type CompleteHint = (hint: string, subject?: string) => string;

/** For the hints of a run: what the person typed to name the settings is typed again, what the shell or a unit says it says again. */
export function hintsOf(
  {
    configPath,
    envFile,
    app,
    job,
  }: {
    configPath: string | undefined;
    envFile: string | undefined;
    app: string | undefined;
    job?: { readonly name: string };
  },
  config: Config | undefined,
  environment: Environment | undefined,
): CompleteHint {
  const isTyped = configPath !== undefined || envFile !== undefined;
  const option = isTyped && config !== undefined ? configOption(config) : '';
  const names = config === undefined ? [] : guardedApps(config).map(({ name }) => name);
  const known = (name: string | undefined) => names.find((candidate) => candidate === name);
  return (hint, subject) =>
    completeHint(hint, {
      configOption: option,
      app: names.length > 1 ? (known(subject) ?? known(app)) : undefined,
      isSudo: isSudo(environment),
      job: job?.name,
    });
}

/** What is told, with its hint completed. */
export function completed<Told extends { hint?: string | undefined; subject?: string }>(
  told: Told,
  complete: CompleteHint,
): Told {
  return told.hint === undefined ? told : { ...told, hint: complete(told.hint, told.subject) };
}

/** A log that completes the hints it is given as lines of their own: `hint: …`, `ctv: hint: …`. */
export function completedLog(log: Log, complete: CompleteHint): Log {
  return {
    ...log,
    error(message, fields) {
      const [, app] = /^(?:(\S+): )?hint: /.exec(message) ?? [undefined, undefined];
      log.error(/^(\S+: )?hint: /.test(message) ? complete(message, app) : message, fields);
    },
  };
}

/** A command of ours in a sentence: its words, what stands before it in the same word, and the punctuation behind it. */
interface NamedCommand {
  before: string;
  words: [job: string, command: string, ...string[]];
  mark: string;
}

/** The hint with its commands completed; everything else in it stays as it is. */
export function completeHint(hint: string, around: TypedAround): string {
  const parts = partsOf(hint);
  return parts
    .map((part, index) => {
      if (typeof part === 'string') return part;
      const { before, words, mark } = part;
      if (around.job !== undefined && otherSides[around.job] === words[0])
        return `${before}${words.join(' ')}${mark}`;
      const sudo = around.isSudo && parts[index - 1] !== 'sudo' ? ['sudo'] : [];
      return `${before}${[...sudo, ...words, ...missingOptions(part, around)].join(' ')}${mark}`;
    })
    .join(' ');
}

/** The commands of ours that a hint names, word by word. */
export function commandsIn(hint: string): string[][] {
  return partsOf(hint).flatMap((part) => (typeof part === 'string' ? [] : [part.words]));
}

/** A word, or what a shell takes for one: quoted from its beginning. */
const wordPattern = /(?<![^ ])'(?:[^']|'\\'')*'[^ ]*|(?<![^ ])"[^"]*"[^ ]*|[^ ]+/g;

/** Words as they are, and commands of ours as far as they go: a command in prose ends where the sentence goes on. */
function partsOf(hint: string): (string | NamedCommand)[] {
  const words = hint.match(wordPattern) ?? [];
  const parts: (string | NamedCommand)[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const job = word.replace(/^\(/, '');
    const [command, ending] = split(words[at + 1] ?? '');
    if (namedCommands[job]?.[command] === undefined) {
      parts.push(word);
      continue;
    }
    const part: NamedCommand = { before: word.slice(0, -job.length), words: [job, command], mark: ending };
    at += 1;
    while (part.mark === '' && at + 1 < words.length) {
      const [next, mark] = split(words[at + 1] ?? '');
      if (!belongs(next, part.words.at(-1) ?? '')) break;
      part.words.push(next);
      part.mark = mark;
      at += 1;
    }
    parts.push(part);
  }
  return parts;
}

function missingOptions({ words }: NamedCommand, { configOption: option, app }: TypedAround): string[] {
  const [job, command] = words;
  const takesApp = namedCommands[job]?.[command] === true;
  return [
    ...(takesApp && app !== undefined && !words.includes('--app') ? [`--app ${app}`] : []),
    ...(option === '' || words.includes('--config') || words.includes('--env-file') ? [] : [option.trim()]),
  ];
}

/** Options without a value; a test has those of all commands. */
const flags = new Set(
  (
    '--accept-shrink --all --apply --begin --brief --days --deep --discard --dry-run --exit-code --force --json --keep --leave-refused --look --no-color --now ' +
    '--older --or-copy --print --quiet --recheck --repair --ship --stale --step-down --text --unproven --verbose --watch --yes -y'
  ).split(' '),
);

function belongs(word: string, before: string): boolean {
  return argument.test(word) || (before.startsWith('--') && !flags.has(before));
}

/** A word, and the punctuation behind it. */
function split(word: string): [string, string] {
  const mark = endOfClause.exec(word)?.[0] ?? '';
  return [word.slice(0, word.length - mark.length), mark];
}
