// The last line of a terminal, which says how far the work is: written over in place, and never mixed with what is said
// meanwhile, for that is written above it.

export interface StatusLine {
  /** Shows the text, one line that fits. What stands there already is not written again. */
  show(text: string): void;
  /** Writes whole lines, and the status below them once more. */
  above(lines: string): void;
  /** Leaves nothing of it. */
  clear(): void;
}

/** To the beginning of the line, and nothing behind it. */
export const cleared = '\r\u001b[K';

/** Each change is one write: nobody sees a half of it. */
export function createStatusLine(write: (text: string) => void): StatusLine {
  let shown = '';
  return {
    show(text) {
      if (text === shown) return;
      shown = text;
      write(`\r${text}\u001b[K`);
    },
    above: (lines) => write(shown === '' ? lines : `${cleared}${lines}${shown}`),
    clear() {
      if (shown !== '') write(cleared);
      shown = '';
    },
  };
}
