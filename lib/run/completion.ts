// What fits at a place of a command line that is being typed, pure: of the table behind --help alone, and which names and
// files may stand there besides.
import type { Command, Job } from './job.ts';
import type { NameKind, Offered } from './parameter.ts';
import {
  helpOption,
  helpWord,
  typedArguments,
  typedCommands,
  type TypedOption,
  typedOptions,
  versionOption,
} from './typed.ts';

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

export interface Fitting {
  /** What stands before the value in the same word: `--app=`, or nothing. */
  readonly prefix: string;
  readonly candidates: readonly Candidate[];
  readonly names: NameKind | undefined;
  readonly files: Offered['files'];
  /** What the names depend on. */
  readonly given: { app: string | undefined; config: string | undefined; envFile: string | undefined };
}

/** What fits in the place of `words[at]`, which may be begun; `words` is all that is typed behind the name of the job. */
export function fitting(job: Job, words: readonly string[], at: number): Fitting {
  const read = readWords(job, words.slice(0, at));
  const current = words[at] ?? '';
  const { flag, text } = splitFlag(current);
  const isValue = read.expected === undefined && !read.isEnded && text !== undefined;
  const fits = ({ names, files, ...offered }: Offered, candidates = wordsOf(offered)): Fitting => {
    return { prefix: isValue ? `${flag}=` : '', candidates, names, files, given: givenIn(read.given) };
  };
  if (read.expected !== undefined) return fits(read.expected.offered ?? {});
  const options = optionsAt(job, read.command);
  if (isValue) return fits(options.find((option) => isFlagOf(option, flag))?.offered ?? {});
  if (!read.isEnded && current.startsWith('-')) {
    const others = words.filter((_, index) => index !== at);
    return fits({}, unusedOptions(options, others).map(optionCandidate));
  }
  const commands = typedCommands(job);
  if (read.isHelp) return fits({}, read.positions === 0 ? commands.map(commandCandidate) : []);
  if (read.command !== undefined) return fits(typedArguments(read.command)[read.positions]?.offered ?? {});
  const isFirst = read.positions === 0;
  return fits({}, isFirst ? [...commands, helpWord].map(commandCandidate) : []);
}

interface ReadWords {
  command: Command | undefined;
  isHelp: boolean;
  /** How many arguments stand behind the command. */
  positions: number;
  /** The option whose value comes next. */
  expected: TypedOption | undefined;
  given: ReadonlyMap<string, string>;
  /** Whether all that follows are arguments: a `--` stands there. */
  isEnded: boolean;
}

/** As the parser reads them: the command may stand behind options, and those of all commands are known by then. */
function readWords(job: Job, words: readonly string[]): ReadWords {
  const known = typedCommands(job).flatMap((command) => typedOptions(job, command));
  const given = new Map<string, string>();
  const positions: string[] = [];
  let [expected, isEnded]: [TypedOption | undefined, boolean] = [undefined, false];
  for (const word of words) {
    if (expected !== undefined) {
      given.set(expected.long, word);
      expected = undefined;
    } else if (isEnded || word === '-' || !word.startsWith('-')) positions.push(word);
    else if (word === '--') {
      isEnded = true;
      if (positions.length === 0) positions.push(''); // no command comes any more
    } else {
      const { flag, text } = splitFlag(word);
      const option = known.find((each) => isFlagOf(each, flag));
      if (text !== undefined && option !== undefined) given.set(option.long, text);
      else if (option?.value !== undefined) expected = option;
    }
  }
  const command = typedCommands(job).find(({ name }) => name === positions[0]);
  const isHelp = positions[0] === helpWord.name;
  const before = command === undefined && !isHelp ? 0 : 1;
  return { command, isHelp, positions: positions.length - before, expected, given, isEnded };
}

/** Of `--app=ctv` both halves; of another word the whole. */
function splitFlag(word: string): { flag: string; text: string | undefined } {
  const at = word.startsWith('--') ? word.indexOf('=') : -1;
  return at < 0 ? { flag: word, text: undefined } : { flag: word.slice(0, at), text: word.slice(at + 1) };
}

function isFlagOf({ long, short }: TypedOption, flag: string): boolean {
  return flag === `--${long}` || (short !== undefined && flag === `-${short}`);
}

/** Without a command those of the default one. */
function optionsAt(job: Job, command: Command | undefined): TypedOption[] {
  if (command !== undefined) return typedOptions(job, command);
  const byDefault = job.commands.find(({ isDefault }) => isDefault === true);
  return [...(byDefault === undefined ? [helpOption] : typedOptions(job, byDefault)), versionOption];
}

/** Each may stand once, and not beside one that it conflicts with. */
function unusedOptions(options: readonly TypedOption[], words: readonly string[]): TypedOption[] {
  const flags = words.map((word) => splitFlag(word).flag);
  const typed = options.filter((option) => flags.some((flag) => isFlagOf(option, flag)));
  const excludes = (one: TypedOption, other: TypedOption) => one === other || one.conflicts === other.long;
  return options.filter(
    (option) => !typed.some((other) => excludes(other, option) || excludes(option, other)),
  );
}

function optionCandidate({ long, description }: TypedOption): Candidate {
  return { value: `--${long}`, description };
}

function commandCandidate({ name, summary }: { name: string; summary: string }): Candidate {
  return { value: name, description: summary };
}

function wordsOf({ words = [] }: Offered): Candidate[] {
  return words.map((word) => {
    const [value, description] = typeof word === 'string' ? [word, ''] : word;
    return { value, description };
  });
}

function givenIn(given: ReadonlyMap<string, string>): Fitting['given'] {
  return { app: given.get('app'), config: given.get('config'), envFile: given.get('env-file') };
}
