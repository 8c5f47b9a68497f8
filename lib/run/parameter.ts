// What a command can be told, said once: the name gives the flag on the command line, the type of the value, and the
// line in --help. What a command does not name here it refuses.

export type Parameter = Argument | ValueOption | Flag | App;

/** What a shell offers for a value: these words (with what each means), names of a kind that this machine knows, or files. */
export interface Offered {
  readonly words?: readonly (string | readonly [word: string, meaning: string])[];
  readonly names?: NameKind;
  readonly files?: 'file' | 'directory';
}

/** Names that are known without asking a store: of the configuration, of the history, or of the program. */
export type NameKind = 'app' | 'backup' | 'check' | 'pull' | 'replica';

/** By position; `[name]` in the usage line unless required. */
interface Argument<Required extends boolean = boolean> {
  readonly kind: 'argument';
  readonly required: Required;
  readonly description: string;
  readonly offered: Offered;
}

/** `--name <value>`. */
interface ValueOption {
  readonly kind: 'option';
  /** What stands for the value in --help. */
  readonly value: string;
  readonly description: string;
  readonly offered: Offered;
}

/** `--name`. */
interface Flag {
  readonly kind: 'flag';
  readonly description: string;
  /** One letter, for `-y`. */
  readonly short: string | undefined;
}

/** `--app <name>`. */
interface App {
  readonly kind: 'app';
  readonly description: string;
}

/** The parameters of a command by the names that its steps know them by, arguments in the order of the command line. */
export type Parameters = Readonly<Record<string, Parameter>>;

/** What was given, as the steps of a command receive it. */
export type Options<Given extends Parameters = Parameters> = {
  readonly [Name in keyof Given]: ValueOf<Given[Name]>;
};

type ValueOf<Kind extends Parameter> = Kind extends Flag
  ? boolean
  : Kind extends Argument<true>
    ? string
    : string | undefined;

/** An argument that may be left out. */
export function argument(description: string, offered: Offered = {}): Argument<false> {
  return { kind: 'argument', required: false, description, offered };
}

export function requiredArgument(description: string, offered: Offered = {}): Argument<true> {
  return { kind: 'argument', required: true, description, offered };
}

/** An option with a value, which may be given once. */
export function option(value: string, description: string, offered: Offered = {}): ValueOption {
  return { kind: 'option', value, description, offered };
}

export function flag(description: string, { short }: { short?: string } = {}): Flag {
  return { kind: 'flag', description, short };
}

/** For a command that works on every app of the configuration unless one is named. */
export const appOrAll: App = {
  kind: 'app',
  description: 'only this app; every app of the configuration unless given',
};

/** For a command that works on one app. */
export const appOrOnly: App = {
  kind: 'app',
  description: 'which app; needed where the configuration has several',
};

/** For a command that opens sealed backups: by its name `identity` the frame knows it. */
export const identityFile = option(
  'file',
  'what opens sealed backups: a file with the identity, or - for one that is piped in; asked for at a terminal',
  { files: 'file' },
);
