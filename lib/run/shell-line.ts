// A line of a shell that is being typed, as words.

/** A word as it is typed; what is not closed yet reaches to the end. */
const typedWord = /(?:\\.?|'[^']*'?|"(?:\\.|[^"\\])*"?|[^\s'"\\])+/gs;
const quoted = /\\(.?)|'([^']*)'?|"((?:\\.|[^"\\])*)"?/gs;

/** The words without their quotes; the last is the one before the cursor, which is empty behind a space. */
export function wordsOfLine(line: string): string[] {
  const found = [...line.matchAll(typedWord)];
  const last = found.at(-1);
  const isBegun = last !== undefined && last.index + last[0].length === line.length;
  return [...found.map(([word]) => unquoted(word)), ...(isBegun ? [] : [''])];
}

function unquoted(word: string): string {
  return word.replace(quoted, (_, escaped?: string, single?: string, double?: string) => {
    return escaped ?? single ?? double?.replace(/\\(["$`\\])/gs, '$1') ?? '';
  });
}
