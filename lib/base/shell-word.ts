// A word of a command line that a person can copy into a shell.

/** The text as one word: quoted only where a shell would read it otherwise. */
export function shellWord(text: string): string {
  return /^[\w./@%+,:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
