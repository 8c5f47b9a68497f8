// A line of the product that keeps an attack out, and what stands there without it.

/** A guard of the product. */
export interface Guard {
  /** What it does. */
  does: string;
  file: string;
  /** As it stands there, once. */
  from: string;
  /** What a program without it would have. */
  to: string;
}

/** One that asks for the status of what has a name, by what it imports. */
export function looksAtNames(file: string, from: string): Guard {
  const to = from.replace(/\blstat(Sync)?/, (name) => `${name.slice(1)} as ${name}`);
  return { does: 'looks at what has the name, and not at where a link of that name leads', file, from, to };
}
