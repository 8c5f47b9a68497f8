// Colour for what is printed to a terminal: the word that says how something is, and nothing else, so that nothing is said by
// colour alone. Escapes of others are shown as text by then.

const colours: Readonly<Record<string, number>> = { CRITICAL: 31, UNKNOWN: 35, WARNING: 33, OK: 32 };

/** The text with the word at the beginning of a line that is a verdict in its colour. */
export function coloured(text: string): string {
  return text.replace(
    /^(CRITICAL|UNKNOWN|WARNING|OK)(?=[ :]|$)/gm,
    (word) => `\u001b[${colours[word] ?? 0}m${word}\u001b[0m`,
  );
}
