// Colour for what is printed to a terminal: the words that say how something is, and nothing else, so that nothing is said by
// colour alone. It is put upon finished lines: no command knows of it, and escapes of others are shown as text by then. The
// colours are the terminal's own, of which its owner has chosen some that can be read.
import { styleText } from 'node:util';

type Tone = 'bad' | 'doubtful' | 'unknown' | 'good' | 'aside';

const tones = {
  bad: ['red', 'bold'],
  doubtful: ['yellow'],
  unknown: ['magenta'],
  good: ['green'],
  aside: ['cyan'],
} as const;

/** In capitals, as a line begins that has to be read: behind its indent, and the app that it is about. */
const loud: Readonly<Record<Tone, string>> = {
  bad: 'CRITICAL|FAILED|FAILING|DAMAGED|LOST|OBSTACLE|CANNOT BE RESTORED|NOT FIT TO BE LIVE|NONE',
  doubtful: 'WARNING|SUSPECT|IN THE FUTURE|IN DOUBT',
  unknown: 'UNKNOWN',
  good: 'OK',
  aside: '',
};

/** As a cell of a table, or what is counted: `3 damaged`. */
const quiet: Readonly<Record<Tone, string>> = {
  bad: 'damaged|lost|failed|critical',
  doubtful: 'suspect|unfinished|future|warning|removed?|would remove',
  unknown: '',
  good: 'proven|ok|passed',
  aside: '',
};

const toneOf = new Map(
  [loud, quiet].flatMap((words) =>
    Object.entries(words).flatMap(([tone, list]) => list.split('|').map((word) => [word, tone as Tone])),
  ),
);

const loudWords = alternatives(loud);
const quietWords = alternatives(quiet);
/** Where a word stands that says how something is: at the beginning, behind a colon, in a column of its own, or counted. */
const before = String.raw`(?<=^ *|: | {2}|\d )`;
const words = new RegExp(
  `${before}(?:(?:${loudWords})(?=[ :,]|$)|(?:${quietWords})(?=$|,| {2}|:)|hint(?= for |:))`,
  'gm',
);

/** A result, with its words in their colours. */
export function coloured(text: string): string {
  return text.replace(words, (word) => painted(word, toneOf.get(word) ?? 'aside'));
}

const logWords = /(?<=^(?:\S+Z )?\S+: (?:\S+: )?)(?:error|warning|hint)(?=: )/gm;

/** The same of lines of a log: how bad each is, and the word before what helps. */
export function colouredLog(text: string): string {
  return text.replace(logWords, (word) => painted(word, logTone(word)));
}

function logTone(word: string): Tone {
  return word === 'error' ? 'bad' : word === 'warning' ? 'doubtful' : 'aside';
}

function alternatives(words: Readonly<Record<Tone, string>>): string {
  return Object.values(words)
    .filter((list) => list !== '')
    .join('|');
}

/** The head of a part of the help: commander takes the colours away where there are to be none. */
export function heading(text: string): string {
  return styleText('bold', text, { validateStream: false });
}

function painted(text: string, tone: Tone): string {
  return styleText([...tones[tone]], text, { validateStream: false });
}
